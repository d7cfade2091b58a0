"""Words of this wire that several files here need. Source: Cohere's API reference of `POST /v2/chat`."""

from collections.abc import Set as AbstractSet
from typing import Final

from waystation.operations.parts import JsonObject

NAME: Final = "cohere"
PLAN: Final = "tool_plan"
"""The `Reasoning.id` of what the model says before it calls tools: the wire has a field of its own for it."""
DOCUMENT: Final = "cohere_document"
"""The `Opaque.kind` of a document among a tool's results; its value is the block, whole."""


def text_of(value: object) -> str:
    """The text; empty where it is none."""
    return value if isinstance(value, str) else ""


def object_of(value: object) -> JsonObject:
    """The object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[JsonObject]:
    """The objects of a list, or the one object that stands where a list might."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count_of(value: object) -> int:
    """A counter; 0 where it is none."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else 0


def rest_of(value: JsonObject, known: AbstractSet[str]) -> JsonObject | None:
    """The fields that have no word of ours; None where there are none."""
    return {key: item for key, item in value.items() if key not in known and item is not None} or None
