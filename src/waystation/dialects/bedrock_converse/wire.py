"""The words of Converse that more than one file needs, and careful access to JSON of unknown shape."""

from collections.abc import Set as AbstractSet
from typing import Final

from waystation.operations.parts import JsonObject

NAME: Final = "bedrock_converse"
CLAUDE_FORMAT: Final = "anthropic-claude-v1"
"""The `format` of reasoning details that Claude made and signed (contract section 11)."""
ANSWER_TOOL: Final = "waystation_structured_answer"
"""A tool of ours, forced where a model has no structured output of its own; its input is the answer's text."""
BLOCK: Final = "converse_block"
"""The `Opaque.kind` of a content block that the neutral form has no word for; its value is the block, whole."""
MEDIA_BLOCKS: Final = ("image", "document", "video", "audio")


def text_of(value: object) -> str | None:
    """A string that says something, else None."""
    return value if isinstance(value, str) and value else None


def object_of(value: object) -> JsonObject:
    """An object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[JsonObject]:
    """The objects of a list; empty where it is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def whole_of(value: object) -> int:
    """A count; 0 where it is none."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0


def rest_of(value: JsonObject, known: AbstractSet[str]) -> JsonObject | None:
    """The fields that have no word of ours; None where there are none."""
    return {key: item for key, item in value.items() if key not in known and item is not None} or None


def cache_mark(block: JsonObject) -> JsonObject:
    """A `cachePoint` as the `cache_control` it stands for."""
    ttl = text_of(object_of(block.get("cachePoint")).get("ttl"))
    return {"type": "ephemeral"} if ttl is None else {"type": "ephemeral", "ttl": ttl}
