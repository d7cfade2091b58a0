"""Words of this wire that several files here need. Source: Ollama's API reference of `POST /api/chat`."""

from datetime import datetime
from typing import Final

from waystation.codec.json_answer import text_at
from waystation.operations.parts import JsonObject

NAME: Final = "ollama"


def list_at(value: JsonObject, key: str) -> list[object]:
    """The list under this key, an empty one where there is none."""
    found = value.get(key)
    return found if isinstance(found, list) else []


def created_of(value: JsonObject) -> int | None:
    """`created_at` as Unix seconds; None where it is no time."""
    try:
        return int(datetime.fromisoformat(text_at(value, "created_at") or "").timestamp())
    except (ValueError, OverflowError, OSError):
        return None
