"""What routing learns from attempts, and where conversations are said to be."""

import pytest

from routing_questions import model, offers
from waystation.accounts.keys import Account
from waystation.catalog.endpoint import Endpoint
from waystation.errors import (
    BadResponse,
    CredentialRejected,
    DeadlineExceeded,
    GatewayError,
    InvalidRequest,
    Overloaded,
    RateLimited,
    TimedOut,
    UpstreamRejected,
)
from waystation.exchange import Attempt, Attribution, Called, Exchange, begin_exchange
from waystation.operations.chat import ChatRequest, Message, Tool
from waystation.operations.parts import Text
from waystation.operations.usage import Usage
from waystation.pipeline.observe import Observer
from waystation.routing.figures import Statistics
from waystation.routing.health import Health
from waystation.routing.plan import Candidate, Plan, Question
from waystation.routing.prompt import PromptSize
from waystation.routing.standing import EndpointHealth, endpoint_key
from waystation.routing.sticky import MemoryStickyStore, StickySessions

ACCOUNT = Account(key_hash="ab" * 32, label="a", name="a", is_management=False, created_at=0)
ENDPOINT = Endpoint("acme/m", "acme", "acme", "m")
KEY = endpoint_key("acme/m", "acme")


class Setting:
    """An observer, what it feeds, and an exchange whose only attempt began with it."""

    def __init__(self, **request: object) -> None:
        self.health = Health()
        self.sessions = StickySessions(MemoryStickyStore())
        self.observer = Observer(self.health, self.sessions)
        self.exchange = begin_exchange("openai_chat", ACCOUNT, Attribution())
        asked = {"model": "acme/m", "messages": (Message("user", (Text("Hi"),)),), "stream": True}
        self.exchange.request = ChatRequest("openai_chat", **(asked | request))  # type: ignore[arg-type] # tersely
        self.attempt = Attempt(ENDPOINT, "Acme", self.exchange.started)
        self.exchange.attempts.append(self.attempt)

    def serve(self, tokens: int = 50, seconds: float = 1.5) -> Exchange:
        """First content after half a second, the end after `seconds`."""
        exchange = self.exchange
        self.attempt.served = True
        exchange.endpoint, exchange.asked_model, exchange.finish_reason = ENDPOINT, "acme/m", "stop"
        exchange.first_content = exchange.started + 0.5
        exchange.arrived = exchange.started + seconds
        exchange.usage = Usage(10, tokens)
        self.seconds = seconds
        return exchange

    def settle(self) -> None:
        self.observer.settled(self.exchange, self.exchange.started + getattr(self, "seconds", 1.0))

    def fail(self, error: GatewayError, *, other_keys: bool = False) -> None:
        self.attempt.error, self.attempt.ended = error, self.exchange.started + 1
        self.observer.failed(self.exchange, self.attempt, other_keys=other_keys)

    @property
    def statistics(self) -> Statistics:
        return self.health.statistics(KEY, self.exchange.created + 2)

    @property
    def now(self) -> EndpointHealth:
        return self.health.snapshot(self.exchange.created + 2).of(KEY)


def test_a_stream_tells_latency_and_throughput() -> None:
    setting = Setting()
    setting.serve(tokens=50)
    setting.settle()
    assert setting.statistics.uptime_5m == 100
    assert setting.statistics.latency_30m is not None
    assert setting.statistics.latency_30m.p50 == pytest.approx(0.5, rel=0.06)
    assert setting.statistics.throughput_30m is not None
    assert setting.statistics.throughput_30m.p50 == pytest.approx(50, rel=0.06)


def test_a_slow_client_does_not_make_its_provider_look_slow() -> None:
    setting = Setting()
    setting.serve(tokens=50, seconds=9).arrived = setting.exchange.started + 1.5
    setting.settle()
    assert setting.statistics.throughput_30m is not None
    assert setting.statistics.throughput_30m.p50 == pytest.approx(50, rel=0.06)


def test_a_stream_that_its_client_held_up_tells_no_throughput() -> None:
    setting = Setting()
    setting.serve(seconds=9).arrived = None
    setting.settle()
    assert setting.statistics.uptime_5m == 100
    assert setting.statistics.throughput_30m is None


def test_a_stream_that_came_at_once_tells_the_throughput_of_the_whole_attempt() -> None:
    setting = Setting()
    exchange = setting.serve(tokens=50)
    exchange.arrived = exchange.first_content
    setting.settle()
    assert setting.statistics.throughput_30m is not None
    assert setting.statistics.throughput_30m.p50 == pytest.approx(100, rel=0.06)


def test_a_whole_answer_tells_no_latency() -> None:
    setting = Setting(stream=False)
    setting.serve(tokens=60, seconds=2)
    setting.settle()
    assert setting.statistics.latency_30m is None
    assert setting.statistics.throughput_30m is not None
    assert setting.statistics.throughput_30m.p50 == pytest.approx(30, rel=0.06)


