import io
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from waystation.accounts.keys import Account
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import Pricing
from waystation.credits.cost import Tariffs, recompute
from waystation.exchange import Attempt, Attribution, Exchange, begin_exchange
from waystation.generations.log import GenerationLog
from waystation.operations.chat import ChatRequest
from waystation.operations.usage import Usage
from waystation.pipeline.observe import Observer
from waystation.pipeline.settle import Settlement
from waystation.routing.health import Health
from waystation.routing.sticky import MemoryStickyStore, StickySessions
from waystation.storage.memory import MemoryGenerationStore
from waystation.telemetry.logging import ExchangeLog
from waystation.telemetry.metrics import Metrics

ACCOUNT = Account(key_hash="ab" * 32, label="a", name="a", is_management=False, created_at=0)
ENDPOINT = Endpoint(
    "acme/m1",
    "acme",
    "acme",
    "m1",
    pricing=Pricing(prompt=Decimal("0.000001"), completion=Decimal("0.000002")),
)


class Gateway:
    """A settlement and what it fills."""

    def __init__(self, directory: Path) -> None:
        self.store = MemoryGenerationStore()
        self.generations = GenerationLog(self.store, directory)
        self.metrics = Metrics()
        self.out = io.StringIO()
        self.lines = ExchangeLog("info", "json", self.out)
        self.tariffs = Tariffs()
        self.health = Health()
        observer = Observer(self.health, StickySessions(MemoryStickyStore()))
        self.settlement = Settlement(self.generations, self.metrics, self.lines, self.tariffs, observer)

    def served(self) -> Exchange:
        """An exchange that one attempt answered."""
        exchange = begin_exchange("openai_chat", ACCOUNT, Attribution())
        exchange.endpoint, exchange.provider_name, exchange.status = ENDPOINT, "Acme", 200
        exchange.attempts.append(Attempt(ENDPOINT, "Acme", exchange.started, status=200))
        exchange.first_content = exchange.started + 0.25
        exchange.finish_reason = "stop"
        exchange.usage = Usage(prompt_tokens=40, completion_tokens=60)
        exchange.cost = self.tariffs.of(ENDPOINT.pricing).price(exchange.usage, exchange.created)
        return exchange


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway(tmp_path / "journal")
    await gateway.generations.start()
    yield gateway
    await gateway.generations.close()


async def test_what_was_settled_a_moment_ago_is_found(gateway: Gateway) -> None:
    exchange = gateway.served()
    gateway.settlement.settle(exchange)

    record = await gateway.generations.get(exchange.id)

    assert record is not None
    assert (record.model, record.status, record.latency, record.charged) == ("acme/m1", 200, 250, 160_000)
    assert record.usage is not None
    assert recompute(record.usage, record.pricing, exchange.created, "stop") == record.cost


async def test_exchanges_are_each_recorded_once(gateway: Gateway) -> None:
    exchanges = [gateway.served() for _ in range(3)]
    for exchange in exchanges * 2:
        gateway.settlement.settle(exchange)

    records = [await gateway.generations.get(exchange.id) for exchange in exchanges]

    assert [record.charged for record in records if record is not None] == [160_000] * 3
    gateway.settlement.report()
    tally = gateway.metrics.tally("acme/m1", "acme", 200)
    assert (tally.exchanges, tally.completion_tokens, tally.cost) == (3, 180, 3 * 160_000)


async def test_a_record_stays_small_whatever_names_and_traces_a_client_sends(gateway: Gateway) -> None:
    exchange = begin_exchange("openai_chat", ACCOUNT, Attribution())
    long = "m" * 100_000
    exchange.request = ChatRequest("openai_chat", messages=(), model=long, user=long, trace={"id": long})
    gateway.settlement.settle(exchange)

    record = await gateway.generations.get(exchange.id)

    assert record is not None
    assert (record.model, record.requested_model, record.user) == (long[:256],) * 3
    assert (record.trace, record.dropped) == (None, ("trace",))
    assert len(msgspec.json.encode(record)) < 2000


async def test_a_trace_of_the_usual_size_is_kept(gateway: Gateway) -> None:
    exchange = begin_exchange("openai_chat", ACCOUNT, Attribution())
    exchange.request = ChatRequest(
        "openai_chat", messages=(), model="acme/m1", trace={"trace_id": "t" * 1000}
    )
    gateway.settlement.settle(exchange)

    record = await gateway.generations.get(exchange.id)

    assert record is not None
    assert (record.trace, record.dropped) == ({"trace_id": "t" * 1000}, ())


async def test_closing_the_log_loses_nothing_that_was_settled(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "journal")
    await gateway.generations.start()
    exchange = gateway.served()
    gateway.settlement.settle(exchange)

    await gateway.generations.close()

    assert await gateway.store.get(exchange.id) is not None


async def test_a_settled_exchange_is_one_line_of_the_log(gateway: Gateway) -> None:
    exchange = gateway.served()
    gateway.settlement.settle(exchange)

    gateway.settlement.report()

    line = msgspec.json.decode(gateway.out.getvalue(), type=dict[str, object])
    assert line["generation"] == exchange.id
    assert {name: line[name] for name in ("level", "message", "model", "provider", "status", "attempts")} == {
        "level": "info",
        "message": "exchange",
        "model": "acme/m1",
        "provider": "acme",
        "status": 200,
        "attempts": 1,
    }
    assert (line["prompt_tokens"], line["completion_tokens"]) == (40, 60)
    assert "error" not in line
