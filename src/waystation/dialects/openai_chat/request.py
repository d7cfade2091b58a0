"""A client's body -> `ChatRequest`: validated by the shapes in `wire`, unknown keys kept. Contract section 3.

Nearly all bodies have no unknown key, and are decoded straight into those shapes. Others are decoded as they are, so that
what has no meaning here can be told apart.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import DecodeError, ValidationError, convert, json, structs

from waystation.codec.request_body import decode_object, describe
from waystation.dialects.openai_chat.messages import parse_messages
from waystation.dialects.openai_chat.reasoning import parse_reasoning_options
from waystation.dialects.openai_chat.tools import parse_tool_choice, parse_tools
from waystation.dialects.openai_chat.wire import (
    FIELDS,
    FORMAT_KEYS,
    NAME,
    REQUEST_KEYS,
    SCHEMA_KEYS,
    USUAL_FIELDS,
    KnownRequest,
    WireRequest,
    unknown,
)
from waystation.errors import InvalidRequest
from waystation.operations.chat import (
    ChatRequest,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.parts import JsonObject, Text

_DECODE_KNOWN: Final = json.Decoder(KnownRequest).decode
_NOTHING_UNKNOWN: Final[JsonObject] = {}
_FORMATS: Final = frozenset({"text", "json_object", "json_schema", "grammar", "python"})
_VERBOSITIES: Final = ("low", "medium", "high", "xhigh", "max")
_ASKED: Final = {
    name: name
    for name in (
        "temperature", "top_p", "top_k", "min_p", "top_a", "frequency_penalty", "presence_penalty",
        "repetition_penalty", "seed", "logit_bias", "logprobs", "top_logprobs", "stop", "tools", "tool_choice",
        "parallel_tool_calls", "response_format", "reasoning", "include_reasoning", "verbosity", "web_search_options",
        "max_tokens",
    )
} | {
    "max_completion_tokens": "max_tokens",
    "reasoning_effort": "reasoning",
    "functions": "tools",
    "function_call": "tool_choice",
}  # fmt: skip
"""Keys that ask something of an endpoint, and how its `supported_parameters` spells them."""
_SAME: Final = frozenset(
    {
        "stream", "max_tokens", "temperature", "top_p", "top_k", "min_p", "top_a", "frequency_penalty",
        "presence_penalty", "repetition_penalty", "seed", "logit_bias", "logprobs", "top_logprobs", "n",
        "parallel_tool_calls", "verbosity", "prediction", "audio", "image_config", "metadata", "user",
        "session_id", "trace", "provider", "preset", "route", "cache_control", "prompt_cache_key",
        "prompt_cache_options", "max_tool_calls", "web_search_options", "x_search_filter",
    }
)  # fmt: skip
"""Keys that mean the same in `ChatRequest`, under the same name."""
_FIRST: Final = FIELDS.index("stream")
"""The fields before it are no parameters: what is said, and to which model."""
_USUAL: Final = USUAL_FIELDS[_FIRST:]
_ALL: Final = FIELDS[_FIRST:]
_UNUSUAL: Final = slice(len(_USUAL), len(_ALL))
_UNSAID: Final = (None,) * (len(FIELDS) - len(USUAL_FIELDS))


def parse_request(body: bytes) -> ChatRequest:
    """The request of `POST /chat/completions`; `InvalidRequest` names the field that is wrong."""
    try:
        wire = _DECODE_KNOWN(body)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        # Some key is unknown, or something is wrong: the long way keeps the one and names the other.
        return request_of(decode_object(body))
    return _translated(wire, _NOTHING_UNKNOWN)


def request_of(body: JsonObject, dialect: str = NAME, *, is_completion: bool = False) -> ChatRequest:
    """A decoded body, validated and translated. The legacy completions dialect comes here with its keys renamed."""
    try:
        wire = convert(body, WireRequest)
    except ValidationError as error:
        raise InvalidRequest(describe(error)) from None
    except RecursionError:
        raise InvalidRequest("The request body is nested too deeply.") from None
    return _translated(wire, body, dialect, is_completion=is_completion)


def _translated(
    wire: WireRequest, body: JsonObject, dialect: str = NAME, *, is_completion: bool = False
) -> ChatRequest:
    """`body` is what `wire` was made of, where unknown keys are found; empty where it has none."""
    fields: dict[str, Any] = {
        "dialect": dialect,
        "model": wire.model or None,
        "messages": _conversation(wire, body),
    }
    fields["sent"] = frozenset(_carry(wire, body, fields))
    if is_completion:
        fields["is_completion"] = True
    if body:
        fields["extras"] = unknown(body, REQUEST_KEYS)
    return ChatRequest(**fields)


def _carry(wire: WireRequest, body: JsonObject, fields: dict[str, Any]) -> list[str]:
    """Put what was said into `fields`, null and [] being unsaid; what it asks, in the words of `supported_parameters`."""
    values = structs.astuple(wire)[_FIRST:]
    names = _USUAL
    # One comparison tells that no unusual field was given, and that there is no need to look at each.
    if values[_UNUSUAL] != _UNSAID:
        names = _ALL
        _check_words(wire)
    asked: list[str] = []
    for name, value in zip(names, values):  # noqa: B905 - the rest is ignored or unsaid
        if value is None:
            continue
        if name in _SAME:
            fields[name] = value
        elif value == []:
            continue
        elif name in _TURNED:
            field, turn = _TURNED[name]
            fields[field] = turn(wire, body)
        if name in _ASKED:
            asked.append(_ASKED[name])
    if wire.response_format is not None and wire.response_format.type == "json_schema":
        asked.append("structured_outputs")
    return asked


def _conversation(wire: WireRequest, body: JsonObject) -> tuple[Message, ...]:
    if wire.messages:
        raw = body.get("messages")
        return parse_messages(wire.messages, raw if isinstance(raw, list) else None)
    if wire.messages is not None:
        raise InvalidRequest("messages: must hold at least one message.")
    if wire.prompt is None:
        raise InvalidRequest("messages: is required.")
    return (Message("user", (Text(wire.prompt),)),)


def _check_words(wire: WireRequest) -> None:
    """Fields whose values are words of a list, and those that need another field."""
    if wire.verbosity is not None and wire.verbosity not in _VERBOSITIES:
        raise InvalidRequest(f"verbosity: must be one of {', '.join(_VERBOSITIES)}.")
    if wire.route is not None and wire.route not in {"fallback", "sort"}:
        raise InvalidRequest("route: must be fallback or sort.")
    if wire.prediction is not None and wire.prediction.get("type") != "content":
        raise InvalidRequest("prediction.type: must be content.")
    if wire.top_logprobs is not None and not wire.logprobs:
        raise InvalidRequest("top_logprobs: needs logprobs to be true.")
    for modality in wire.modalities or ():
        if modality not in {"text", "image", "audio"}:
            raise InvalidRequest("modalities: may hold text, image and audio.")


def _response_format(request: WireRequest, body: JsonObject) -> ResponseFormat | None:
    wire = request.response_format
    if wire is None:
        return None
    if wire.type not in _FORMATS:
        raise InvalidRequest(
            "response_format.type: must be text, json_object, json_schema, grammar or python."
        )
    raw = body.get("response_format")
    extras = unknown(raw, FORMAT_KEYS) if isinstance(raw, dict) else None
    schema = wire.json_schema
    if wire.type != "json_schema":
        return ResponseFormat(wire.type, extras=extras)
    if schema is None:
        raise InvalidRequest("response_format.json_schema: is required.")
    inner = raw.get("json_schema") if isinstance(raw, dict) else None
    if isinstance(inner, dict) and (rest := unknown(inner, SCHEMA_KEYS)) is not None:
        extras = {**(extras or {}), "json_schema": rest}
    return ResponseFormat(
        "json_schema", schema.name, schema.schema, schema.strict, schema.description, extras
    )


def _stop(wire: WireRequest, _: JsonObject) -> tuple[str, ...]:
    return (wire.stop,) if isinstance(wire.stop, str) else tuple(wire.stop or ())


def _reasoning(wire: WireRequest, _: JsonObject) -> ReasoningOptions | None:
    return parse_reasoning_options(wire)


def _tools(wire: WireRequest, _: JsonObject) -> tuple[Tool, ...]:
    return parse_tools(wire.tools or (), wire.functions or ())


def _tool_choice(wire: WireRequest, _: JsonObject) -> ToolChoice | None:
    return parse_tool_choice(wire.tool_choice, wire.function_call)


_TURNED: Final[dict[str, tuple[str, Callable[[WireRequest, JsonObject], object]]]] = {
    "max_completion_tokens": ("max_tokens", lambda wire, _: wire.max_completion_tokens),
    "stop": ("stop", _stop),
    "response_format": ("response_format", _response_format),
    "tools": ("tools", _tools),
    "functions": ("tools", _tools),
    "tool_choice": ("tool_choice", _tool_choice),
    "function_call": ("tool_choice", _tool_choice),
    "reasoning": ("reasoning", _reasoning),
    "reasoning_effort": ("reasoning", _reasoning),
    "include_reasoning": ("reasoning", _reasoning),
    "models": ("models", lambda wire, _: tuple(wire.models or ())),
    "modalities": ("modalities", lambda wire, _: tuple(wire.modalities or ())),
    "plugins": ("plugins", lambda wire, _: tuple(wire.plugins or ())),
    "stop_server_tools_when": (
        "stop_server_tools_when",
        lambda wire, _: tuple(wire.stop_server_tools_when or ()),
    ),
    "service_tier": (
        "service_tier",
        lambda wire, _: "priority" if wire.service_tier == "fast" else wire.service_tier,
    ),
    "debug": (
        "echo_upstream_body",
        lambda wire, _: wire.debug is not None and wire.debug.get("echo_upstream_body") is True,
    ),
}
"""Keys whose meaning has another name or shape in `ChatRequest`: the field, and its value by the whole request."""
