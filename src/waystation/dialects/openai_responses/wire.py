"""Words of this wire that several files here need. Source: OpenAI's API reference, "Responses"."""

from collections.abc import Set as AbstractSet
from typing import Annotated, Final

from msgspec import Meta, Struct

from waystation.codec.request_body import GatewayFields
from waystation.operations.parts import JsonObject
from waystation.operations.preferences import Name

NAME: Final = "openai_responses"
ORIGIN: Final = "openai-responses-v1"
"""What `Reasoning.origin` says of thoughts that OpenAI made; other hosts of this wire have words of their own (contract section 11)."""
ITEM: Final = "responses_item"
"""The `Opaque.kind` of an item that the neutral form has no word for: the provider's own tools, compactions ..."""
CONTENT: Final = "responses_content"
"""The same, of a piece of a message's content."""
WHOLE: Final = "item"
"""The key in the `extras` of a call or result whose item says more than a function's: there it stands whole."""
RESULT_KEYS: Final = frozenset(
    {
        "id",
        "object",
        "created_at",
        "completed_at",
        "status",
        "model",
        "output",
        "error",
        "incomplete_details",
        "usage",
    }
)
"""Of a response: what the neutral form has words for, or is told anew."""
NAMESPACE: Final = "namespace"
"""The key in the `extras` of a tool that stands in a namespace of this name, which holds it for this wire."""
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


_Penalty = Annotated[float, Meta(ge=-2, le=2)]
_Key = Annotated[str, Meta(max_length=64)]
_Value = Annotated[str, Meta(max_length=512)]


class WireReasoning(Struct):
    """The `reasoning` object of a request; contract section 11."""

    effort: str | None = None
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    enabled: bool | None = None
    exclude: bool | None = None
    summary: str | None = None
    generate_summary: str | None = None
    context: str | None = None
    mode: str | None = None


class WireRequest(GatewayFields):
    """The body of `POST /responses`. Items and tools are looked at where they are parsed. Source: schema `ResponsesRequest`."""

    model: Name | None = None
    input: str | list[object] | None = None
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    frequency_penalty: _Penalty | None = None
    presence_penalty: _Penalty | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    tools: list[object] | None = None
    tool_choice: str | JsonObject | None = None
    parallel_tool_calls: bool | None = None
    reasoning: WireReasoning | None = None
    text: JsonObject | None = None
    include: list[str] | None = None
    metadata: Annotated[dict[_Key, _Value], Meta(max_length=16)] | None = None
    truncation: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    modalities: list[str] | None = None
    image_config: JsonObject | None = None
    cache_control: JsonObject | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: JsonObject | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
