"""Words of this wire that several files here need. Source: Anthropic's API reference of `POST /v1/messages`."""

from typing import Final

from waystation.operations.parts import JsonObject

NAME: Final = "anthropic_messages"
ORIGIN: Final = "anthropic-claude-v1"
"""What `Reasoning.origin` says of thinking that Claude made (contract section 11)."""
ANSWER_TOOL: Final = "answer_in_json"
"""The tool that stands for a structured answer where the model has no native one; its call is read as text."""
THINKING_FIELDS: Final = ("thinking", "output_config")
IN_PLACE: Final[JsonObject] = {"in_place": True}
"""The `Message.extras` of instructions that stand among the turns, where newer models take them."""
SERVER_TOOLS: Final = frozenset({"server_tool_use", "mcp_tool_use"})
"""Calls that the provider answers itself: never the client's to answer."""


def object_of(value: object) -> JsonObject:
    """The object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def text_at(value: JsonObject, key: str) -> str | None:
    """The text under this key, None where there is none."""
    found = value.get(key)
    return found if isinstance(found, str) else None


def count_at(value: JsonObject, key: str) -> int:
    """The counter under this key; 0 where there is none or it is no counter."""
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0
