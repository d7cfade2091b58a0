"""Whole answers as JSON objects, read without trust, and the errors that providers put into them in a dozen shapes."""

from typing import Final

from msgspec import DecodeError, json

from waystation.codec.dialect import Headers
from waystation.codec.upstream_error import error_by_status, retry_after_of
from waystation.errors import BadResponse, ProviderError
from waystation.operations.parts import JsonObject

_DECODE: Final = json.Decoder().decode
_HOLDERS: Final = ("error", "detail", "errors")
_MESSAGES: Final = ("message", "Message", "msg", "detail", "error", "title")
_CODES: Final = ("code", "type", "status", "error_type")


def decode_answer(body: bytes) -> JsonObject:
    """The object in a success; `BadResponse` where it is none, or says that it is an error."""
    value = object_in(body)
    if value.get("error"):
        raise _error_in(value)
    return value


def object_in(body: bytes) -> JsonObject:
    """The object that an answer is, be it one that tells of an error; `BadResponse` where it is none."""
    value = json_in(body)
    if not isinstance(value, dict):
        raise BadResponse("The provider's answer is no JSON object.")
    return value


def json_in(body: bytes) -> object:
    """What a body of any kind holds; None where that is no JSON."""
    try:
        return _DECODE(body)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return None


def parse_json_error(status: int, headers: Headers, body: bytes) -> ProviderError:
    """What an answer with an error status means, whichever shape its body has."""
    message, code = _told(json_in(body))
    return error_by_status(status, message=message, code=code, retry_after=retry_after_of(headers))


def text_at(value: JsonObject, key: str) -> str | None:
    """The text under this key, None where there is none."""
    found = value.get(key)
    return found if isinstance(found, str) else None


def object_at(value: JsonObject, key: str) -> JsonObject:
    """The object under this key, an empty one where there is none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def objects_at(value: JsonObject, key: str) -> list[JsonObject]:
    """The objects in the list under this key; `BadResponse` where there is no list, or something else in it."""
    found = value.get(key)
    if not isinstance(found, list):
        raise BadResponse(f"The provider's answer has no {key}.")
    objects = [item for item in found if isinstance(item, dict)]
    if len(objects) < len(found):
        raise BadResponse(f"The provider's answer has {key} that are none.")
    return objects


def count_at(value: JsonObject, key: str) -> int | None:
    """The counter under this key; None where there is none or it is no counter."""
    found = value.get(key)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _error_in(value: JsonObject) -> ProviderError:
    message, code = _told(value)
    inner = object_at(value, "error")
    status = count_at(inner, "code") or count_at(inner, "status")
    if status is None or not 400 <= status < 600:
        return BadResponse("The provider reported an error instead of an answer.")
    return error_by_status(status, message=message, code=code)


def _told(value: object) -> tuple[str | None, str | None]:
    """Message and code of an error, which may be a list, an object, text, or within another."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str):
        return value, None
    if not isinstance(value, dict):
        return None, None
    for holder in _HOLDERS:
        inner = value.get(holder)
        if isinstance(inner, dict | list) and inner:
            return _told(inner)
    message = next((text for key in _MESSAGES if (text := text_at(value, key))), None)
    return message, next((text for key in _CODES if (text := text_at(value, key))), None)
