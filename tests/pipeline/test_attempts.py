"""In which order endpoints and keys are tried, when one is asked again, and when nobody is."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from pipeline.nobody import Nobody
from waystation.accounts.keys import Account
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.model import Model
from waystation.errors import (
    BadResponse,
    CredentialRejected,
    GatewayError,
    InternalError,
    ModelUnavailable,
    Overloaded,
    RateLimited,
    TimedOut,
    UpstreamRejected,
)
from waystation.exchange import Attempt, Attribution, Exchange, begin_exchange
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.operations.preferences import ProviderPreferences
from waystation.pipeline.attempts import Attempts, Persistence, pause_before
from waystation.pipeline.going import Going
from waystation.pipeline.observe import Observer
from waystation.pipeline.watch import Watch, Watched
from waystation.providers.registry import Registry
from waystation.routing.health import Health
from waystation.routing.offers import Offers
from waystation.routing.plan import Candidate, Plan, PlannedAttempt, Question
from waystation.routing.prompt import PromptSize
from waystation.routing.sticky import MemoryStickyStore, StickySessions
from waystation.settings import ProviderSettings, Settings
from waystation.upstream.client import Timeouts

ACCOUNT = Account(key_hash="ab" * 32, label="a", name="a", is_management=False, created_at=0)
DOWN = Overloaded("down", upstream_status=500)


class Setting:
    """Providers whose answers a test lists: an error, a text, or seconds of silence and then a text."""

    def __init__(self, persistence: Persistence, keys: int = 1, **answers: Sequence[object]) -> None:
        rows = {
            name: ProviderSettings(
                api_key=tuple(f"fake-{name}-{position}" for position in range(keys)),
                base_url="http://127.0.0.1:1/v1",
            )
            for name in answers
        }
        self.registry = Registry.build(Settings(providers=rows))
        self.answers = {name: list(said) for name, said in answers.items()}
        self.asked: list[str] = []
        self.discarded: list[str] = []
        observer = Observer(Health(), StickySessions(MemoryStickyStore()))
        self.attempts = Attempts(self.registry, timeouts_of, persistence, observer)
        self.exchange = begin_exchange("openai_chat", ACCOUNT, Attribution())
        self.exchange.request = ChatRequest("openai_chat", "acme/m", (Message("user", (Text("Hi"),)),))

    def plan(self, *order: str) -> Plan:
        """Each name is a provider, or `model:provider`."""
        attempts = tuple(planned(*name.rpartition(":")[::2]) for name in order or self.answers)
        return Plan(attempts, question())

    async def go(self, *order: str, whole: bool = False) -> str:
        """Go through the plan."""
        task = asyncio.current_task()
        assert task is not None
        watched = Watched(task, Nobody(), time.monotonic() + 60)
        watch = Watch()
        watch.enter(watched)
        try:
            going = Going(self.exchange, watched, self.call, self.discarded.append, whole=whole)
            return await self.attempts.first_success(going, self.plan(*order))
        finally:
            watch.leave(watched)

    async def call(self, exchange: Exchange, planned: PlannedAttempt, attempt: Attempt) -> str:
        """Say what was listed, the last again and again."""
        name = planned.endpoint.provider
        provider = self.registry.get(name)
        assert provider is not None
        self.asked.append(provider.key_at(attempt.key).removeprefix("fake-"))
        listed = self.answers[name]
        said = listed.pop(0) if len(listed) > 1 else listed[0]
        if isinstance(said, float | asyncio.Event):
            await (asyncio.sleep(said) if isinstance(said, float) else said.wait())
            said = f"{name} at last"
        if isinstance(said, GatewayError):
            raise said
        exchange.upstream_id = str(said)
        exchange.error = BadResponse("cut") if said == "cut off" else None
        return str(said)


def timeouts_of(_: str, *, whole: bool) -> Timeouts:
    return Timeouts().for_whole() if whole else Timeouts(first_byte=0.2)


def question() -> Question:
    request = ChatRequest("openai_chat", "acme/m", ())
    return Question(request, (), PromptSize(0, int), Offers(Catalog(), bool, "listed", {}, str), 0, 0)


def planned(model: str, provider: str) -> PlannedAttempt:
    name = f"acme/{model or 'm'}"
    endpoint = Endpoint(name, provider, provider, "native")
    return PlannedAttempt(
        Candidate(Model(name, name, name, "acme", endpoints=(endpoint,)), "direct"), endpoint
    )


async def test_another_endpoint_is_asked_before_a_bad_one_is_repeated() -> None:
    setting = Setting(Persistence(), a=[DOWN, "ok from a"], b=[DOWN])
    assert await setting.go() == "ok from a"
    assert setting.asked == ["a-0", "b-0", "a-0"]


async def test_no_more_repeats_than_allowed() -> None:
    setting = Setting(Persistence(repeats=2), a=[DOWN])
    with pytest.raises(ModelUnavailable) as caught:
        await setting.go()
    assert (caught.value.status, setting.asked) == (503, ["a-0"] * 3)


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("late"),
        CredentialRejected("no"),
        UpstreamRejected("bad"),
        RateLimited("full", retry_after=30),
    ],
)
async def test_what_will_not_have_passed_is_not_repeated(error: GatewayError) -> None:
    setting = Setting(Persistence(), a=[error, "never asked"])
    with pytest.raises(GatewayError):
        await setting.go()
    assert setting.asked == ["a-0"]


def test_a_pause_grows_and_is_as_long_as_the_provider_asks_for() -> None:
    assert 0.125 <= pause_before(0, [DOWN]) <= 0.375
    assert 0.25 <= pause_before(1, [DOWN]) <= 0.75
    assert pause_before(0, [RateLimited("full", retry_after=2), Overloaded("down", retry_after=1)]) == 1


async def test_nobody_waits_for_an_endpoint_that_is_not_asked_again() -> None:
    setting = Setting(Persistence(), a=[RateLimited("full", retry_after=50)], b=[DOWN, "ok from b"])
    async with asyncio.timeout(10):
        assert await setting.go() == "ok from b"
    assert setting.asked == ["a-0", "b-0", "b-0"]


async def test_a_provider_that_is_set_up_wrongly_does_not_stand_in_the_way_of_the_next() -> None:
    setting = Setting(Persistence(), a=[InternalError("An upstream request has no usable URL.")], b=["ok"])
    assert await setting.go() == "ok"


async def test_where_every_provider_is_set_up_wrongly_the_fault_is_ours() -> None:
    setting = Setting(Persistence(), a=[InternalError("An upstream request has no usable URL.")])
    with pytest.raises(InternalError):
        await setting.go()
    assert setting.asked == ["a-0"]


async def test_without_fallbacks_nothing_is_repeated() -> None:
    setting = Setting(Persistence(), a=[DOWN, "never asked"])
    setting.exchange.request = ChatRequest(
        "openai_chat", "acme/m", (), provider=ProviderPreferences(allow_fallbacks=False)
    )
    with pytest.raises(GatewayError):
        await setting.go()
    assert setting.asked == ["a-0"]


async def test_an_endpoint_that_was_down_is_not_repeated_once_its_model_refused_the_request() -> None:
    setting = Setting(Persistence(), a=[DOWN, "never asked"], b=[UpstreamRejected("bad")])
    with pytest.raises(UpstreamRejected):
        await setting.go()
    assert setting.asked == ["a-0", "b-0"]


async def test_a_refused_request_is_not_sent_to_the_same_model_again_but_to_the_next() -> None:
    setting = Setting(Persistence(), a=[UpstreamRejected("bad")], b=["not this"], c=["other model"])
    assert await setting.go("m:a", "m:b", "n:c") == "other model"
    assert setting.asked == ["a-0", "c-0"]


@pytest.mark.parametrize("error_type", ["context_length_exceeded", "content_policy_violation"])
async def test_a_limit_or_policy_of_one_endpoint_may_not_be_the_nexts(error_type: str) -> None:
    setting = Setting(Persistence(), a=[UpstreamRejected("no", error_type=error_type)], b=["ok"])
    assert await setting.go() == "ok"


@pytest.mark.parametrize("error", [CredentialRejected("no"), RateLimited("full", retry_after=60)])
async def test_the_next_key_is_tried_before_the_next_endpoint(error: GatewayError) -> None:
    setting = Setting(Persistence(), keys=3, a=[error, "ok"], b=["not asked"])
    assert await setting.go() == "ok"
    assert setting.asked == ["a-0", "a-1"]
    assert len(setting.exchange.attempts) == 2


async def test_a_refused_key_rests_and_the_last_one_is_still_used() -> None:
    setting = Setting(Persistence(), keys=2, a=[CredentialRejected("no"), "ok", "ok", "ok"])
    for _ in range(3):
        assert await setting.go() == "ok"
    assert setting.asked == ["a-0", "a-1", "a-1", "a-1"]
    setting.answers["a"] = [CredentialRejected("no"), "ok"]
    with pytest.raises(CredentialRejected):
        await setting.go()
    assert await setting.go() == "ok"
    assert setting.asked[4:] == ["a-1", "a-0"], "all rest: the one that has rested longest"


async def test_no_key_rests_where_nothing_is_remembered() -> None:
    setting = Setting(Persistence(rests_keys=False), keys=2, a=[CredentialRejected("no"), "ok"])
    for _ in range(2):
        assert await setting.go() == "ok"
    assert setting.asked == ["a-0", "a-1", "a-0"]


async def test_other_failures_are_not_the_keys() -> None:
    setting = Setting(Persistence(), keys=2, a=[DOWN], b=["ok"])
    assert await setting.go() == "ok"
    assert setting.asked == ["a-0", "b-0"]


async def test_a_silent_endpoint_is_given_up_at_its_deadline() -> None:
    setting = Setting(Persistence(), a=[9.0], b=["ok"])
    assert await setting.go() == "ok"
    assert [type(attempt.error) for attempt in setting.exchange.attempts] == [TimedOut, type(None)]


async def test_an_answer_asked_whole_may_take_longer_than_the_first_content_of_a_stream() -> None:
    setting = Setting(Persistence(), a=[0.4], b=["not asked"])
    assert await setting.go(whole=True) == "a at last"
    assert setting.asked == ["a-0"]


async def test_a_silent_endpoint_gets_a_competitor() -> None:
    setting = Setting(Persistence(hedge_after=0.02), a=[0.15], b=["quick"], c=["not asked"])
    assert await setting.go() == "quick"
    assert setting.asked == ["a-0", "b-0"]
    assert setting.exchange.endpoint is not None
    assert (setting.exchange.endpoint.provider, setting.exchange.upstream_id) == ("b", "quick")
    assert [attempt.served for attempt in setting.exchange.attempts] == [False, True]


async def test_a_competitor_that_fails_leaves_the_first_to_answer() -> None:
    setting = Setting(Persistence(repeats=0, hedge_after=0.02), a=[0.1], b=[DOWN])
    assert await setting.go() == "a at last"
    assert setting.asked == ["a-0", "b-0"]


async def test_a_winner_that_broke_off_at_once_is_known_to_have_failed() -> None:
    setting = Setting(Persistence(hedge_after=0.02), a=[0.15], b=["cut off"])
    assert await setting.go() == "cut off"
    assert isinstance(setting.exchange.error, BadResponse)


async def test_of_two_answers_at_the_same_moment_one_serves() -> None:
    together = asyncio.Event()
    setting = Setting(Persistence(hedge_after=0.02), a=[together], b=[together])
    asyncio.get_running_loop().call_later(0.1, together.set)
    answer = await setting.go()
    attempts = setting.exchange.attempts
    assert [attempt.error for attempt in attempts] == [None, None]
    (served,) = [attempt.provider_name for attempt in attempts if attempt.served]
    assert (served, setting.exchange.provider_name) == (answer.partition(" ")[0], served)
    assert setting.discarded == [f"{name} at last" for name in ("a", "b") if name != served]


async def test_a_quick_endpoint_has_no_competitor() -> None:
    setting = Setting(Persistence(hedge_after=5), a=["ok"], b=["not asked"])
    assert await setting.go() == "ok"
    assert setting.asked == ["a-0"]


async def test_competitors_have_deadlines_of_their_own() -> None:
    setting = Setting(Persistence(repeats=0, hedge_after=0.02), a=[9.0], b=[9.0])
    with pytest.raises(ModelUnavailable):
        await setting.go()
    assert [type(attempt.error) for attempt in setting.exchange.attempts] == [TimedOut, TimedOut]
