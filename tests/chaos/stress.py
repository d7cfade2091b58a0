"""Many clients on a key that has ten cents left: how much is charged, against its limit. Anyone can run it: `make stress`.

    python tests/chaos/stress.py [--rounds 20] [--clients 200] [--workers 2,4] [--seconds 6]

Prints one line a round and ends with 1 where more than the limit was charged. The provider never bills beyond a
reservation, so the bound of docs/credits.md is 0 here.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from msgspec import Struct

from chaos.load import Upstream, flood
from gateway_process import MANAGEMENT_KEY, GatewayProcess, start_process
from waiting import wait_for

LIMIT = 100_000_000
"""Ten cents in nano-dollars."""
TOML = """
[server]
workers = {workers}
[credits]
mode = "{mode}"
[logging]
level = "error"
[providers.acme]
base_url = "{url}"
models = [{{ id = "acme/m1", native_id = "m1", context_length = 50000, prompt = "0.000001", completion = "0.00001" }}]
[local]
enabled = false
"""


class Result(Struct):
    """Of one round: nano-dollars charged, and answers by status (0: the connection broke)."""

    charged: int
    told: int
    statuses: Counter[int]
    leases: int


def stress(
    workers: int, clients: int, seconds: float, seed: int, *, mode: str = "unlimited", limit: int = LIMIT
) -> Result:
    """One gateway, one key with this limit (and in prepaid mode a balance as large), so many clients at once."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_stress(Path(folder), workers, clients, seconds, seed, mode=mode, limit=limit))


async def _stress(
    folder: Path, workers: int, clients: int, seconds: float, seed: int, *, mode: str, limit: int
) -> Result:
    upstream = Upstream(seed)
    await upstream.start()
    toml = TOML.format(workers=workers, mode=mode, url=upstream.url)
    gateway = await asyncio.to_thread(start_process, folder, toml, {}, None)
    try:
        key = await asyncio.to_thread(_limited_key, gateway, limit, mode)
        end = time.monotonic() + seconds
        port = int(gateway.root.rsplit(":", 1)[1])
        outcomes = await flood(port, key, clients, lambda: time.monotonic() < end, seed)
    finally:
        await asyncio.to_thread(gateway.stop)
        upstream.close()
    with closing(sqlite3.connect(gateway.data_dir / "waystation.db")) as database:
        charged = database.execute("SELECT coalesce(sum(cost), 0) FROM generations").fetchone()[0]
        known = {name for (name,) in database.execute("SELECT id FROM generations")}
        leases = database.execute("SELECT count(*) FROM leases").fetchone()[0]
        used = database.execute(
            "SELECT coalesce(sum(balance), 0) FROM ledger_balances WHERE account LIKE 'usage:%'"
        ).fetchone()[0]
    lost = [one for one in outcomes if one.generation and one.generation not in known]
    if used != charged or lost:
        raise AssertionError(f"the ledger has {used}, the records {charged}; without a record: {lost}")
    told = round(sum(one.cost or 0 for one in outcomes) * 1e9)
    return Result(charged, told, Counter(one.status for one in outcomes), leases)


def _limited_key(gateway: GatewayProcess, limit: int, mode: str) -> str:
    if mode == "prepaid":
        _post(gateway, "/credits", {"amount": f"{limit / 1e9:.9f}"})
    made = _post(gateway, "/keys", {"name": "stressed", "limit": limit / 1e9})
    key = str(made["key"])
    wait_for(lambda: all(_knows(gateway, key) for _ in range(20)))
    return key


def _knows(gateway: GatewayProcess, key: str) -> bool:
    """Whether the worker that answers knows the key."""
    request = urllib.request.Request(f"{gateway.base_url}/key", headers={"authorization": f"Bearer {key}"})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return False


def _post(gateway: GatewayProcess, path: str, body: dict[str, object]) -> dict[str, object]:
    headers = {"authorization": f"Bearer {MANAGEMENT_KEY}", "content-type": "application/json"}
    request = urllib.request.Request(gateway.base_url + path, json.dumps(body).encode(), headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return dict(json.load(answer))


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--workers", default="2,4")
    parser.add_argument("--seconds", type=float, default=6)
    options = parser.parse_args()
    worst = 0
    for number in range(options.rounds):
        for workers in map(int, options.workers.split(",")):
            mode = ("unlimited", "prepaid")[number % 2]
            result = stress(workers, options.clients, options.seconds, number, mode=mode)
            over = max(result.charged - LIMIT, 0)
            worst = max(worst, over)
            print(
                f"round {number + 1}, {workers} workers, {mode}: charged ${result.charged / 1e9:.6f} of $0.10, over by "
                f"{over} nano-dollars; answers {dict(sorted(result.statuses.items()))}; leases left {result.leases}",
                flush=True,
            )
    print(f"worst: over by {worst} nano-dollars")
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
