"""Bedrock's errors: an HTTP answer, or an exception inside an event stream -> ours; and ours as Bedrock would say it.

The type is in `x-amzn-errortype` (up to a colon), in `__type` of the body (behind a hash), or in an event's headers.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import json

from waystation.codec.dialect import Headers
from waystation.codec.json_answer import json_in
from waystation.codec.upstream_error import error_by_status, retry_after_of
from waystation.dialects.bedrock_converse.wire import object_of, text_of
from waystation.errors import GatewayError, ProviderError
from waystation.operations.parts import JsonObject

STATUSES: Final = {
    "accessdenied": 403,
    "badrequest": 400,
    "expiredtoken": 403,
    "incompletesignature": 403,
    "internalfailure": 500,
    "internalserver": 500,
    "invalidsignature": 403,
    "missingauthenticationtoken": 403,
    "modelerror": 500,
    "modelnotready": 429,
    "modelstreamerror": 500,
    "modeltimeout": 408,
    "resourcenotfound": 404,
    "servicequotaexceeded": 429,
    "serviceunavailable": 503,
    "throttling": 429,
    "toomanyrequests": 429,
    "unrecognizedclient": 403,
    "validation": 400,
}
"""What each exception means, whatever status it came with: ModelErrorException comes with 424, though the model failed."""
_ARN: Final = re.compile(r"arn:aws\S*")
"""Names the operator's account."""
_UNKNOWN_MODEL: Final = re.compile(
    r"model identifier is invalid|on-demand throughput|reached the end of its life|model(?: version)? is (?:marked"
    r" (?:by provider )?as )?legacy|doesn't support the model|model .{0,80}(?:not found|does not exist|not available)",
    re.IGNORECASE,
)
"""A ValidationException about the model the operator or the catalogue named, not about the caller's request."""


def parse_error(status: int, headers: Headers, body: bytes) -> ProviderError:
    """What an answer with an error status means."""
    told = object_of(json_in(body))
    named = next((value for name, value in headers if name.lower() == b"x-amzn-errortype"), b"")
    code = _plain(named.decode("latin-1")) or _plain(text_of(told.get("__type")) or "")
    return _error(code, status, told, retry_after_of(headers))


def parse_exception(headers: Mapping[str, str], payload: bytes) -> ProviderError:
    """What an event of the type `exception` or `error` means."""
    told = object_of(json_in(payload))
    code = _plain(headers.get(":exception-type") or headers.get(":error-code") or "")
    told.setdefault("message", headers.get(":error-message"))
    return _error(code, 500, told, None)


def _error(code: str | None, status: int, told: JsonObject, retry_after: int | None) -> ProviderError:
    message = (
        text_of(told.get("message")) or text_of(told.get("Message")) or text_of(told.get("originalMessage"))
    )
    if code is not None and status not in {401, 403}:
        status = STATUSES.get(code.lower().removesuffix("exception"), status)
    if status == 400 and message is not None and _UNKNOWN_MODEL.search(message):
        status = 404
    if message is not None:
        message = _ARN.sub("[removed]", message)
    return error_by_status(status, message=message, code=code, retry_after=retry_after)


def _plain(name: str) -> str | None:
    """`ThrottlingException` of `com.amazon.coral#ThrottlingException` and of `ThrottlingException:http://...`."""
    return name.partition(":")[0].rpartition("#")[2].strip() or None


_TYPES: Final = {
    400: "ValidationException",
    401: "AccessDeniedException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}


def error_type(error: GatewayError) -> str:
    """The name Bedrock has for this kind of failure."""
    return _TYPES.get(
        error.status, "ValidationException" if error.status < 500 else "InternalServerException"
    )


def render_error(error: GatewayError) -> bytes:
    """The body of an error answer; a 500 says nothing but that it is one."""
    message = "Internal Server Error" if error.status == 500 else error.message
    return json.encode({"__type": error_type(error), "message": message})
