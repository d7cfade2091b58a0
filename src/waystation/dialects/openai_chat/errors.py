"""Errors in the OpenAI shape: a provider's answer or in-stream error -> ours, and ours -> the client's envelope."""

from waystation.codec.dialect import Headers
from waystation.codec.error_envelope import render_error_envelope
from waystation.codec.json_answer import json_in
from waystation.codec.upstream_error import error_by_status, retry_after_of
from waystation.errors import BadResponse, GatewayError, ProviderError
from waystation.operations.parts import JsonObject

STATUSES = {
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "tool_use_failed": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "insufficient_quota": 429,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "rate_limited": 429,
    "overloaded_error": 529,
    "timeout": 504,
    "server_error": 500,
    "internal_server_error": 500,
}
"""Statuses for providers that name their error in a stream and give no number."""


def parse_error(status: int, headers: Headers, body: bytes) -> ProviderError:
    """What an answer with an error status means. Its text is quoted only where it speaks of the caller's request."""
    message, code = _told(json_in(body))
    return error_by_status(status, message=message, code=code, retry_after=retry_after_of(headers))


def parse_error_object(value: object) -> ProviderError:
    """An `error` inside a 200 answer or a stream; without a status of its own it counts as the provider's fault."""
    message, code = _told({"error": value})
    status = _status_of(value, code)
    if status is None:
        return BadResponse("The provider reported an error instead of an answer.")
    return error_by_status(status, message=message, code=code)


def error_in(body: JsonObject) -> ProviderError | None:
    """The error that an answer or chunk is, or holds; None for a good one."""
    if body.get("error"):
        return parse_error_object(body["error"])
    return parse_error_object(body) if body.get("object") == "error" else None


def render_error(error: GatewayError, generation_id: str | None, metadata: JsonObject | None) -> bytes:
    """The client's error body (contract section 2.1)."""
    return render_error_envelope(error, generation_id, metadata)


def _told(body: object) -> tuple[str | None, str | None]:
    """Message and code, wherever this server puts them: under `error`, beside it, in `detail`, in a list."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return None, None
    inner = body.get("error", body)
    if isinstance(inner, str):
        return inner, _word(body.get("code")) or _word(body.get("type"))
    if not isinstance(inner, dict):
        return None, None
    message = next((text for key in ("message", "detail", "msg") if (text := _words(inner.get(key)))), None)
    code = _word(inner.get("code")) or _word(inner.get("type")) or _word(inner.get("status"))
    return message, code


def _words(value: object) -> str | None:
    """A message: text, or a list of what is wrong with which field (`{"loc": [...], "msg": ...}`), bare or in `detail`."""
    if isinstance(value, dict):
        value = value.get("detail")
    if not isinstance(value, list):
        return value if isinstance(value, str) and value else None
    told = []
    for item in value:
        text = item.get("msg") if isinstance(item, dict) else None
        if isinstance(text, str):
            place = item.get("loc")
            path = ".".join(map(str, place)) if isinstance(place, list) else ""
            told.append(f"{path}: {text}" if path else text)
    return "; ".join(told) or None


def _word(value: object) -> str | None:
    """A code that is a word; the HTTP status repeated as a number says nothing new."""
    return value if isinstance(value, str) and value and not value.isdigit() else None


def _status_of(value: object, code: str | None) -> int | None:
    if isinstance(value, dict):
        for key in ("code", "status", "status_code", "http_status", "raw_status_code"):
            number = value.get(key)
            if isinstance(number, str) and number.isdigit():
                number = int(number)
            if isinstance(number, int) and 400 <= number < 600:
                return number
        kind = value.get("type")
        if isinstance(kind, str) and code is not None:
            return STATUSES.get(code.lower()) or STATUSES.get(kind.lower())
    return None
