"""Words of this wire that several files here need. Source: Ollama's API reference of `POST /api/chat`."""

from datetime import datetime
from typing import Final

from waystation.operations.parts import JsonObject

NAME: Final = "ollama"


def text_at(value: JsonObject, key: str) -> str | None:
    """The text under this key, None where there is none."""
    found = value.get(key)
    return found if isinstance(found, str) else None


def object_at(value: JsonObject, key: str) -> JsonObject:
    """The object under this key, an empty one where there is none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def list_at(value: JsonObject, key: str) -> list[object]:
    """The list under this key, an empty one where there is none."""
    found = value.get(key)
    return found if isinstance(found, list) else []


def count_at(value: JsonObject, key: str) -> int | None:
    """The counter under this key; None where there is none or it is no counter."""
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def created_of(value: JsonObject) -> int | None:
    """`created_at` as Unix seconds; None where it is no time."""
    try:
        return int(datetime.fromisoformat(text_at(value, "created_at") or "").timestamp())
    except (ValueError, OverflowError, OSError):
        return None
