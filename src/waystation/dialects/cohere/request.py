"""A body of `POST /v2/chat` -> `ChatRequest`. No route leads here: it says what a request on this wire means."""

from typing import Final

from waystation.codec.request_body import decode_object
from waystation.dialects.cohere.parse_messages import parse_messages
from waystation.dialects.cohere.wire import NAME, object_of, objects_of, rest_of, text_of
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, ReasoningOptions, ResponseFormat, Tool, ToolChoice
from waystation.operations.parts import JsonObject

_KEYS: Final = frozenset(
    {
        "model", "messages", "stream", "max_tokens", "temperature", "p", "k", "frequency_penalty",
        "presence_penalty", "seed", "logprobs", "stop_sequences", "tools", "tool_choice", "strict_tools",
        "response_format", "thinking",
    }
)  # fmt: skip


def parse_request(body: bytes) -> ChatRequest:
    """The request; `InvalidRequest` names the field that is wrong."""
    value = decode_object(body)
    stops = value.get("stop_sequences")
    return ChatRequest(
        dialect=NAME,
        model=text_of(value.get("model")) or None,
        messages=parse_messages(value.get("messages")),
        stream=value.get("stream") is True,
        max_tokens=_whole(value, "max_tokens"),
        temperature=_number(value, "temperature"),
        top_p=_number(value, "p"),
        top_k=_whole(value, "k"),
        frequency_penalty=_number(value, "frequency_penalty"),
        presence_penalty=_number(value, "presence_penalty"),
        seed=_whole(value, "seed"),
        logprobs=True if value.get("logprobs") is True else None,
        stop=tuple([stop for stop in stops if isinstance(stop, str)]) or None
        if isinstance(stops, list)
        else None,
        response_format=_response_format(value.get("response_format")),
        tools=tuple(
            [_tool(tool, strict=value.get("strict_tools")) for tool in objects_of(value.get("tools"))]
        ),
        tool_choice=_tool_choice(value.get("tool_choice")),
        reasoning=_reasoning(value.get("thinking")),
        extras=rest_of(value, _KEYS),
    )


def _tool(value: JsonObject, *, strict: object) -> Tool:
    function = object_of(value.get("function"))
    description = function.get("description")
    return Tool(
        text_of(function.get("name")),
        description if isinstance(description, str) else None,
        object_of(function.get("parameters")),
        True if strict is True else None,
    )


def _tool_choice(value: object) -> ToolChoice | None:
    mode = {"REQUIRED": "required", "NONE": "none"}.get(text_of(value))
    return ToolChoice(mode) if mode is not None else None


def _response_format(value: object) -> ResponseFormat | None:
    told = object_of(value)
    if text_of(told.get("type")) != "json_object":
        return ResponseFormat("text") if told else None
    schema = object_of(told.get("json_schema")) or object_of(told.get("schema"))
    return ResponseFormat("json_schema", schema=schema) if schema else ResponseFormat("json_object")


def _reasoning(value: object) -> ReasoningOptions | None:
    told = object_of(value)
    if not told:
        return None
    if told.get("type") == "disabled":
        return ReasoningOptions(enabled=False)
    budget = told.get("token_budget")
    return ReasoningOptions(max_tokens=budget if isinstance(budget, int) else None, enabled=True)


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
