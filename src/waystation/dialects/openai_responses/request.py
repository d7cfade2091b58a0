"""A body of `POST /responses` -> `ChatRequest`. No route leads here yet: it says what a request on this wire means."""

from typing import Final

from msgspec import DecodeError, json

from waystation.dialects.openai_responses.parse_input import parse_input
from waystation.dialects.openai_responses.request_body import CHANCES
from waystation.dialects.openai_responses.tools import parse_tool_choice, parse_tools
from waystation.dialects.openai_responses.wire import INSTRUCTIONS, NAME, object_of, rest_of, text_of
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, Message, ReasoningOptions, ResponseFormat
from waystation.operations.parts import JsonObject, Text

_KEYS: Final = frozenset(
    {
        "model", "input", "instructions", "stream", "max_output_tokens", "temperature", "top_p", "tools",
        "tool_choice", "parallel_tool_calls", "service_tier", "user", "prompt_cache_key", "prompt_cache_options",
        "max_tool_calls", "top_logprobs", "text", "reasoning",
    }
)  # fmt: skip
_FORMAT_KEYS: Final = frozenset({"type", "name", "schema", "strict", "description"})


def parse_request(body: bytes, origin: str) -> ChatRequest:
    """The request; `InvalidRequest` names the field that is wrong."""
    try:
        value = json.decode(body)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidRequest("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The request body must be a JSON object.")
    text = object_of(value.get("text"))
    include = value.get("include")
    messages = parse_input(value.get("input"), origin)
    instructions = value.get("instructions")
    if isinstance(instructions, str):
        messages = (Message("system", (Text(instructions),), extras=INSTRUCTIONS), *messages)
    return ChatRequest(
        dialect=NAME,
        model=text_of(value.get("model")) or None,
        messages=messages,
        stream=value.get("stream") is True,
        max_tokens=_whole(value, "max_output_tokens"),
        temperature=_number(value, "temperature"),
        top_p=_number(value, "top_p"),
        logprobs=True if isinstance(include, list) and CHANCES in include else None,
        top_logprobs=_whole(value, "top_logprobs"),
        response_format=_format(text.get("format")),
        tools=parse_tools(value.get("tools")),
        tool_choice=parse_tool_choice(value.get("tool_choice")),
        parallel_tool_calls=_switch(value, "parallel_tool_calls"),
        reasoning=_reasoning(value.get("reasoning")),
        verbosity=text_of(text.get("verbosity")) or None,
        service_tier=text_of(value.get("service_tier")) or None,
        user=text_of(value.get("user")) or None,
        prompt_cache_key=text_of(value.get("prompt_cache_key")) or None,
        prompt_cache_options=object_of(value.get("prompt_cache_options")) or None,
        max_tool_calls=_whole(value, "max_tool_calls"),
        extras=rest_of(value, _KEYS),
    )


def _format(value: object) -> ResponseFormat | None:
    told = object_of(value)
    kind = text_of(told.get("type"))
    if not kind:
        return None
    if kind != "json_schema":
        return ResponseFormat(kind)
    strict, schema = told.get("strict"), told.get("schema")
    return ResponseFormat(
        kind,
        text_of(told.get("name")) or None,
        schema if isinstance(schema, dict) else None,
        strict if isinstance(strict, bool) else None,
        text_of(told.get("description")) or None,
        rest_of(told, _FORMAT_KEYS),
    )


def _reasoning(value: object) -> ReasoningOptions | None:
    told = object_of(value)
    if not told:
        return None
    summary = text_of(told.get("summary")) or text_of(told.get("generate_summary"))
    # Who speaks this wire and asks for no summary gets none.
    return ReasoningOptions(
        effort=text_of(told.get("effort")) or None,
        exclude=None if summary else True,
        summary=summary or None,
        context=text_of(told.get("context")) or None,
        mode=text_of(told.get("mode")) or None,
    )


def _whole(value: JsonObject, key: str) -> int | None:
    found = value.get(key)
    if found is not None and (not isinstance(found, int) or isinstance(found, bool) or found < 0):
        raise InvalidRequest(f"{key}: must be a whole number.")
    return found


def _number(value: JsonObject, key: str) -> float | None:
    found = value.get(key)
    if found is not None and (not isinstance(found, (int, float)) or isinstance(found, bool)):
        raise InvalidRequest(f"{key}: must be a number.")
    return found


def _switch(value: JsonObject, key: str) -> bool | None:
    found = value.get(key)
    return found if isinstance(found, bool) else None
