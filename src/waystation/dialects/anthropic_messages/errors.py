"""Anthropic's errors: an answer's or a stream's `{"type": "error", "error": {"type", "message"}}` -> ours."""

from typing import Final

from msgspec import DecodeError, json

from waystation.codec.dialect import Headers
from waystation.codec.upstream_error import error_by_status, retry_after_of
from waystation.dialects.anthropic_messages.wire import text_at
from waystation.errors import BadResponse, ProviderError

STATUSES: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""Statuses of the types, for errors that come without one of their own."""


def parse_error(status: int, headers: Headers, body: bytes) -> ProviderError:
    """What an answer with an error status means. Its text is quoted only where it speaks of the caller's request."""
    try:
        decoded = json.decode(body)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        decoded = None
    kind, message = _told(decoded)
    return error_by_status(status, message=message, code=kind, retry_after=retry_after_of(headers))


def parse_error_object(value: object) -> ProviderError:
    """An error in a stream or in a 200 answer (the whole object); without a known type it is the provider's fault."""
    kind, message = _told(value)
    status = STATUSES.get(kind or "")
    if status is None:
        return BadResponse("The provider reported an error instead of an answer.")
    return error_by_status(status, message=message, code=kind)


def _told(value: object) -> tuple[str | None, str | None]:
    """Type and message. Hosts of Claude put them where they like: Vertex under `error` with a `status`, others flat."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return None, None
    inner = value.get("error", value)
    if isinstance(inner, str):
        return None, inner
    if not isinstance(inner, dict):
        return None, None
    kind = text_at(inner, "type") or text_at(inner, "status") or text_at(inner, "code")
    return (None if kind == "error" else kind), text_at(inner, "message")
