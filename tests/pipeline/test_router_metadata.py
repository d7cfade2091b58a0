"""Of which exchanges routing has something to tell."""

import pytest

from routing_questions import endpoint, plan
from waystation.accounts.keys import Account
from waystation.errors import GatewayError, Overloaded, TooManyRequests, Unauthenticated
from waystation.exchange import Attempt, Attribution, Exchange, begin_exchange
from waystation.operations.usage import Cost
from waystation.pipeline.router_metadata import RouterMetadata

ACCOUNT = Account(key_hash="ab" * 32, label="a", name="a", is_management=False, created_at=0)
METADATA = RouterMetadata(str.title)


def exchange() -> Exchange:
    """Two endpoints planned; the first failed."""
    exchange = begin_exchange("openai_chat", ACCOUNT, Attribution(wants_metadata=True))
    exchange.plan = plan([endpoint("a"), endpoint("b", "0.000002")])
    exchange.request = exchange.plan.question.request
    first = exchange.plan.attempts[0].endpoint
    exchange.attempts.append(Attempt(first, "A", exchange.started, status=500, error=Overloaded("down")))
    return exchange


def test_the_endpoint_that_answered_is_the_selected_one() -> None:
    served = exchange()
    assert served.plan is not None
    served.endpoint, served.provider_name = served.plan.attempts[1].endpoint, "B"
    served.cost = Cost(1, 0, 1, None, is_byok=True)
    told = METADATA.of(served)
    assert told is not None
    assert told["endpoints"] == {
        "total": 2,
        "available": [
            {"provider": "A", "model": "acme/m1", "selected": False},
            {"provider": "B", "model": "acme/m1", "selected": True},
        ],
    }
    assert (told["is_byok"], told["summary"]) == (True, "available=2, selected=B")


def test_an_endpoint_that_gave_no_answer_has_the_status_0() -> None:
    silent = exchange()
    silent.attempts[0].status = None
    told = METADATA.of(silent)
    assert told is not None
    assert told["attempts"] == [{"provider": "A", "model": "acme/m1", "status": 0}]


@pytest.mark.parametrize(
    "error", [TooManyRequests("slow down", limit=1, reset=60, retry_after=1), Unauthenticated("who?")]
)
def test_what_routing_had_no_part_in_tells_nothing(error: GatewayError) -> None:
    refused = exchange()
    refused.error = error
    assert METADATA.of(refused) is None


def test_what_was_not_understood_tells_nothing() -> None:
    assert METADATA.of(begin_exchange("openai_chat", ACCOUNT, Attribution(wants_metadata=True))) is None
