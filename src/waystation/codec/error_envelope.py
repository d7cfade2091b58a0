"""The error body of every skin but Anthropic's: contract section 2.1. It knows our error tree and no wire format."""

from typing import Final

from msgspec import json, to_builtins

from waystation.errors import Availability, GatewayError, TooManyRequests
from waystation.operations.parts import JsonObject

DOCS_PATH: Final = "/docs/errors"
"""Where the gateway explains them, below its root."""
MASKED_MESSAGE: Final = "Internal Server Error"


def render_error_envelope(
    error: GatewayError, generation_id: str | None = None, metadata: JsonObject | None = None
) -> bytes:
    """The body as JSON. `metadata` is the router's, sent beside `error`; a 500 says nothing but that it is one.

    The generation id travels in the header `X-Generation-Id`; this envelope has no field for it.
    """
    del generation_id
    body: JsonObject = {"error": render_error_object(error)}
    if metadata is not None and error.status != 500:
        body["openrouter_metadata"] = metadata
    return json.encode(body)


def error_headers(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """What an error says in headers: when to come again, and of a rate limit how much it lets through (contract section 1)."""
    headers = []
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    if isinstance(error, TooManyRequests):
        headers += [
            (b"x-ratelimit-limit", b"%d" % error.limit),
            (b"x-ratelimit-remaining", b"0"),
            (b"x-ratelimit-reset", b"%d" % error.reset),
        ]
    return headers


def render_error_object(error: GatewayError) -> JsonObject:
    """The value of `error`: integer code, message, metadata, and the availability where a model cannot be served."""
    masked = error.status == 500
    details: JsonObject = {"error_type": "server" if masked else error.error_type}
    if error.provider_code is not None and not masked:
        details["provider_code"] = error.provider_code
    if error.previous and not masked:
        details["previous_errors"] = [to_builtins(attempt) for attempt in error.previous]
    body: JsonObject = {
        "code": error.status,
        "message": MASKED_MESSAGE if masked else error.message,
        "metadata": details,
    }
    if error.availability is not None and not masked:
        body["error_type"] = error.error_type
        body["http_status"] = error.status
        body["availability"] = _render_availability(error.availability)
    return body


def render_stream_error_object(error: GatewayError) -> JsonObject:
    """The value of `error` in a chunk or choice: code, message, and metadata with `error_type` and `provider_code`."""
    masked = error.status == 500
    details: JsonObject = {"error_type": "server" if masked else error.error_type}
    if error.provider_code is not None and not masked:
        details["provider_code"] = error.provider_code
    return {
        "code": error.status,
        "message": MASKED_MESSAGE if masked else error.message,
        "metadata": details,
    }


def _render_availability(availability: Availability) -> JsonObject:
    body: JsonObject = to_builtins(availability)
    body["docs_url"] = f"{availability.docs_root}{DOCS_PATH}#{availability.code}"
    body.pop("docs_root", None)
    return body
