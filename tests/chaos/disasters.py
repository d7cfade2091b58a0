"""Processes killed and disks spoiled under load: is every answer that a client received whole in the records, once?

    python tests/chaos/disasters.py [--rounds 50] [--clients 12] [--seed 1] [--faults kill,killall,locked,readonly,deleted,full]

Each round a gateway of two workers serves while one fault happens at a random moment; then the gateway is ended (or killed),
started again, and every answer that a client received whole, or the like of it, is looked for: exactly one record with
the usage and cost that the client was told. The ledger must add up and no lease be left behind. Prints what it counted,
and ends with 1 where anything was missing, twice or different.

`readonly` and `full` need root on Linux (`chattr`, a small tmpfs); they are left out elsewhere. What was in a database that
was deleted is gone with it: there only answers of after the deletion are looked for.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from msgspec import Struct

from chaos.load import Outcome, Upstream, flood
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, start_process

TOML = """
[server]
workers = 2
shutdown_grace = 2
[credits]
mode = "{mode}"
[logging]
level = "warning"
[providers.acme]
base_url = "{url}"
models = [{{ id = "acme/m1", native_id = "m1", context_length = 50000, prompt = "0.000001", completion = "0.00001" }}]
[local]
enabled = false
"""
FAULTS = ("kill", "killall", "locked", "readonly", "deleted", "full")
LOAD_SECONDS = 4.0
FULL_MEGABYTES = 24
CREDITED = 1_000_000_000_000


class Tally(Struct):
    """Of one round, or of all: answers that came whole, and what is wrong with their records."""

    answers: int = 0
    whole: int = 0
    records: int = 0
    missing: int = 0
    different: int = 0
    leases: int = 0
    ledger_off: int = 0

    @property
    def wrong(self) -> int:
        """How much is not as it should be."""
        return self.missing + self.different + self.leases + self.ledger_off

    def add(self, other: "Tally") -> None:
        """Count another round in."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


async def one_round(fault: str, clients: int, draw: random.Random, folder: Path) -> Tally:
    """Load, a fault, an end, a new start, a look."""
    upstream = Upstream(draw.randrange(10**6))
    await upstream.start()
    mode = "unlimited" if fault == "deleted" else "prepaid"  # a balance is deleted, too
    toml = TOML.format(url=upstream.url, mode=mode)
    data_dir = folder / "data"
    gateway = await asyncio.to_thread(start_process, folder, toml, {}, data_dir)
    await asyncio.to_thread(_credit, gateway)
    end = time.monotonic() + LOAD_SECONDS
    outcomes: list[Outcome] = []
    spoiled_at = [0.0]

    async def spoil() -> None:
        await asyncio.sleep(draw.uniform(0.2, LOAD_SECONDS / 2))
        await asyncio.to_thread(_spoil, fault, gateway, data_dir, draw)
        spoiled_at[0] = time.time()

    port = int(gateway.root.rsplit(":", 1)[1])
    load = flood(port, API_KEY, clients, lambda: time.monotonic() < end, draw.randrange(10**6))
    try:
        outcomes, _ = await asyncio.gather(load, spoil())
    finally:
        if draw.random() < 0.5:  # its end is as hard as may be
            _kill_all(gateway)
        await asyncio.to_thread(gateway.process.terminate)
        await asyncio.to_thread(_ended, gateway)
        await asyncio.to_thread(_mend, fault, data_dir)
    again = await asyncio.to_thread(start_process, folder, toml, {}, data_dir)
    await asyncio.to_thread(again.stop)
    upstream.close()
    since = spoiled_at[0] if fault == "deleted" else -1.0
    return _look(data_dir, [one for one in outcomes if _begun(one) > since], credited=fault != "deleted")


def _begun(outcome: Outcome) -> float:
    """Unix seconds, which the id begins with; nothing for what has none."""
    return float(outcome.generation.split("-")[1]) if outcome.generation else 0.0


def _look(data_dir: Path, outcomes: list[Outcome], *, credited: bool) -> Tally:
    tally = Tally(answers=len(outcomes))
    with closing(sqlite3.connect(data_dir / "waystation.db")) as database:
        rows = database.execute("SELECT id, record FROM generations").fetchall()
        records = {name: json.loads(record) for name, record in rows}
        tally.records = len(rows)
        tally.leases = database.execute("SELECT count(*) FROM leases").fetchone()[0]
        charged = database.execute("SELECT coalesce(sum(cost), 0) FROM generations").fetchone()[0]
        days = database.execute("SELECT coalesce(sum(cost), 0) FROM daily_spend").fetchone()[0]
        balances = dict(database.execute("SELECT account, balance FROM ledger_balances"))
        entries = dict(database.execute("SELECT account, sum(amount) FROM ledger_entries GROUP BY account"))
    used = sum(amount for account, amount in entries.items() if account.startswith("usage:"))
    left = (CREDITED if credited else 0) - charged
    sums = (charged == days, charged == used, balances == entries, balances.get("credits", 0) == left)
    tally.ledger_off = sums.count(False)
    for one in outcomes:
        if not one.whole:
            continue
        tally.whole += 1
        record = records.get(one.generation)
        if record is None:
            tally.missing += 1
        elif record["usage"].get("completion_tokens", 0) != one.tokens or record["cost"]["total"] != round(
            (one.cost or 0) * 1e9
        ):
            tally.different += 1
    return tally


