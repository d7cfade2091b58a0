"""Chat: a conversation goes in, one or more choices come out. The neutral form that every dialect parses and renders.

Fields that no dialect but the caller's own understands ride in `extras`, as JSON. Nothing here knows a wire format.
"""

from msgspec import Struct

from waystation.errors import GatewayError
from waystation.operations.parts import JsonObject, Part
from waystation.operations.preferences import ProviderPreferences
from waystation.operations.usage import Usage


class Message(Struct, frozen=True):
    """One turn. `role` is system, developer, user, assistant or tool (whose parts are `ToolResult`s)."""

    role: str
    parts: tuple[Part, ...]
    name: str | None = None
    extras: JsonObject | None = None


class Tool(Struct, frozen=True):
    """A function the model may call, or (`kind` other than "function") a tool only some endpoints know, in `value`."""

    name: str
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None
    cache_control: JsonObject | None = None
    kind: str = "function"
    value: JsonObject | None = None
    extras: JsonObject | None = None
    is_group: bool = False
    """It only holds functions, which stand in the list themselves too, for wires that know no groups."""


class ToolChoice(Struct, frozen=True):
    """`mode`: none, auto, required, named (then `name`), or opaque (then `value`)."""

    mode: str
    name: str | None = None
    value: JsonObject | None = None
    allowed: frozenset[str] = frozenset()
    """Names of the tools that may be called, where these are not all."""


class ResponseFormat(Struct, frozen=True):
    """`kind`: text, json_object, json_schema, grammar, python. `schema` and its name belong to json_schema."""

    kind: str
    name: str | None = None
    schema: JsonObject | None = None
    strict: bool | None = None
    description: str | None = None
    extras: JsonObject | None = None


class ReasoningOptions(Struct, frozen=True):
    """How much to think, and what of it to show (contract section 11). `max_tokens` is a budget in tokens."""

    effort: str | None = None
    max_tokens: int | None = None
    exclude: bool | None = None
    enabled: bool | None = None
    summary: str | None = None
    context: str | None = None
    mode: str | None = None


class ChatRequest(Struct, frozen=True):
    """One chat completion asked for. None means: not said; sampling parameters are never defaulted."""

    dialect: str
    model: str | None
    messages: tuple[Message, ...]
    models: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = True
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    top_a: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    n: int | None = None
    stop: tuple[str, ...] | None = None
    response_format: ResponseFormat | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: ReasoningOptions | None = None
    verbosity: str | None = None
    prediction: JsonObject | None = None
    modalities: tuple[str, ...] | None = None
    audio: JsonObject | None = None
    image_config: JsonObject | None = None
    service_tier: str | None = None
    metadata: dict[str, str] | None = None
    user: str | None = None
    session_id: str | None = None
    trace: JsonObject | None = None
    provider: ProviderPreferences | None = None
    plugins: tuple[JsonObject, ...] = ()
    preset: str | None = None
    route: str | None = None
    cache_control: JsonObject | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: JsonObject | None = None
    max_tool_calls: int | None = None
    stop_server_tools_when: tuple[JsonObject, ...] | None = None
    web_search_options: JsonObject | None = None
    x_search_filter: JsonObject | None = None
    echo_upstream_body: bool = False
    betas: tuple[str, ...] = ()
    """Features in beta that the caller asks for, in Anthropic's words; endpoints of other wires know none of them."""
    is_completion: bool = False
    """Asked as a legacy text completion: one user message that holds the prompt."""
    sent: frozenset[str] = frozenset()
    """Names of the sampling and output parameters the caller really sent, as `supported_parameters` spells them."""
    extras: JsonObject | None = None


class Choice(Struct, frozen=True):
    """One answer. `finish_reason` is stop, length, tool_calls, content_filter or error; the native one is as it came."""

    index: int
    parts: tuple[Part, ...]
    finish_reason: str | None
    native_finish_reason: str | None = None
    logprobs: JsonObject | None = None
    annotations: tuple[JsonObject, ...] = ()
    message_extras: JsonObject | None = None
    extras: JsonObject | None = None
    error: GatewayError | None = None
    """Why it broke off, where `finish_reason` is error: what came until then is in `parts`."""


class ChatResult(Struct, frozen=True):
    """A whole answer. `created` is Unix seconds; `usage` None where the provider reported none."""

    dialect: str
    upstream_id: str | None
    model: str | None
    created: int | None
    choices: tuple[Choice, ...]
    usage: Usage | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    extras: JsonObject | None = None