def test_a_few_tokens_tell_no_throughput() -> None:
    setting = Setting()
    setting.serve(tokens=9)
    setting.settle()
    assert setting.statistics.throughput_30m is None


@pytest.mark.parametrize(
    ("error", "uptime"),
    [
        (Overloaded("down", upstream_status=500), 0),
        (TimedOut("late"), 0),
        (BadResponse("empty"), 0),
        (CredentialRejected("no", upstream_status=401), 0),
        (CredentialRejected("no", upstream_status=403), None),
        (UpstreamRejected("bad"), None),
        (RateLimited("full"), None),
        (InvalidRequest("cannot be said"), None),
    ],
)
def test_a_failure_is_known_at_once(error: GatewayError, uptime: float | None) -> None:
    setting = Setting()
    setting.fail(error)
    assert setting.statistics.uptime_5m == uptime


def test_a_provider_at_capacity_is_left_alone_for_as_long_as_it_asks() -> None:
    setting = Setting()
    setting.fail(RateLimited("full", retry_after=30))
    assert setting.now.cooling_until == pytest.approx(setting.exchange.created + 31, abs=0.01)


@pytest.mark.parametrize("error", [RateLimited("full"), CredentialRejected("no", upstream_status=401)])
def test_where_another_key_is_good_the_endpoint_is_not_to_blame(error: GatewayError) -> None:
    setting = Setting()
    setting.fail(error, other_keys=True)
    assert (setting.statistics.uptime_5m, setting.now.cooling_until) == (None, 0)


@pytest.mark.parametrize(
    ("error", "uptime"),
    [(BadResponse("cut"), 0), (Overloaded("down"), 0), (DeadlineExceeded("late"), None)],
)
def test_a_stream_that_broke_off_is_the_endpoints_failure_unless_it_was_ours(
    error: GatewayError, uptime: float | None
) -> None:
    setting = Setting()
    setting.serve().error = error
    setting.settle()
    assert setting.statistics.uptime_5m == uptime


def test_an_answer_that_ends_in_an_error_is_a_failure() -> None:
    setting = Setting()
    setting.serve().finish_reason = "error"
    setting.settle()
    assert setting.statistics.uptime_5m == 0


def test_a_client_that_hung_up_and_a_beaten_rival_say_nothing() -> None:
    hung_up = Setting()
    hung_up.serve().cancelled = True
    hung_up.settle()
    beaten = Setting()
    beaten.settle()
    assert hung_up.statistics.uptime_5m is beaten.statistics.uptime_5m is None


@pytest.mark.parametrize(("arguments", "success"), [("{}", 1), ("{", 0)])
def test_tool_calls_are_counted(arguments: str, success: float) -> None:
    setting = Setting(tools=(Tool("f"),))
    setting.serve().calls = [Called("f", [arguments])]
    setting.settle()
    assert (setting.now.tool_requests_2h, setting.now.tool_success) == (1, success)


def pins(setting: Setting) -> int:
    request = setting.exchange.request
    assert request is not None
    return len(setting.sessions.pins(ACCOUNT.key_hash, request, None, setting.exchange.created + 2))


def test_a_named_conversation_stays_where_it_was_answered() -> None:
    setting = Setting(session_id="s")
    setting.serve()
    setting.settle()
    assert pins(setting) == 1


def test_embeddings_are_no_conversation_whatever_session_they_name() -> None:
    setting = Setting(session_id="s1", stream=False)
    setting.serve().operation = "embeddings"
    setting.settle()
    assert pins(setting) == 0
    assert setting.statistics.uptime_5m == 100


def test_no_conversation_stays_at_an_error() -> None:
    setting = Setting(session_id="s")
    setting.serve().error = BadResponse("cut")
    setting.settle()
    assert pins(setting) == 0


def test_a_nameless_conversation_without_a_cache_stays_nowhere() -> None:
    setting = Setting()
    setting.serve()
    setting.settle()
    assert pins(setting) == 0


def test_a_conversation_remembers_what_its_router_took_the_last_turn_for() -> None:
    setting = Setting(session_id="s", model="openrouter/auto")
    exchange = setting.serve()
    exchange.asked_model = "openrouter/auto"
    request = exchange.request
    assert request is not None
    candidates = (Candidate(model(ENDPOINT), "auto", "openrouter/auto", task="code"),)
    exchange.plan = Plan((), Question(request, candidates, PromptSize(1, lambda: 1), offers(), 1, 0.0))
    setting.settle()
    pins = setting.sessions.pins(ACCOUNT.key_hash, request, None, exchange.created + 1)
    assert pins["openrouter/auto"].task == "code"
