"""Ollama's errors: `{"error": "..."}` as an answer, inside a 200, or as a line of a stream -> ours."""

from waystation.codec.dialect import Headers
from waystation.codec.json_answer import count_at, json_in, text_at
from waystation.codec.upstream_error import error_by_status, retry_after_of
from waystation.errors import BadResponse, ProviderError


def parse_error(status: int, headers: Headers, body: bytes) -> ProviderError:
    """What an answer with an error status means. Its text is quoted only where it speaks of the caller's request."""
    message, code = _told(json_in(body))
    return error_by_status(status, message=message, code=code, retry_after=retry_after_of(headers))


def parse_error_object(value: object) -> ProviderError:
    """An error in a stream or a 200 (the whole object): by the status it names, else the provider's fault."""
    message, code = _told(value)
    status = None
    if isinstance(value, dict):
        status = count_at(value, "status") or count_at(value, "status_code")
    if status is None or not 400 <= status < 600:
        return BadResponse("The provider reported an error instead of an answer.")
    return error_by_status(status, message=message, code=code)


def _told(value: object) -> tuple[str | None, str | None]:
    """Message and code; proxies before a server answer in OpenAI's shape, with both inside an object."""
    if not isinstance(value, dict):
        return None, None
    inner = value.get("error")
    if isinstance(inner, dict):
        return text_at(inner, "message"), text_at(inner, "code") or text_at(inner, "type")
    return (inner if isinstance(inner, str) else text_at(value, "message")), None
