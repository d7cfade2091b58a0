"""Words of this wire that several files here need. Source: OpenAI's API reference, "Responses"."""

from collections.abc import Set as AbstractSet
from typing import Final

from waystation.operations.parts import JsonObject

NAME: Final = "openai_responses"
ORIGIN: Final = "openai-responses-v1"
"""What `Reasoning.origin` says of thoughts that OpenAI made; other hosts of this wire have words of their own (contract section 11)."""
ITEM: Final = "responses_item"
"""The `Opaque.kind` of an item that the neutral form has no word for: the provider's own tools, compactions ..."""
CONTENT: Final = "responses_content"
"""The same, of a piece of a message's content."""
INSTRUCTIONS: Final[JsonObject] = {"instructions": True}
"""The `Message.extras` of what stood in the field of this name."""


def text_of(value: object) -> str:
    """The text; empty where it is none."""
    return value if isinstance(value, str) else ""


def object_of(value: object) -> JsonObject:
    """The object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[JsonObject]:
    """The objects of a list; empty where it is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count_of(value: object) -> int:
    """A counter; 0 where it is none."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else 0


def index_of(value: object) -> int:
    """A position; 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def rest_of(value: JsonObject, known: AbstractSet[str]) -> JsonObject | None:
    """The fields that have no word of ours; None where there are none."""
    return {key: item for key, item in value.items() if key not in known and item is not None} or None
