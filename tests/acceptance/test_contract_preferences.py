"""Contract section 8: what the request's `provider` field does to who is asked, and in which order."""

from typing import Any

import pytest

from contract_setting import Contract
from gateway_client import Answer, chat
from scripted_provider import Whole

BROKEN = Whole({"error": {"message": "out of order"}}, 500)


def asked(contract: Contract, *answers: Whole, **provider: Any) -> tuple[Answer, list[str]]:
    """Ask for the model that both serve; the answer, and which endpoints were asked (each provider's in their order)."""
    contract.first.answer(*answers)
    contract.second.answer(*answers)
    answer = chat(contract.gateway, "acme/dual", provider=provider)
    return answer, [a.body["model"] for p in (contract.first, contract.second) for a in p.asked]


FIRST, SECOND = "dual-at-first", "dual-at-second"


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ({}, FIRST),
        ({"only": ["second"]}, SECOND),
        ({"only": ["first"]}, FIRST),
        ({"only": ["SECOND"]}, SECOND),
        ({"only": ["second", "nobody"]}, SECOND),
        ({"order": ["second"]}, SECOND),
        ({"order": ["nobody", "second", "first"]}, SECOND),
        ({"order": ["second"], "allow_fallbacks": False}, SECOND),
        ({"ignore": ["first"]}, SECOND),
        ({"ignore": ["First"]}, SECOND),
        ({"sort": "price"}, FIRST),
        ({"sort": {"by": "price", "partition": "model"}}, FIRST),
        ({"max_price": {"prompt": 1.5}}, FIRST),
        ({"max_price": {"prompt": "1.5", "completion": "1.5"}}, FIRST),
        ({"ignore": ["first"], "max_price": {"prompt": 2}}, SECOND),
    ],
)
def test_preferences_choose_the_endpoint(contract: Contract, provider: dict[str, Any], expected: str) -> None:
    answer, models = asked(contract, **provider)
    assert answer.status == 200, answer.text
    assert models == [expected]


def test_a_listed_order_is_followed_by_the_rest(contract: Contract) -> None:
    contract.second.answer(BROKEN)
    contract.first.answer()
    answer = chat(contract.gateway, "acme/dual", provider={"order": ["second"]})
    assert answer.status == 200, answer.text
    assert len(contract.second.asked) == len(contract.first.asked) == 1


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ({"order": ["second"], "allow_fallbacks": False}, [SECOND]),
        ({"allow_fallbacks": False}, [FIRST]),
        ({"only": ["second"]}, [SECOND]),
        ({"ignore": ["second"]}, [FIRST]),
        ({"order": ["second"]}, [FIRST, SECOND]),
    ],
)
def test_a_failure_goes_no_further_than_the_preferences(
    contract: Contract, provider: dict[str, Any], expected: list[str]
) -> None:
    answer, models = asked(contract, BROKEN, **provider)
    assert answer.status == 503, answer.text
    assert answer.error["availability"]["code"] == "temporarily_unavailable"
    assert models == expected


def test_previous_errors_name_every_attempt_and_nothing_raw(contract: Contract) -> None:
    answer, _ = asked(contract, BROKEN)
    previous = answer.error["metadata"]["previous_errors"]
    assert len(previous) == 2
    for attempt in previous:
        assert set(attempt) == {"provider", "code", "status"}
        assert attempt["status"] == 500
    assert "out of order" not in str(previous)


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        ({"only": ["nobody"]}, "allowed_providers"),
        ({"ignore": ["first", "second"]}, "allowed_providers"),
        ({"only": ["first"], "ignore": ["first"]}, "allowed_providers"),
        ({"max_price": {"prompt": 0.5}}, "max_price"),
        ({"quantizations": ["fp8"]}, "quantization"),
    ],
)
def test_when_nobody_is_left_it_is_404_and_says_why(
    contract: Contract, provider: dict[str, Any], reason: str
) -> None:
    answer, models = asked(contract, **provider)
    assert answer.status == 404, answer.text
    assert answer.error["error_type"] == "not_found"
    assert answer.error["availability"]["retryable"] is False
    assert reason in answer.error["availability"]["excluded_by"]
    assert models == []


def test_a_context_that_is_too_small_is_said(contract: Contract) -> None:
    contract.first.answer()
    answer = chat(contract.gateway, messages=[{"role": "user", "content": "word " * 80_000}])
    assert answer.status in {400, 404}, answer.text
    assert contract.first.asked == []
    assert "context" in answer.text


def test_a_429_everywhere_is_429_with_the_shortest_wait(contract: Contract) -> None:
    answer, models = asked(contract, Whole({"error": {"message": "slow down"}}, 429))
    assert models == [FIRST, SECOND]
    assert answer.status == 429
    assert answer.error["error_type"] == "rate_limit_exceeded"
    assert answer.error["availability"]["code"] == "capacity_exhausted"
    assert answer.error["availability"]["retryable"] is True


def test_a_400_of_the_callers_making_is_not_tried_again(contract: Contract) -> None:
    answer, models = asked(contract, Whole({"error": {"message": "messages: bad"}}, 400))
    assert answer.status == 400
    assert models == [FIRST]
