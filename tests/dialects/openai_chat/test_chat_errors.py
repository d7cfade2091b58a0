"""Errors: what a provider's failure means, what of its words a caller may read, and the client's envelope."""

import json
from typing import cast

import pytest

from waystation.dialects.openai_chat import DIALECT
from waystation.errors import (
    Availability,
    CredentialRejected,
    FailedAttempt,
    InternalError,
    InvalidRequest,
    ModelGone,
    ModelUnavailable,
    Overloaded,
    ProviderError,
    RateLimited,
    TimedOut,
    Unavailable,
    UpstreamRejected,
)
from waystation.operations.parts import JsonObject

SECRETS = (
    "sk-live-abcdef0123456789",
    "Bearer abc.def.ghi",
    "gsk_0123456789abcdefABCDEF",
    "http://10.1.2.3:8080/v1",
    "https://internal.example.com/path?key=1",
    "10.1.2.3:8080",
    "gpu-node-7.cluster.local:9000",
    "localhost:11434",
    "someone@example.com",
    "AIzaSyA0123456789",
    "0123456789abcdef0123456789abcdef",
    "org-AbCdEf123456",
    "[fe80::1]:443",
    "bad-key-**********test",
)


def parse(status: int, body: object, headers: tuple[tuple[bytes, bytes], ...] = ()) -> ProviderError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DIALECT.parse_error(status, headers, data)


@pytest.mark.parametrize(
    ("status", "kind", "ours"),
    [
        (400, UpstreamRejected, 400),
        (413, UpstreamRejected, 413),
        (422, UpstreamRejected, 422),
        (409, UpstreamRejected, 400),
        (401, CredentialRejected, 502),
        (402, CredentialRejected, 502),
        (403, CredentialRejected, 502),
        (404, ModelGone, 404),
        (408, TimedOut, 503),
        (429, RateLimited, 429),
        (500, Overloaded, 503),
        (502, Overloaded, 503),
        (504, TimedOut, 503),
        (529, Overloaded, 503),
    ],
)
def test_the_status_says_the_class(status: int, kind: type[ProviderError], ours: int) -> None:
    error = parse(status, {"error": {"message": "x"}})
    assert type(error) is kind
    assert (error.status, error.upstream_status) == (ours, status)


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"error": {"message": "too hot", "code": "bad_value", "type": "t"}}, "too hot", "bad_value"),
        ({"error": {"message": "too hot", "code": None, "type": "t"}}, "too hot", "t"),
        ({"error": {"message": "too hot", "code": 400}}, "too hot", None),
        ({"error": "too hot", "code": "bad_value"}, "too hot", "bad_value"),
        ({"detail": "too hot"}, "too hot", None),
        ({"message": "too hot", "type": "t"}, "too hot", "t"),
        ({"object": "error", "message": "too hot", "type": "t", "code": "3051"}, "too hot", "t"),
        ({"detail": [{"loc": ["body", "n"], "msg": "too hot"}, 7]}, "body.n: too hot", None),
        ({"message": {"detail": [{"msg": "too hot"}, {"msg": "too wet"}]}}, "too hot; too wet", None),
        ([{"error": {"message": "too hot", "status": "INVALID_ARGUMENT"}}], "too hot", "INVALID_ARGUMENT"),
    ],
)
def test_a_refusal_of_the_request_is_quoted(body: object, message: str, code: str | None) -> None:
    error = parse(400, body)
    assert error.message == f"The provider rejected the request: {message}"
    assert error.provider_code == code


@pytest.mark.parametrize(
    "body", [b"", b"<html><h1>Bad</h1></html>", b"null", b"{}", b"[]", b"\xff", b"[" * 100_000]
)
def test_a_body_that_says_nothing_gives_a_plain_text(body: bytes) -> None:
    assert parse(400, body).message == "The provider rejected the request."


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_secret_is_quoted(secret: str) -> None:
    for status in (400, 401, 404, 429, 500):
        error = parse(status, {"error": {"message": f"The value {secret} is wrong", "code": secret}})
        assert secret not in error.message
        assert error.provider_code is None
    assert parse(400, {"error": {"message": f"The value {secret} is wrong"}}).message.endswith(
        "The value [removed] is wrong"
    )


