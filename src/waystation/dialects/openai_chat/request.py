"""A client's body -> `ChatRequest`: decoded once, validated by the shapes in `wire`, unknown keys kept. Contract section 3."""

from typing import Any, Final

from msgspec import DecodeError, ValidationError, convert, json

from waystation.dialects.openai_chat.messages import parse_messages
from waystation.dialects.openai_chat.reasoning import parse_reasoning_options
from waystation.dialects.openai_chat.tools import describe, parse_tool_choice, parse_tools
from waystation.dialects.openai_chat.wire import (
    FORMAT_KEYS,
    NAME,
    REQUEST_KEYS,
    SCHEMA_KEYS,
    WireRequest,
    WireResponseFormat,
    unknown,
)
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, Message, ResponseFormat
from waystation.operations.parts import JsonObject, Text

_DECODE: Final = json.Decoder().decode
_FORMATS: Final = frozenset({"text", "json_object", "json_schema", "grammar", "python"})
_VERBOSITIES: Final = ("low", "medium", "high", "xhigh", "max")
_SENT: Final = frozenset(
    {
        "temperature", "top_p", "top_k", "min_p", "top_a", "frequency_penalty", "presence_penalty",
        "repetition_penalty", "seed", "logit_bias", "logprobs", "top_logprobs", "stop", "tools", "tool_choice",
        "parallel_tool_calls", "response_format", "reasoning", "include_reasoning", "verbosity", "web_search_options",
        "max_tokens",
    }
)  # fmt: skip
"""Keys that `supported_parameters` of an endpoint spells the same way."""
_SAME: Final = frozenset(
    {
        "temperature", "top_p", "top_k", "min_p", "top_a", "frequency_penalty", "presence_penalty",
        "repetition_penalty", "seed", "logit_bias", "logprobs", "top_logprobs", "n", "parallel_tool_calls", "verbosity",
        "prediction", "audio", "image_config", "metadata", "user", "session_id", "trace", "provider", "preset", "route",
        "cache_control", "prompt_cache_key", "prompt_cache_options", "max_tool_calls", "web_search_options",
        "x_search_filter",
    }
)  # fmt: skip
"""Keys that mean the same in `ChatRequest`, under the same name."""
_LISTS: Final = frozenset({"models", "modalities", "plugins", "stop_server_tools_when"})
"""The same, as tuples; an empty one counts as unsaid."""
_SENT_AS: Final = {
    "max_completion_tokens": "max_tokens",
    "reasoning_effort": "reasoning",
    "functions": "tools",
    "function_call": "tool_choice",
}


def parse_request(body: bytes) -> ChatRequest:
    """The request of `POST /chat/completions`; `InvalidRequest` names the field that is wrong."""
    return request_of(decode_object(body))


def decode_object(body: bytes) -> JsonObject:
    """The body as a JSON object, or `InvalidRequest`."""
    try:
        value = _DECODE(body)
    except RecursionError:
        raise InvalidRequest("The request body is nested too deeply.") from None
    except (DecodeError, UnicodeDecodeError):
        raise InvalidRequest("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The request body must be a JSON object.")
    return value


def request_of(body: JsonObject, dialect: str = NAME, *, is_completion: bool = False) -> ChatRequest:
    """A decoded body, validated and translated. The legacy completions dialect comes here with its keys renamed."""
    try:
        wire = convert(body, WireRequest)
    except ValidationError as error:
        raise InvalidRequest(describe(error)) from None
    except RecursionError:
        raise InvalidRequest("The request body is nested too deeply.") from None
    _check_words(wire)
    said, sent = _carried(body, wire)
    return ChatRequest(
        dialect=dialect,
        model=wire.model or None,
        messages=_conversation(wire, body),
        stream=bool(wire.stream),
        max_tokens=wire.max_tokens if wire.max_completion_tokens is None else wire.max_completion_tokens,
        stop=(wire.stop,) if isinstance(wire.stop, str) else tuple(wire.stop) if wire.stop else None,
        response_format=_response_format(wire.response_format, body),
        tools=parse_tools(wire.tools or (), wire.functions or ()) if wire.tools or wire.functions else (),
        tool_choice=parse_tool_choice(wire.tool_choice, wire.function_call),
        reasoning=parse_reasoning_options(wire),
        service_tier="priority" if wire.service_tier == "fast" else wire.service_tier,
        echo_upstream_body=wire.debug is not None and wire.debug.get("echo_upstream_body") is True,
        is_completion=is_completion,
        sent=sent,
        extras=unknown(body, REQUEST_KEYS),
        **said,
    )


def _conversation(wire: WireRequest, body: JsonObject) -> tuple[Message, ...]:
    if wire.messages is None:
        if wire.prompt is None:
            raise InvalidRequest("messages: is required.")
        return (Message("user", (Text(wire.prompt),)),)
    if not wire.messages:
        raise InvalidRequest("messages: must hold at least one message.")
    raw = body["messages"]
    return parse_messages(wire.messages, raw if isinstance(raw, list) else [])


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


def _response_format(wire: WireResponseFormat | None, body: JsonObject) -> ResponseFormat | None:
    if wire is None:
        return None
    if wire.type not in _FORMATS:
        raise InvalidRequest(
            "response_format.type: must be text, json_object, json_schema, grammar or python."
        )
    raw = body["response_format"]
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


def _carried(body: JsonObject, wire: WireRequest) -> tuple[dict[str, Any], frozenset[str]]:
    """Fields that carry over as they are, and what was asked in the words of `supported_parameters`; null and [] are unsaid."""
    said: dict[str, Any] = {}
    sent: set[str] = set()
    for key, value in body.items():
        if value is None or value == []:
            continue
        if key in _SAME:
            said[key] = getattr(wire, key)
        elif key in _LISTS and value:
            said[key] = tuple(getattr(wire, key))
        if key in _SENT:
            sent.add(key)
        elif key in _SENT_AS:
            sent.add(_SENT_AS[key])
    if wire.response_format is not None and wire.response_format.type == "json_schema":
        sent.add("structured_outputs")
    return said, frozenset(sent)
