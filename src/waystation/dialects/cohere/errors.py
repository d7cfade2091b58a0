"""Cohere's errors, `{"error_type"?, "id", "message"}` -> ours. The type is a word in capitals, and mostly not there."""

from typing import Final

from waystation.codec.dialect import Headers
from waystation.codec.json_answer import json_in
from waystation.codec.upstream_error import error_by_status, retry_after_of
from waystation.dialects.cohere.wire import object_of, text_of
from waystation.errors import ProviderError

_CANCELLED: Final = 499
"""What Cohere answers where it gave up a request itself."""
_BLOCKED: Final = 498
"""What Cohere answers where a request is against its policy or a secret was found in it."""


def parse_error(status: int, headers: Headers, body: bytes) -> ProviderError:
    """What an answer with an error status means. Its text is quoted only where it speaks of the caller's request."""
    told = object_of(json_in(body))
    message, code = text_of(told.get("message")), text_of(told.get("error_type")) or None
    if status == _BLOCKED:
        status, code = 400, "content_policy"
    elif status == _CANCELLED:
        status = 503
    elif code == "TOO_MANY_TOKENS":
        message = f"Too many tokens: {message}"
    return error_by_status(status, message=message, code=code, retry_after=retry_after_of(headers))
