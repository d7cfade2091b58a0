from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from waystation.accounts.buckets import MemoryBuckets
from waystation.accounts.keys import Account, account_of
from waystation.accounts.limits import FreeRequests, Limits
from waystation.errors import TooManyRequests
from waystation.settings import LimitSettings, RateSettings

NOON = 1_900_000_000 // 86_400 * 86_400 + 43_200.0


def key(raw: str, user: str | None = None) -> Account:
    account = account_of(raw, name=raw, is_management=False, created_at=1)
    return replace(account, creator_user_id=user)


ANNA, ANNAS_OTHER, BEN = key("a1", "anna"), key("a2", "anna"), key("b1", "ben")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def limits_of(clock: Clock | None = None, **settings: Any) -> Limits:
    return Limits(LimitSettings(**settings), MemoryBuckets(), clock or Clock())


def let_in(ask: Callable[[], None], most: int = 200) -> int:
    """How many go through before the first is refused."""
    for count in range(most):
        try:
            ask()
        except TooManyRequests:
            return count
    return most


def test_without_limits_there_is_nothing_to_ask() -> None:
    limits = limits_of(free_requests_per_minute=0, free_requests_per_day=0)

    assert (limits.on_keys, limits.on_models, limits.on_tokens) == (False, False, False)


def test_keys_that_apps_were_given_share_the_limit_of_the_key_that_allowed_them() -> None:
    apps = [replace(key(f"app {number}"), parent_hash=ANNA.key_hash) for number in range(3)]
    limits = limits_of(requests_per_key=9, tokens_per_key=1000)

    assert let_in(lambda: limits.admit(ANNA)) == 9
    assert [let_in(lambda app=app: limits.admit(app)) for app in apps] == [0, 0, 0]  # type: ignore[misc]  # bound now
    assert let_in(lambda: limits.admit(BEN)) == 9


def test_the_tokens_of_an_apps_key_count_with_the_key_that_allowed_it() -> None:
    app = replace(key("app"), parent_hash=ANNA.key_hash)
    limits = limits_of(tokens_per_key=1000)

    limits.spend(app, "acme/m1", 1000)

    assert let_in(lambda: limits.admit(ANNA)) == 0


def test_an_apps_key_with_a_row_of_its_own_has_that_limit() -> None:
    app = replace(key("app"), parent_hash=ANNA.key_hash)
    limits = limits_of(requests_per_key=9, keys={app.key_hash: RateSettings(requests=2)})

    assert let_in(lambda: limits.admit(app)) == 2
    assert let_in(lambda: limits.admit(ANNA)) == 9


def test_only_free_models_are_limited_by_default() -> None:
    limits = limits_of()

    assert (limits.on_keys, limits.on_models, limits.on_tokens) == (False, True, False)
    assert let_in(lambda: limits.admit_model(ANNA, "acme/m1")) == 200
    assert let_in(lambda: limits.admit_model(ANNA, "acme/m1:free")) == 20


def test_each_key_has_its_own_limit_and_may_have_another() -> None:
    limits = limits_of(requests_per_key=3, keys={BEN.key_hash: RateSettings(requests=5)})

    assert let_in(lambda: limits.admit(ANNA)) == 3
    assert let_in(lambda: limits.admit(ANNAS_OTHER)) == 3
    assert let_in(lambda: limits.admit(BEN)) == 5


def test_one_key_alone_can_be_limited() -> None:
    limits = limits_of(keys={BEN.key_hash: RateSettings(requests=1)})

    assert limits.on_keys
    assert let_in(lambda: limits.admit(ANNA)) == 200
    assert let_in(lambda: limits.admit(BEN)) == 1


def test_the_keys_of_one_account_share_its_limit() -> None:
    limits = limits_of(requests_per_account=4)

    assert let_in(lambda: limits.admit(ANNA), most=3) == 3
    assert let_in(lambda: limits.admit(ANNAS_OTHER)) == 1
    assert let_in(lambda: limits.admit(BEN)) == 4


def test_a_model_s_limit_is_everybody_s() -> None:
    limits = limits_of(requests_per_model=2, models={"acme/m2": RateSettings(requests=0)})

    limits.admit_model(ANNA, "acme/m1")
    limits.admit_model(BEN, "acme/m1")
    with pytest.raises(TooManyRequests, match="2 requests per minute for this model"):
        limits.admit_model(key("c"), "acme/m1")
    assert let_in(lambda: limits.admit_model(ANNA, "acme/m2")) == 200


def test_tokens_count_when_they_were_used_and_are_waited_for() -> None:
    clock = Clock()
    limits = limits_of(clock, tokens_per_key=600)
    assert let_in(lambda: limits.admit(ANNA)) == 200

    limits.spend(ANNA, "acme/m1", 599)
    limits.admit(ANNA)
    limits.spend(ANNA, "acme/m1", 301)

    with pytest.raises(TooManyRequests, match="600 tokens per minute for this key") as refused:
        limits.admit(ANNA)
    assert refused.value.limit == 600
    assert refused.value.retry_after in {30, 31}
    limits.admit(BEN)
    clock.now += 31
    limits.admit(ANNA)


def test_tokens_of_accounts_and_models_are_limited_too() -> None:
    limits = limits_of(tokens_per_account=100, models={"acme/m1": RateSettings(tokens=50)})
    limits.spend(ANNA, "acme/m1", 60)

    with pytest.raises(TooManyRequests, match="50 tokens per minute for this model"):
        limits.admit_model(BEN, "acme/m1")
    limits.admit(ANNAS_OTHER)
    limits.spend(ANNAS_OTHER, "acme/m2", 60)
    with pytest.raises(TooManyRequests, match="100 tokens per minute for this account"):
        limits.admit(ANNA)


def test_a_refusal_says_when_to_come_again() -> None:
    limits = limits_of(requests_per_key=6)
    assert let_in(lambda: limits.admit(ANNA)) == 6

    with pytest.raises(TooManyRequests) as refused:
        limits.admit(ANNA)

    error = refused.value
    assert (error.status, error.error_type, error.limit, error.retry_after) == (
        429,
        "rate_limit_exceeded",
        6,
        10,
    )
    assert error.reset == pytest.approx((NOON + 10) * 1000, abs=100)
    assert ANNA.key_hash not in error.message


def test_the_day_of_free_models_ends_at_midnight_and_not_before() -> None:
    clock = Clock()
    limits = limits_of(clock, free_requests_per_minute=0, free_requests_per_day=50)
    clock.now = NOON - 43_200 + 1
    assert let_in(lambda: limits.admit_model(ANNA, "acme/m1:free")) == 50
    assert let_in(lambda: limits.admit_model(BEN, "acme/other:free"), most=7) == 7
    assert limits.free_requests(ANNAS_OTHER) == FreeRequests(50, 50)
    assert (limits.free_requests(BEN).used, limits.free_requests(BEN).remaining) == (7, 43)

    clock.now = NOON + 43_200 - 1
    with pytest.raises(TooManyRequests, match="50 requests per day for free models") as refused:
        limits.admit_model(ANNA, "acme/m1:free")
    assert refused.value.retry_after == 1
    assert refused.value.reset == (NOON + 43_200) * 1000
    clock.now += 1
    assert limits.free_requests(ANNA).used == 0
    assert let_in(lambda: limits.admit_model(ANNA, "acme/m1:free")) == 50


def test_without_a_daily_limit_free_requests_are_not_counted() -> None:
    assert limits_of(free_requests_per_day=0).free_requests(ANNA) == FreeRequests(-1, 0)
    assert FreeRequests(-1, 0).remaining == -1
