"""CPU of accounting for one request: identify, reserve, settle, record, each by itself; and how fast batches are inserted.

    python bench/accounting.py

Everything is the gateway's own code on this machine, over SQLite in a temporary folder. Best of several repeats.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec

from waystation.accounts.keys import KeyRing, account_of, make_key
from waystation.app.leases import LeaseKeeping
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import Pricing
from waystation.codec.estimate import estimate_prompt_tokens
from waystation.credits.bound import Ceilings
from waystation.credits.cost import Tariff
from waystation.dialects.openai_chat import DIALECT
from waystation.generations.log import GenerationLog
from waystation.generations.record import GenerationRecord, ProviderResponse
from waystation.operations.usage import Usage
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.leases import SqlLeaseStore
from waystation.storage.migrations import migrate

TIMES = 2_000
REPEATS = 7
BATCH = 512
Step = Callable[[], Coroutine[None, None, None]]
PRICING = Pricing(prompt=Decimal("0.000001"), completion=Decimal("0.00001"))
USAGE = Usage(prompt_tokens=20, completion_tokens=100)


def main() -> int:
    """Print one line for each step."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder)))
    return 0


async def _measure(folder: Path) -> None:
    migrate("", folder)
    engine = open_engine("", folder)
    store = SqlGenerationStore(engine)
    log = GenerationLog(store, folder / "journal", interval=3600, max_pending=10**6)
    keeping = LeaseKeeping(SqlLeaseStore(engine), log, folder, prepaid=False)
    raw = make_key("sk-ws-v1-")
    made = account_of(raw, name="bench", is_management=False, created_at=0)
    account = msgspec.structs.replace(made, limit=10**15, limit_reset="daily")
    ring = KeyRing()
    ring.replace([account])
    key = raw.encode()
    body = b'{"model":"acme/m1","max_tokens":100,"messages":[{"role":"user","content":"%b"}]}' % (b"x" * 150)
    request = DIALECT.parse_request(body, "/chat/completions")
    endpoints = [Endpoint("acme/m1", "acme", "acme", "m1", pricing=PRICING)]
    ceilings = Ceilings(4096)
    tariff, records = Tariff(PRICING), _records()
    now = time.time()
    reservations = keeping.reservations
    (await reservations.reserve(account, now, 10**12)).release()

    async def hold() -> None:
        for _ in range(TIMES):
            amount = ceilings.bound(request, estimate_prompt_tokens(request), endpoints) or 0
            (await reservations.reserve(account, now, amount)).settle(1_000)

    async def record() -> None:
        for _ in range(TIMES):
            log.append(next(records))

    async def identify() -> None:
        for _ in range(TIMES):
            ring.find(key)

    async def price() -> None:
        for _ in range(TIMES):
            tariff.price(USAGE, now)

    await _tell(
        {"identify": identify, "reserve and settle": hold, "price": price, "record in the journal": record}
    )
    await _insert(store, records)
    await log.close()
    await keeping.close()
    await engine.dispose()


async def _tell(steps: dict[str, Step]) -> None:
    total = 0.0
    for name, step in steps.items():
        spent = await _best(step)
        total += spent
        print(f"{name:24} {spent * 1e6:8.2f} us")
    print(f"{'together':24} {total * 1e6:8.2f} us")


async def _insert(store: SqlGenerationStore, records: Iterator[GenerationRecord]) -> None:
    payloads = [msgspec.json.encode(next(records)) for _ in range(60 * BATCH)]
    began = time.perf_counter()
    for at in range(0, len(payloads), BATCH):
        await store.add(payloads[at : at + BATCH])
    print(
        f"inserted {len(payloads) / (time.perf_counter() - began):,.0f} generations a second, {BATCH} together"
    )


async def _best(step: Step) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        began = time.process_time()
        await step()
        best = min(best, (time.process_time() - began) / TIMES)
    return best


def _records() -> Iterator[GenerationRecord]:
    tariff = Tariff(PRICING)
    number = 0
    while True:
        number += 1
        yield GenerationRecord(
            id=f"gen-{number:030d}",
            created_at=int(time.time() * 1000),
            key_hash="ab" * 32,
            model="acme/m1",
            requested_model="acme/m1",
            dialect="openai_chat",
            provider="acme",
            provider_name="Acme",
            endpoint_id="acme",
            upstream_id="chatcmpl-1",
            attempts=(ProviderResponse(200, "Acme", "acme", "acme", "chatcmpl-1", latency=100),),
            usage=USAGE,
            pricing=tariff.snapshot,
            cost=tariff.price(USAGE),
            finish_reasons=("stop",),
            native_finish_reasons=("stop",),
            latency=50,
            generation_time=120,
        )


if __name__ == "__main__":
    sys.exit(main())
