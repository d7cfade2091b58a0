"""Google's error shape, `{"error": {"code", "message", "status", "details"}}`: as a whole answer, in a list, or in a stream."""

from typing import Final

from msgspec import json

from waystation.codec.dialect import Headers
from waystation.codec.json_answer import json_in
from waystation.codec.upstream_error import error_by_status, retry_after_of
from waystation.dialects.gemini.wire import object_of, objects_of, text_of
from waystation.errors import BadResponse, GatewayError, ProviderError
from waystation.operations.parts import JsonObject

STATUSES: Final = {
    "INVALID_ARGUMENT": 400,
    "OUT_OF_RANGE": 400,
    "FAILED_PRECONDITION": 403,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "ABORTED": 503,
    "CANCELLED": 503,
    "UNKNOWN": 500,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""What each canonical status means, whatever the HTTP status. A failed precondition is the account's: billing, region."""
_KEY_REASONS: Final = (
    "API_KEY_",
    "ACCESS_TOKEN_",
    "CREDENTIALS_MISSING",
    "SERVICE_DISABLED",
    "BILLING_DISABLED",
)
"""Reasons of an `ErrorInfo` that speak of the operator's credential; the API answers a wrong key with 400."""
_DETAIL: Final = "type.googleapis.com/google.rpc."
_NAMES: Final = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"} | {
    408: "DEADLINE_EXCEEDED", 413: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"
}  # fmt: skip


def parse_error(status: int, headers: Headers, body: bytes) -> ProviderError:
    """What an answer with an error status means."""
    found = _error_in(json_in(body))
    return _translate(found, _status_of(found) or status, retry_after_of(headers))


def parse_error_object(value: object) -> ProviderError:
    """The `error` of a chunk or of a 200 answer; without a status of its own it is the provider's fault."""
    found = object_of(value)
    status = _status_of(found)
    if status is None:
        return BadResponse("The provider reported an error instead of an answer.")
    return _translate(found, status, None)


def render_error(error: GatewayError, generation_id: str | None, metadata: JsonObject | None) -> bytes:
    """The client's error body in Google's shape; what is ours to fix says nothing of itself."""
    del generation_id
    message = "Internal Server Error" if error.status == 500 else error.message
    name = _NAMES.get(error.status, "INTERNAL" if error.status >= 500 else "FAILED_PRECONDITION")
    said = {"code": error.status, "message": message, "status": name, "details": _details(error)}
    body: JsonObject = {"error": said}
    if metadata is not None and error.status != 500:
        body["openrouter_metadata"] = metadata
    return json.encode(body)


def _details(error: GatewayError) -> list[JsonObject]:
    """What our envelope says elsewhere, in Google's own kinds of detail."""
    kind = "server" if error.status == 500 else error.error_type
    info: JsonObject = {"@type": f"{_DETAIL}ErrorInfo", "reason": kind.upper(), "domain": "waystation"}
    if error.availability is not None and error.status != 500:
        told = error.availability
        info["metadata"] = {
            "availability": told.code,
            "retryable": str(told.retryable).lower(),
            "requested_models": ",".join(told.requested_models),
        }
    details = [info]
    if error.retry_after is not None:
        details.append({"@type": f"{_DETAIL}RetryInfo", "retryDelay": f"{error.retry_after}s"})
    return details


def _translate(found: JsonObject, status: int, retry_after: int | None) -> ProviderError:
    delay = _retry_delay(found)
    return error_by_status(
        status,
        message=text_of(found.get("message")),
        code=_reason(found) or text_of(found.get("status")),
        retry_after=delay if retry_after is None else retry_after,
    )


def _error_in(decoded: object) -> JsonObject:
    """The error object: a stream that was refused answers with a list of one."""
    if isinstance(decoded, list):
        decoded = next(iter(decoded), None)
    body = object_of(decoded)
    inner = body.get("error")
    return {"message": inner} if isinstance(inner, str) else object_of(inner)


def _status_of(found: JsonObject) -> int | None:
    """By the credential's reason, then the canonical status, then the number."""
    reason = _reason(found)
    if reason is not None and reason.startswith(_KEY_REASONS):
        return 401
    name = text_of(found.get("status"))
    if name in STATUSES:
        return STATUSES[name]
    code = found.get("code")
    return code if isinstance(code, int) and 400 <= code < 600 else None


def _reason(found: JsonObject) -> str | None:
    reasons = (text_of(detail.get("reason")) for detail in objects_of(found.get("details")))
    return next((reason for reason in reasons if reason), None)


def _retry_delay(found: JsonObject) -> int | None:
    """Seconds, by a `RetryInfo` whose delay is written as `34.07s`."""
    for detail in objects_of(found.get("details")):
        delay = text_of(detail.get("retryDelay"))
        if delay is not None:
            return retry_after_of([(b"retry-after", delay.encode())])
    return None
