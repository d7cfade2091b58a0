"""Bedrock's error answers by their type, wherever it stands; nothing of the operator's own leaks."""

import json

import pytest

from waystation.dialects.bedrock_converse import DIALECT
from waystation.errors import (
    CredentialRejected,
    InternalError,
    InvalidRequest,
    ModelGone,
    Overloaded,
    ProviderError,
    RateLimited,
    TimedOut,
    UpstreamRejected,
)


def parse(status: int, body: object = None, kind: str | None = None, **headers: str) -> ProviderError:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    if kind is not None:
        named.append((b"X-Amzn-ErrorType", kind.encode()))
    return DIALECT.parse_error(status, named, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (400, "ValidationException", UpstreamRejected),
        (400, "ServiceQuotaExceededException", RateLimited),
        (403, "AccessDeniedException", CredentialRejected),
        (403, "ExpiredTokenException:http://internal.test/coral/", CredentialRejected),
        (400, "UnrecognizedClientException", CredentialRejected),
        (404, "ResourceNotFoundException", ModelGone),
        (408, "ModelTimeoutException", TimedOut),
        (424, "ModelErrorException", Overloaded),
        (429, "ModelNotReadyException", RateLimited),
        (429, "ThrottlingException", RateLimited),
        (500, "InternalServerException", Overloaded),
        (503, "ServiceUnavailableException", Overloaded),
        (401, "InternalServerException", CredentialRejected),
        (418, None, UpstreamRejected),
        (502, None, Overloaded),
    ],
)
def test_classes(status: int, kind: str | None, error: type[ProviderError]) -> None:
    assert type(parse(status, {"message": "No."}, kind)) is error


def test_the_type_may_stand_in_the_body() -> None:
    error = parse(400, {"__type": "com.amazon.coral.availability#ThrottlingException", "Message": "Slow."})
    assert isinstance(error, RateLimited)
    assert error.provider_code == "ThrottlingException"


def test_a_wait_is_passed_on() -> None:
    assert parse(429, {"message": "Too many tokens"}, "ThrottlingException", retry_after="7").retry_after == 7


@pytest.mark.parametrize(
    "message",
    [
        "The provided model identifier is invalid.",
        "Invocation of model ID anthropic.claude-x with on-demand throughput isn\u2019t supported. Retry your request.",
        "This model version has reached the end of its life.",
    ],
)
def test_a_model_that_is_not_there_is_gone_for_this_endpoint_alone(message: str) -> None:
    error = parse(400, {"message": message}, "ValidationException")
    assert isinstance(error, ModelGone)
    assert error.another_endpoint_may_help


def test_a_prompt_that_is_too_long_is_told_so() -> None:
    error = parse(400, {"message": "Input is too long for requested model."}, "ValidationException")
    assert error.error_type == "context_length_exceeded"


def test_the_operators_affairs_do_not_leak() -> None:
    arn = "arn:aws:iam::123456789012:user/somebody"
    error = parse(
        403,
        {"message": f"User: {arn} is not authorized to perform bedrock:InvokeModel"},
        "AccessDeniedException",
    )
    assert "somebody" not in str(error)
    quoted = parse(400, {"message": f"The caller {arn} sent a bad field."}, "ValidationException")
    assert str(quoted) == "The provider rejected the request: The caller [removed] sent a bad field."


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{", b'{"message": 7}', b"\xff"])
def test_any_body_is_an_error_of_its_status(body: bytes) -> None:
    assert isinstance(DIALECT.parse_error(500, [], body), Overloaded)


def test_our_errors_have_bedrocks_names() -> None:
    body = json.loads(DIALECT.render_error(InvalidRequest("messages: is required."), None, None))
    assert body == {"__type": "ValidationException", "message": "messages: is required."}
    masked = json.loads(DIALECT.render_error(InternalError("secret"), None, None))
    assert masked == {"__type": "InternalServerException", "message": "Internal Server Error"}
