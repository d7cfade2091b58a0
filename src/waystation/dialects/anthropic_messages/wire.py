"""Words of this wire that several files here need. Source: Anthropic's API reference of `POST /v1/messages`."""

from typing import Annotated, Final

from msgspec import Meta

from waystation.codec.request_body import GatewayFields
from waystation.operations.parts import JsonObject
from waystation.operations.preferences import Name

NAME: Final = "anthropic_messages"
ORIGIN: Final = "anthropic-claude-v1"
"""What `Reasoning.origin` says of thinking that Claude made (contract section 11)."""
ANSWER_TOOL: Final = "answer_in_json"
"""The tool that stands for a structured answer where the model has no native one; its call is read as text."""
THINKING_FIELDS: Final = ("thinking", "output_config")
IN_PLACE: Final[JsonObject] = {"in_place": True}
"""The `Message.extras` of instructions that stand among the turns, where newer models take them."""
TEXT_KEYS: Final = frozenset({"type", "text"})
CALL_KEYS: Final = frozenset({"type", "id", "name", "input"})
THOUGHT_KEYS: Final = frozenset({"type", "thinking", "signature"})
HIDDEN_KEYS: Final = frozenset({"type", "data"})
"""Of blocks in an answer: what the neutral form has words for."""
MESSAGE_KEYS: Final = frozenset({"id", "type", "role", "model", "content", "stop_reason", "usage"})
"""The same, of the answer itself."""
SERVER_TOOLS: Final = frozenset({"server_tool_use", "mcp_tool_use"})
"""Calls that the provider answers itself: never the client's to answer."""


def object_of(value: object) -> JsonObject:
    """The object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def text_at(value: JsonObject, key: str) -> str | None:
    """The text under this key, None where there is none."""
    found = value.get(key)
    return found if isinstance(found, str) else None


def rest_of(value: JsonObject, known: frozenset[str]) -> JsonObject | None:
    """The fields that have no word of ours, null being unsaid; None where there are none."""
    return {key: item for key, item in value.items() if key not in known and item is not None} or None


def count_at(value: JsonObject, key: str) -> int:
    """The counter under this key; 0 where there is none or it is no counter."""
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0


class WireRequest(GatewayFields):
    """The body of `POST /messages`. Blocks and tools are looked at where they are parsed. Source: schema `MessagesRequest`."""

    model: Name | None = None
    messages: list[object] | None = None
    system: str | list[object] | None = None
    max_tokens: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None
    thinking: JsonObject | None = None
    tools: list[object] | None = None
    tool_choice: JsonObject | None = None
    metadata: JsonObject | None = None
    service_tier: str | None = None
    output_config: JsonObject | None = None
    context_management: JsonObject | None = None
    cache_control: JsonObject | None = None
    fallbacks: list[object] | None = None
