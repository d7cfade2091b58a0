"""Anthropic's errors: an answer's or a stream's `{"type": "error", "error": {"type", "message"}}` -> ours, and back."""

from typing import Final

from msgspec import json

from waystation.codec.dialect import Headers
from waystation.codec.error_envelope import render_error_object as envelope_object
from waystation.codec.json_answer import json_in
from waystation.codec.upstream_error import error_by_status, retry_after_of
from waystation.dialects.anthropic_messages.wire import text_at
from waystation.errors import BadResponse, GatewayError, ProviderError
from waystation.operations.parts import JsonObject

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
_TYPES: Final = {
    "authentication": "authentication_error",
    "permission_denied": "permission_error",
    "payment_required": "billing_error",
    "not_found": "not_found_error",
    "image_not_found": "not_found_error",
    "rate_limit_exceeded": "rate_limit_error",
    "provider_overloaded": "overloaded_error",
    "timeout": "timeout_error",
    "provider_unavailable": "api_error",
    "server": "api_error",
    "unmapped": "api_error",
}
"""Their types by our `error_type` (contract section 2.6); all others are the request's fault."""


def parse_error(status: int, headers: Headers, body: bytes) -> ProviderError:
    """What an answer with an error status means. Its text is quoted only where it speaks of the caller's request."""
    kind, message = _told(json_in(body))
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


def render_error(error: GatewayError, generation_id: str | None, metadata: JsonObject | None) -> bytes:
    """The client's error body (contract section 2.6); a 500 says nothing but that it is one."""
    body = render_error_object(error, generation_id)
    if metadata is not None and error.status != 500:
        body["openrouter_metadata"] = metadata
    return json.encode(body)


def render_error_object(error: GatewayError, generation_id: str | None) -> JsonObject:
    """The same before it is bytes. `request_id` is null until there is a generation."""
    told = envelope_object(error)
    kind = "server" if error.status == 500 else error.error_type
    said: JsonObject = {
        "type": _TYPES.get(kind, "invalid_request_error"),
        "message": told["message"],
        "error_type": kind,
    }
    if "availability" in told:
        said["availability"] = told["availability"]
    return {"type": "error", "error": said, "request_id": generation_id}
