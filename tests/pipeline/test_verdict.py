"""What the failures of all attempts become for the caller (contract 2.2a and 2.4)."""

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.errors import (
    BadResponse,
    CredentialRejected,
    InvalidRequest,
    ModelGone,
    Overloaded,
    ProviderError,
    RateLimited,
    TimedOut,
    UpstreamRejected,
)
from waystation.exchange import Attempt
from waystation.pipeline.verdict import verdict


def failed(error: ProviderError, provider: str = "Acme") -> Attempt:
    return Attempt(
        Endpoint("acme/m1", "acme", "acme", "m1"), provider, 0.0, 1.0, error.upstream_status, None, error
    )


@pytest.mark.parametrize(
    ("error", "status", "kind", "code", "retryable"),
    [
        (RateLimited("full"), 429, "rate_limit_exceeded", "capacity_exhausted", True),
        (Overloaded("down"), 503, "provider_overloaded", "temporarily_unavailable", True),
        (TimedOut("late"), 503, "provider_overloaded", "temporarily_unavailable", True),
        (ModelGone("gone"), 404, "not_found", "model_unavailable_upstream", False),
    ],
)
def test_availability_failures_carry_their_code(
    error: ProviderError, status: int, kind: str, code: str, *, retryable: bool
) -> None:
    said = verdict(None, [failed(error)])
    assert (said.status, said.error_type) == (status, kind)
    assert said.availability is not None
    assert (said.availability.code, said.availability.retryable) == (code, retryable)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadResponse("broken"), 502),
        (CredentialRejected("no"), 502),
        (UpstreamRejected("bad", status=422), 422),
    ],
)
def test_other_failures_are_themselves(error: ProviderError, status: int) -> None:
    said = verdict(None, [failed(error)])
    assert (said, said.status, said.availability) == (error, status, None)


def test_the_last_failure_decides_and_all_are_listed() -> None:
    said = verdict(
        None,
        [
            failed(RateLimited("full", upstream_status=429, retry_after=9), "A"),
            failed(Overloaded("down", upstream_status=500, retry_after=4), "B"),
        ],
    )
    assert said.status == 503
    assert [(line.provider, line.status) for line in said.previous] == [("A", 429), ("B", 500)]
    assert said.retry_after == 4, "the shortest hint of all attempts"
    assert said.availability is not None
    assert said.availability.affected_providers == ("A", "B")


def test_a_request_that_no_wire_can_say_is_the_callers_to_mend() -> None:
    first, second = InvalidRequest("image_url: bytes only"), InvalidRequest("n: one only")
    attempts = [unsaid(first), unsaid(second)]
    assert verdict(None, attempts) is first


def test_what_a_provider_answered_counts_more_than_what_was_never_sent() -> None:
    said = verdict(None, [failed(RateLimited("full")), unsaid(InvalidRequest("image_url: bytes only"))])
    assert (said.status, [one.code for one in said.previous]) == (429, ["capacity_exhausted"])


def unsaid(error: InvalidRequest) -> Attempt:
    return Attempt(Endpoint("acme/m1", "acme", "acme", "m1"), "Acme", 0.0, 1.0, error=error)