@pytest.mark.parametrize("status", [401, 402, 403, 404, 408, 429, 500, 503])
def test_other_failures_are_not_quoted(status: int) -> None:
    assert "quota of Bob" not in parse(status, {"error": {"message": "quota of Bob"}}).message


@pytest.mark.parametrize(
    "harmless",
    [
        "messages[0].role does not support 'system'",
        "Unknown parameter: 'response_format.json_schema'",
        "model meta-llama/Llama-3.3-70B-Instruct has no vision",
        "max_tokens must be at most 128000 (got 1,250,025)",
        "tool get_current_weather: user_location is missing",
    ],
)
def test_helpful_words_are_left_alone(harmless: str) -> None:
    assert parse(400, {"error": {"message": harmless}}).message.endswith(harmless)


def test_a_quote_is_short() -> None:
    assert len(parse(400, {"error": {"message": "too long " * 10_000}}).message) <= 540


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "prompt too long; exceeded max context length by 1119046 tokens",
        "The total length of all messages is too long.",
    ],
)
def test_a_full_context_has_its_own_type(message: str) -> None:
    assert parse(400, {"error": {"message": message}}).error_type == "context_length_exceeded"
    assert (
        parse(400, {"error": {"message": "x", "code": "context_length_exceeded"}}).error_type
        == "context_length_exceeded"
    )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"Retry-After": "1.2"}, 2),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "Fri, 01 Jan 2010 00:00:00 GMT"}, 0),
        ({"retry-after-ms": "1500"}, 2),
        ({"retry-after": "soon"}, None),
        ({"x-ratelimit-reset-tokens": "6.78s", "x-ratelimit-remaining-tokens": "0"}, 7),
        ({"x-ratelimit-reset-requests": "1m30s", "x-ratelimit-remaining-requests": "5"}, None),
        ({"x-ratelimit-reset": "30"}, 30),
        ({"retry-after": "99999999"}, 86_400),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    pairs = tuple((name.encode(), value.encode()) for name, value in headers.items())
    assert parse(429, {}, pairs).retry_after == seconds


def envelope(error: Exception, metadata: JsonObject | None = None) -> JsonObject:
    return cast("JsonObject", json.loads(DIALECT.render_error(error, "gen-1", metadata)))  # type: ignore[arg-type]


def test_the_envelope_of_a_simple_error() -> None:
    assert envelope(InvalidRequest("messages: is required.")) == {
        "error": {
            "code": 400,
            "message": "messages: is required.",
            "metadata": {"error_type": "invalid_request"},
        }
    }


def test_the_envelope_of_an_unavailable_model() -> None:
    availability = Availability(
        "capacity_exhausted", retryable=True, requested_models=("acme/m1",), retry_after=40
    )
    error = ModelUnavailable(
        "All providers are at capacity.",
        status=429,
        error_type="rate_limit_exceeded",
        availability=availability,
        previous=(FailedAttempt("acme", "capacity_exhausted", 429),),
        provider_code="rate_limited",
    )
    assert envelope(error, {"attempt": 1}) == {
        "error": {
            "code": 429,
            "message": "All providers are at capacity.",
            "metadata": {
                "error_type": "rate_limit_exceeded",
                "provider_code": "rate_limited",
                "previous_errors": [{"provider": "acme", "code": "capacity_exhausted", "status": 429}],
            },
            "error_type": "rate_limit_exceeded",
            "http_status": 429,
            "availability": {
                "code": "capacity_exhausted",
                "retryable": True,
                "requested_models": ["acme/m1"],
                "retry_after": 40,
                "docs_url": "/docs/errors#capacity_exhausted",
            },
        },
        "openrouter_metadata": {"attempt": 1},
    }


def test_an_internal_error_says_only_that_it_is_one() -> None:
    assert envelope(InternalError("KeyError: 'token'", provider_code="x"), {"attempt": 1}) == {
        "error": {"code": 500, "message": "Internal Server Error", "metadata": {"error_type": "server"}}
    }


def test_other_server_errors_keep_their_words() -> None:
    assert cast("JsonObject", envelope(Unavailable("Shutting down."))["error"])["message"] == "Shutting down."
