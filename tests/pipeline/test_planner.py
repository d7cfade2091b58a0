"""What is planned is what is done: the explanation of a plan and the attempts that follow it, for many requests."""

import asyncio
import time
from random import Random

from routing_questions import endpoint, model, offers
from waystation.accounts.keys import Account
from waystation.errors import GatewayError, Overloaded
from waystation.exchange import Attempt, Attribution, Exchange, begin_exchange
from waystation.operations.chat import ChatRequest, Message, Tool
from waystation.operations.parts import Text
from waystation.operations.preferences import MaxPrice, ProviderPreferences
from waystation.operations.usage import Usage
from waystation.pipeline.attempts import Attempts, Persistence
from waystation.pipeline.going import Going
from waystation.pipeline.observe import Observer
from waystation.pipeline.planner import Planner
from waystation.pipeline.watch import Watched
from waystation.providers.registry import Registry
from waystation.routing.explain import explain
from waystation.routing.health import Health, Outcome, Result
from waystation.routing.plan import PlannedAttempt
from waystation.routing.sticky import MemoryStickyStore, StickySessions
from waystation.settings import Settings
from waystation.upstream.client import Timeouts

ACCOUNT = Account(key_hash="ab" * 32, label="a", name="a", is_management=False, created_at=0)
TAGS = ("a", "b", "c", "d/fp8", "e")
MODELS = ("acme/m1", "acme/m2")
REGISTRY = Registry.build(Settings())
SESSIONS = StickySessions(MemoryStickyStore())


class Silent:
    """A client's connection that is never used."""

    started = full = False
    reply = start = send = finish = listen = None


def planner_of(health: Health) -> Planner:
    served = [
        model(*(endpoint(tag, f"0.00000{place}", name) for place, tag in enumerate(TAGS, 1)))
        for name in MODELS
    ]
    return Planner(offers(*served, order="weighted"), health, SESSIONS)


def some_health(draw: Random, now: float) -> Health:
    health = Health()
    for _ in range(300):
        result = draw.choice([Result.SUCCESS, Result.SUCCESS, Result.FAILURE, Result.RATE_LIMITED])
        latency, pace = draw.uniform(0.1, 2), draw.uniform(10, 90)
        when = now - draw.uniform(0, 40)
        health.observe(Outcome(draw.choice(MODELS), draw.choice(TAGS), when, result, latency, pace))
    return health


def some_request(draw: Random) -> ChatRequest:
    wants = ProviderPreferences(
        order=draw.choice([None, None, ("c", "b")]),
        ignore=draw.choice([None, ("a",)]),
        sort=draw.choice([None, None, "latency", "throughput", "price"]),
        max_price=draw.choice([None, MaxPrice(prompt=draw.randint(1, 6))]),
        preferred_min_throughput=draw.choice([None, 40.0]),
    )
    names = draw.sample(MODELS, draw.randint(1, 2))
    return ChatRequest(
        "openai_chat",
        names[0],
        (Message("user", (Text("Hi" * draw.randint(1, 9)),)),),
        models=tuple(names[1:]),
        provider=draw.choice([None, wants]),
        tools=draw.choice([(), (Tool("f"),)]),
        session_id=draw.choice([None, "s1", "s2"]),
    )


async def executed(planner: Planner, exchange: Exchange) -> list[tuple[str, str]]:
    """The endpoints that are really asked where each of them fails."""
    request, asked = exchange.request, list[tuple[str, str]]()
    assert request is not None

    async def fail(_: Exchange, planned: PlannedAttempt, __: Attempt) -> str:
        asked.append((planned.endpoint.model_id, planned.endpoint.tag))
        raise Overloaded("down")

    task = asyncio.current_task()
    assert task is not None
    watched = Watched(task, Silent(), time.monotonic() + 60)  # type: ignore[arg-type] # nothing is said
    observer = Observer(Health(), SESSIONS)
    attempts = Attempts(REGISTRY, lambda *_, **__: Timeouts(), Persistence(repeats=0), observer)
    plan = planner.decide(exchange, request, 100)
    if plan.attempts:
        try:
            await attempts.first_success(Going(exchange, watched, fail, asked.append, whole=True), plan)
        except GatewayError:
            return asked
    return asked


def exchange_of(request: ChatRequest, seed: int, now: float) -> Exchange:
    exchange = begin_exchange("openai_chat", ACCOUNT, Attribution(route_seed=seed))
    exchange.created, exchange.request = now, request
    return exchange


async def test_a_thousand_requests_go_where_their_explanation_says() -> None:
    draw, now = Random(7), time.time()
    health = some_health(draw, now)
    planner = planner_of(health)
    lengths = set()
    for _ in range(1000):
        request, seed = some_request(draw), draw.getrandbits(53)
        told = explain(planner.decide(exchange_of(request, seed, now), request, 100))
        expected = [(row.model, row.tag) for row in told.considered if row.attempt is not None]
        assert await executed(planner, exchange_of(request, seed, now)) == expected
        lengths.add(len(expected))
    assert lengths >= {0, 3, 5, 10}


def test_without_a_seed_every_request_draws_its_own() -> None:
    planner = planner_of(Health())
    request = ChatRequest("openai_chat", "acme/m1", ())
    exchange = begin_exchange("openai_chat", ACCOUNT, Attribution())
    seeds = {planner.decide(exchange, request, 1).question.seed for _ in range(20)}
    assert len(seeds) == 20
    assert all(0 <= seed < 2**53 for seed in seeds), "what JavaScript can hold"


def test_a_named_session_of_embeddings_is_for_records_only() -> None:
    sessions = StickySessions(MemoryStickyStore())
    request = some_request(Random(1))
    pinned = endpoint("b", "0.000002", MODELS[0])
    sessions.remember(
        ACCOUNT.key_hash,
        request,
        "s",
        asked_model=request.model or "",
        served=pinned,
        usage=Usage(1, 1),
        now=1e9,
    )
    planner = Planner(offers(model(pinned), order="weighted"), Health(), sessions)
    exchange = begin_exchange("openai_embeddings", ACCOUNT, Attribution(session_id="s"))
    exchange.created = 1e9
    assert planner.decide(exchange, request, 10).question.pins
    exchange.operation = "embeddings"
    assert not planner.decide(exchange, request, 10).question.pins
