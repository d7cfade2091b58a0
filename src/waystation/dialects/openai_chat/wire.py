"""The shapes of a chat request on the wire, for validation only: types, ranges, and which keys have a meaning here.

Ranges are contract section 3's. Unknown keys are no error at any level; whoever parses finds them by comparing with the
`*_KEYS` sets and keeps them. The `Known*` shapes are the same, for bodies without any such key.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from waystation.operations.parts import JsonObject
from waystation.operations.preferences import ModelNames, Name, ProviderPreferences

NAME: Final = "openai_chat"

Limit = Annotated[int, Meta(ge=1, le=2**53)]
Share = Annotated[float, Meta(ge=0, le=1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
ShortText = Annotated[str, Meta(max_length=256)]
Bias = Annotated[float, Meta(ge=-100, le=100)]
MetadataKey = Annotated[str, Meta(max_length=64)]
MetadataValue = Annotated[str, Meta(max_length=512)]


class WireReasoning(Struct):
    """The `reasoning` object of a request; contract section 11."""

    effort: str | None = None
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    exclude: bool | None = None
    enabled: bool | None = None
    summary: str | None = None
    context: str | None = None
    mode: str | None = None


class WireFunction(Struct):
    """What a function tool is, and what the deprecated `functions` hold."""

    name: Annotated[str, Meta(max_length=64, pattern="^[A-Za-z0-9_-]+$")]
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None


class WireJsonSchema(Struct):
    """The value of `response_format.json_schema`."""

    name: str
    schema: JsonObject | None = None
    strict: bool | None = None
    description: str | None = None


class WireResponseFormat(Struct):
    """The `response_format` object."""

    type: str
    json_schema: WireJsonSchema | None = None


class WireCallFunction(Struct):
    """Name and arguments of a call; arguments are a JSON string, or an object that careless clients send."""

    name: str
    arguments: str | JsonObject | None = None


class WireToolCall(Struct):
    """One of an assistant message's `tool_calls`, if it is a function's."""

    id: str
    function: WireCallFunction


class WireMessage(Struct, gc=False):
    """A message of any role; which fields a role needs is checked where it is parsed."""

    role: str
    content: str | list[JsonObject] | None = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[JsonObject] | None = None
    function_call: WireCallFunction | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    reasoning_details: list[JsonObject] | None = None
    refusal: str | None = None
    images: list[JsonObject] | None = None
    audio: JsonObject | None = None


class WireRequest(Struct, gc=False):
    """The body of `POST /chat/completions`. Fields of messages and tools are validated where they are parsed.

    Up to `user` stand the fields that nearly all requests make do with; see `USUAL_FIELDS`.
    """

    messages: Sequence[WireMessage] | None = None
    prompt: str | None = None
    model: Name | None = None
    stream: bool | None = None
    max_tokens: Limit | None = None
    max_completion_tokens: Limit | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    stop: str | Annotated[list[str], Meta(max_length=4)] | None = None
    tools: list[JsonObject] | None = None
    tool_choice: str | JsonObject | None = None
    parallel_tool_calls: bool | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    response_format: WireResponseFormat | None = None
    user: ShortText | None = None
    models: ModelNames | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    min_p: Share | None = None
    top_a: Share | None = None
    repetition_penalty: Annotated[float, Meta(gt=0, le=2)] | None = None
    logit_bias: dict[str, Bias] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    functions: list[WireFunction] | None = None
    function_call: str | JsonObject | None = None
    reasoning: WireReasoning | None = None
    reasoning_effort: str | None = None
    include_reasoning: bool | None = None
    verbosity: str | None = None
    prediction: JsonObject | None = None
    modalities: list[str] | None = None
    audio: JsonObject | None = None
    image_config: JsonObject | None = None
    service_tier: str | None = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=16)] | None = None
    session_id: ShortText | None = None
    trace: JsonObject | None = None
    provider: ProviderPreferences | None = None
    plugins: list[JsonObject] | None = None
    preset: Name | None = None
    route: str | None = None
    cache_control: JsonObject | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: JsonObject | None = None
    max_tool_calls: Annotated[int, Meta(ge=1, le=30)] | None = None
    stop_server_tools_when: list[JsonObject] | None = None
    web_search_options: JsonObject | None = None
    x_search_filter: JsonObject | None = None
    debug: JsonObject | None = None


class KnownMessage(WireMessage, forbid_unknown_fields=True, gc=False):
    """A message without unknown keys."""


class KnownJsonSchema(WireJsonSchema, forbid_unknown_fields=True):
    """The value of `response_format.json_schema`, without unknown keys."""


class KnownResponseFormat(WireResponseFormat, forbid_unknown_fields=True):
    """The `response_format` object, without unknown keys."""

    json_schema: KnownJsonSchema | None = None


class KnownRequest(WireRequest, forbid_unknown_fields=True, gc=False):
    """A body without unknown keys but for those of tools, calls and parts, which are found where these are parsed.

    The last three are accepted, and without effect: usage is always sent.
    """

    messages: Sequence[KnownMessage] | None = None
    response_format: KnownResponseFormat | None = None
    stream_options: object = None
    usage: object = None
    transforms: object = None


REQUEST_KEYS: Final = frozenset(KnownRequest.__struct_fields__)
FIELDS: Final = WireRequest.__struct_fields__
USUAL_FIELDS: Final = FIELDS[: FIELDS.index("user") + 1]
MESSAGE_KEYS: Final = frozenset(WireMessage.__struct_fields__)
FUNCTION_KEYS: Final = frozenset(WireFunction.__struct_fields__)
TOOL_KEYS: Final = frozenset({"type", "function", "cache_control"})
CALL_KEYS: Final = frozenset({"id", "type", "function", "index"})
CALL_FUNCTION_KEYS: Final = frozenset(WireCallFunction.__struct_fields__)
SCHEMA_KEYS: Final = frozenset(WireJsonSchema.__struct_fields__)
FORMAT_KEYS: Final = frozenset(WireResponseFormat.__struct_fields__)


def unknown(value: JsonObject, keys: frozenset[str]) -> JsonObject | None:
    """What of this object has no meaning here: None, or the rest to be kept for the same dialect."""
    for key in value:
        if key not in keys:
            return {name: field for name, field in value.items() if name not in keys}
    return None
