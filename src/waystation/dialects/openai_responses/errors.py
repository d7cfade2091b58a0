"""Errors of this wire, `{"error": {"type", "code", "message"}}` as an answer, in a response that failed, or in a stream -> ours, and back."""

from typing import Final

from waystation.codec.dialect import Headers
from waystation.codec.error_envelope import render_error_object
from waystation.codec.json_answer import json_in
from waystation.codec.upstream_error import error_by_status, retry_after_of
from waystation.dialects.openai_responses.wire import object_of, text_of
from waystation.errors import BadResponse, GatewayError, ProviderError
from waystation.operations.parts import JsonObject

STATUSES: Final = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "invalid_image": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "server_error": 500,
    "internal_error": 500,
    "server_is_overloaded": 503,
    "vector_store_timeout": 504,
}
"""Statuses of the codes and types, for errors that come without one of their own. Source: schema `ResponseErrorCode`."""
_BAD_IMAGE: Final = (
    "image_",
    "invalid_image",
    "invalid_base64_image",
    "unsupported_image",
    "empty_image_file",
    "failed_to_download_image",
)
_CODES: Final = {
    "rate_limit_exceeded": "rate_limit_exceeded",
    "context_length_exceeded": "invalid_prompt",
    "invalid_request": "invalid_prompt",
    "invalid_prompt": "invalid_prompt",
    "content_policy_violation": "image_content_policy_violation",
}
"""Codes of a response that failed, by our `error_type` (contract section 2.7); all others are the server's."""
TOO_LONG: Final = frozenset(
    {"context_length_exceeded", "max_tokens_exceeded", "token_limit_exceeded", "string_too_long"}
)
"""What is told as an answer that its length cut short (contract section 2.7)."""
NO_ANSWER: Final = "The provider reported an error instead of an answer."


def parse_error(status: int, headers: Headers, body: bytes) -> ProviderError:
    """What an answer with an error status means. Its text is quoted only where it speaks of the caller's request."""
    code, message = _told(object_of(json_in(body)))
    return error_by_status(status, message=message, code=code, retry_after=retry_after_of(headers))


def parse_error_object(value: object) -> ProviderError:
    """An `error` in a stream or a response; without a known code it is the provider's fault."""
    told = object_of(value)
    code, message = _told(told)
    status = told.get("status") or told.get("code")
    if not isinstance(status, int) or not 400 <= status < 600:
        status = _status_of(code, text_of(object_of(told.get("error", told)).get("type")))
    if status is None:
        return BadResponse(NO_ANSWER)
    return error_by_status(status, message=message, code=code)


def _status_of(code: str | None, kind: str) -> int | None:
    if code is not None and code.startswith(_BAD_IMAGE):
        return 400
    return STATUSES.get(code or "") or STATUSES.get(kind)


def _told(value: JsonObject) -> tuple[str | None, str | None]:
    """Code (else type) and message, from under `error` or from the object itself; xAI's `error` is the text alone."""
    inner = value.get("error", value)
    if isinstance(inner, str):
        return text_of(value.get("code")) or None, inner
    told = object_of(inner)
    return text_of(told.get("code")) or text_of(told.get("type")) or None, text_of(
        told.get("message")
    ) or None


def failure(error: GatewayError) -> JsonObject:
    """The fields of a response that this error ended (contract section 2.7)."""
    if error.error_type in TOO_LONG:
        return {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    kind = "server" if error.status == 500 else error.error_type
    message = render_error_object(error)["message"]
    return {
        "status": "failed",
        "error": {"code": _CODES.get(kind, "server_error"), "message": message},
        "error_type": kind,
    }