def _credit(gateway: GatewayProcess) -> None:
    """A balance that is never exhausted."""
    headers = {"authorization": f"Bearer {MANAGEMENT_KEY}", "content-type": "application/json"}
    body = json.dumps({"amount": 1000}).encode()
    request = urllib.request.Request(f"{gateway.base_url}/credits", body, headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - loopback
        pass


def _spoil(fault: str, gateway: GatewayProcess, data_dir: Path, draw: random.Random) -> None:
    match fault:
        case "kill":
            _kill_workers(gateway, draw)
        case "killall":
            _kill_all(gateway)
        case "locked":
            with closing(
                sqlite3.connect(data_dir / "waystation.db", timeout=30, isolation_level=None)
            ) as holder:
                holder.execute("BEGIN EXCLUSIVE")
                time.sleep(draw.uniform(0.5, 2))
        case "readonly":
            subprocess.run(["chattr", "+i", *map(str, data_dir.glob("waystation.db*"))], check=True)
        case "deleted":
            for path in data_dir.glob("waystation.db*"):
                path.unlink(missing_ok=True)
        case _:
            _fill(data_dir / "ballast")


def _kill_workers(gateway: GatewayProcess, draw: random.Random) -> None:
    for _ in range(draw.randint(1, 2)):
        if workers := _children(gateway.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(draw.choice(workers), signal.SIGKILL)
        time.sleep(draw.uniform(0, 0.3))


def _fill(ballast: Path) -> None:
    """Leave nothing free on the disk."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65536))


def _mend(fault: str, data_dir: Path) -> None:
    if fault == "readonly":
        subprocess.run(["chattr", "-i", *map(str, data_dir.glob("waystation.db*"))], check=True)
    elif fault == "full":
        (data_dir / "ballast").unlink(missing_ok=True)


def _kill_all(gateway: GatewayProcess) -> None:
    for pid in [gateway.process.pid, *_children(gateway.process.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _ended(gateway: GatewayProcess) -> None:
    """Wait for the gateway's end, by force where it takes too long."""
    try:
        gateway.process.wait(30)
    except subprocess.TimeoutExpired:
        _kill_all(gateway)
        gateway.process.wait()


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@contextlib.contextmanager
def _folder(fault: str) -> Iterator[Path]:
    """Where a round happens: for a full disk, one that is small."""
    path = Path(tempfile.mkdtemp(prefix="chaos-"))
    small = fault == "full"
    (path / "data").mkdir()
    if small:
        size = f"size={FULL_MEGABYTES}m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", str(path / "data")], check=True)
    try:
        yield path
    finally:
        if small:
            subprocess.run(["umount", "-l", str(path / "data")], check=True)
        shutil.rmtree(path, ignore_errors=True)


def main() -> int:
    """Run the rounds, the faults taking turns."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", default=",".join(FAULTS))
    options = parser.parse_args()
    able = os.geteuid() == 0 and sys.platform == "linux"
    faults = [one for one in options.faults.split(",") if able or one not in ("readonly", "full")]
    total, by_fault = Tally(), Counter[str]()
    for number in range(options.rounds):
        fault = faults[number % len(faults)]
        with _folder(fault) as folder:
            tally = asyncio.run(
                one_round(fault, options.clients, random.Random(options.seed * 1000 + number), folder)
            )
            if tally.wrong:
                print((folder / "log.txt").read_text()[-2000:])
        total.add(tally)
        by_fault[fault] += 1
        print(f"round {number + 1}, {fault}: {_told(tally)}", flush=True)
    rounds = ", ".join(f"{count} {fault}" for fault, count in by_fault.items())
    print(f"all {options.rounds} rounds ({rounds}): {_told(total)}")
    return 1 if total.wrong else 0


def _told(tally: Tally) -> str:
    return ", ".join(f"{getattr(tally, name)} {name.replace('_', ' ')}" for name in tally.__struct_fields__)


if __name__ == "__main__":
    sys.exit(main())
