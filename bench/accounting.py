"""What accounting for a request costs in CPU time, each step by itself and together; and how fast batches are inserted.

    python bench/accounting.py [--rounds 400]

Each step is the code that a request runs, not a copy of it: `inference_account` from its headers; `Reserve` for a key with a
daily limit, the prompt's estimate included; `Meter`, which prices the answer's usage; `Settlement.settle`, which makes the
record, encodes it, writes it to the journal, puts it among those of the next batch, and turns the reservation into a charge.
Those together have the budget. Below them stand what happens at the end of a request besides: what routing remembers of the
answer, and the request's share of counting many for the metrics and the log. All of it is done on the thread that serves. What
is not is bringing batches into the database, in the last line.

Figures are medians of many rounds of 32 requests, each request of its own, on the process's own clock, over SQLite in a
temporary folder.
"""

import argparse
import asyncio
import gc
import io
import random
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from typing import Self

import msgspec

from waystation.accounts.keys import Account, KeyRing, account_of, make_key
from waystation.api.credentials import inference_account
from waystation.app.leases import LeaseKeeping
from waystation.app.serve import GARBAGE
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.model import Model
from waystation.catalog.pricing import Pricing
from waystation.catalog.provider_facts import ProviderFacts
from waystation.codec.estimate import estimate_prompt_tokens
from waystation.credits.bound import Ceilings
from waystation.credits.cost import Tariff, Tariffs
from waystation.dialects.openai_chat import DIALECT
from waystation.exchange import Attempt, Attribution, Exchange, begin_exchange
from waystation.generations.log import GenerationLog
from waystation.generations.record import GenerationRecord, ProviderResponse
from waystation.operations.chat import ChatRequest, ChatResult, Choice
from waystation.operations.parts import Text
from waystation.operations.usage import Usage
from waystation.pipeline.meter import Meter
from waystation.pipeline.observe import Observer
from waystation.pipeline.reserve import Reserve
from waystation.pipeline.settle import Settlement
from waystation.routing.health import Health
from waystation.routing.offers import Offers
from waystation.routing.plan import Plan
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import Asking
from waystation.routing.select import select
from waystation.routing.slug import resolve
from waystation.routing.sticky import MemoryStickyStore, StickySessions
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.leases import SqlLeaseStore
from waystation.storage.migrations import migrate
from waystation.telemetry.logging import ExchangeLog
from waystation.telemetry.metrics import Metrics

REQUESTS = 32
"""Of one round, as many as are under way at a time in `make bench`'s c32."""
WARM, FLUSHED = 10, 50
"""Rounds that are not counted, and between two batches into the database."""
BATCH = 512
BUDGET = 12.0
"""Microseconds of CPU that a request's accounting may cost."""
BESIDES = ("besides: routing's memory", "besides: metrics and log")
LEAST_INSERTED = 20_000
"""Generations a second that batches must bring into the database."""
PRICING = Pricing(prompt=Decimal("0.000001"), completion=Decimal("0.00001"))
USAGE = Usage(prompt_tokens=50, completion_tokens=100)
ENDPOINT = Endpoint("acme/m1", "acme", "acme", "m1", pricing=PRICING, max_completion_tokens=8192)
RESULT = ChatResult(
    "openai_chat", "chatcmpl-1", "m1", None, (Choice(0, (Text("Hello"),), "stop", "stop"),), USAGE
)
BODY = b'{"model":"acme/m1","max_tokens":100,"messages":[{"role":"user","content":"%b"}]}' % (b"x" * 150)


class Asked(msgspec.Struct):
    """One request up to where accounting begins, and what answers it."""

    headers: dict[bytes, bytes]
    exchange: Exchange
    request: ChatRequest
    plan: Plan


class Accounting:
    """The parts of a gateway that account for requests, wired as `app.gateway` wires them."""

    def __init__(self, folder: Path) -> None:
        migrate("", folder)
        self._engine = open_engine("", folder)
        self._tariffs = Tariffs()
        self._out = io.StringIO()
        self.store = SqlGenerationStore(self._engine)
        self.log = GenerationLog(self.store, folder / "journal", interval=3600)
        self._keeping = LeaseKeeping(SqlLeaseStore(self._engine), self.log, folder, prepaid=False)
        raw = make_key("sk-ws-v1-")
        made = account_of(raw, name="bench", is_management=False, created_at=0)
        self._account: Account = msgspec.structs.replace(made, limit=10**15, limit_reset="daily")
        self._ring = KeyRing()
        self._ring.replace([self._account])
        self._headers = {
            b"host": b"127.0.0.1:8787",
            b"content-type": b"application/json",
            b"authorization": b"Bearer " + raw.encode(),
        }
        self._reserve = Reserve(self._keeping.reservations, Ceilings(4096))
        self._observer = Observer(*_remembered())
        lines = ExchangeLog("info", "json", self._out)
        self._settlement = Settlement(self.log, Metrics(), lines, self._tariffs, _Later(*_remembered()))
        model = Model("acme/m1", "acme/m1-1", "M1", "acme", endpoints=(ENDPOINT,))
        facts = [ProviderFacts("acme", "Acme", trains=False, retains=False, zdr=True)]
        self._offers = Offers(Catalog([model], facts), lambda _: True, "weighted", {}, str)

    async def __aenter__(self) -> Self:
        (await self._keeping.reservations.reserve(self._account, time.time(), 10**12)).release()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.log.close()
        await self._keeping.close()
        await self._engine.dispose()

    def asked(self) -> Asked:
        """A new request, planned but not paid for."""
        request = DIALECT.parse_request(BODY, "/chat/completions")
        exchange = begin_exchange("openai_chat", self._account, Attribution(user_agent="bench/1.0"))
        exchange.request = request
        size = PromptSize(len(BODY), lambda: estimate_prompt_tokens(request))
        asking = Asking(request, size, self._offers, random.getrandbits(53), exchange.created)
        exchange.plan = plan = select(asking.question(resolve(asking)))
        return Asked(dict(self._headers), exchange, request, plan)

    def answered(self, asked: Asked) -> None:
        """What the pipeline notes of an answer that is none of accounting's work."""
        exchange = asked.exchange
        exchange.attempts.append(
            Attempt(ENDPOINT, "Acme", exchange.started, exchange.started, 200, "chatcmpl-1")
        )
        exchange.attempts[0].served = True
        exchange.endpoint, exchange.provider_name, exchange.status = ENDPOINT, "Acme", 200
        exchange.asked_model, exchange.first_content = "acme/m1", exchange.started

    async def identify(self, many: list[Asked]) -> None:
        """Whose key it is."""
        for one in many:
            inference_account(one.headers, self._ring)

    async def reserve(self, many: list[Asked]) -> None:
        """Hold the most that it may cost."""
        for one in many:
            await self._reserve(one.exchange, one.request, one.plan)

    async def price(self, many: list[Asked]) -> None:
        """Meter and price the answer."""
        for one in many:
            Meter(one.exchange, one.request, self._tariffs.of(PRICING), ENDPOINT).result(RESULT)

    async def settle(self, many: list[Asked]) -> None:
        """The record, and the charge."""
        for one in many:
            self._settlement.settle(one.exchange)

    async def remember(self, many: list[Asked]) -> None:
        """What routing wants to know of the answers."""
        for one in many:
            self._observer.settled(one.exchange, one.exchange.started + 1)

    async def count(self, _: list[Asked]) -> None:
        """Metrics, and lines of the log."""
        self._settlement.report()
        self._out.seek(0)


class _Later(Observer):
    """Remembers nothing: what remembering costs is measured by itself."""

    def settled(self, exchange: Exchange, ended: float) -> None:
        """Nothing."""


def _remembered() -> tuple[Health, StickySessions]:
    return Health(), StickySessions(MemoryStickyStore())


def main() -> int:
    """Measure, and print a table and a line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=400)
    rounds = parser.parse_args().rounds
    gc.freeze()
    gc.set_threshold(*GARBAGE)  # as the gateway sets it
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), rounds))
    return 0


async def _measure(folder: Path, rounds: int) -> None:
    async with Accounting(folder) as accounting:
        found = []
        for number in range(rounds + WARM):
            found.append(await _round(accounting))
            if number % FLUSHED == 0:
                await accounting.log.flush()
        found = found[WARM:]
        print("| accounting | CPU p50 | p90 | budget |\n| --- | --- | --- | --- |")
        for name in found[0]:
            if name == BESIDES[0]:
                together = [sum(one[step] for step in one if step not in BESIDES) for one in found]
                verdict = "ok" if median(together) <= BUDGET else "OVER"
                _tell("together", together, f"{BUDGET:.0f} us, {verdict}")
            _tell(name, [one[name] for one in found], "")
        rate = await _inserted(accounting.store, 60 * BATCH)
        verdict = "ok" if rate >= LEAST_INSERTED else "UNDER"
        print(
            f"\n{rate:,.0f} generations a second inserted, {BATCH} together; {LEAST_INSERTED:,} wanted, {verdict}"
        )


async def _round(accounting: Accounting) -> dict[str, float]:
    """Microseconds of CPU of each step for one request."""
    many = [accounting.asked() for _ in range(REQUESTS)]
    found = {
        "identify": await _spent(accounting.identify, many),
        "reserve": await _spent(accounting.reserve, many),
        "price": await _spent(accounting.price, many),
    }
    for one in many:
        accounting.answered(one)
    found["settle and record"] = await _spent(accounting.settle, many)
    found[BESIDES[0]] = await _spent(accounting.remember, many)
    found[BESIDES[1]] = await _spent(accounting.count, many)
    return found


async def _spent(step: Callable[[list[Asked]], Coroutine[None, None, None]], many: list[Asked]) -> float:
    began = time.process_time_ns()
    await step(many)
    return (time.process_time_ns() - began) / len(many) / 1_000


def _tell(name: str, found: list[float], budget: str) -> None:
    print(f"| {name} | {median(found):.2f} us | {quantiles(found, n=10)[8]:.2f} us | {budget} |")


async def _inserted(store: SqlGenerationStore, count: int) -> float:
    """How many records a second batches bring into the database."""
    payloads = [msgspec.json.encode(record) for record in _records(count)]
    began = time.perf_counter()
    for at in range(0, count, BATCH):
        await store.add(payloads[at : at + BATCH])
    return count / (time.perf_counter() - began)


def _records(count: int) -> Iterator[GenerationRecord]:
    tariff, now = Tariff(PRICING), int(time.time() * 1000)
    for number in range(count):
        yield GenerationRecord(
            id=f"gen-{number:030d}",
            created_at=now,
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
