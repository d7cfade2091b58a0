"""Tools, the choice among them, and the calls a model makes, in both directions. Contract section 12."""

from collections.abc import Sequence
from typing import Final, TypeVar

from msgspec import ValidationError, convert, json

from waystation.codec.request_body import describe
from waystation.dialects.openai_chat.wire import (
    CALL_FUNCTION_KEYS,
    CALL_KEYS,
    FUNCTION_KEYS,
    TOOL_KEYS,
    WireFunction,
    WireToolCall,
    unknown,
)
from waystation.errors import InvalidRequest
from waystation.operations.chat import Tool, ToolChoice
from waystation.operations.parts import JsonObject, Opaque, ToolCall

T = TypeVar("T")
CALL: Final = "tool_call"
"""The `Opaque.kind` of a call that is not a function's."""


def parse_tools(tools: Sequence[JsonObject], functions: Sequence[WireFunction]) -> tuple[Tool, ...]:
    """`tools`, and the deprecated `functions` behind them."""
    parsed = [_parse_tool(value, f"tools[{index}]") for index, value in enumerate(tools)]
    parsed += [Tool(one.name, one.description, one.parameters, one.strict) for one in functions]
    return tuple(parsed)


def _parse_tool(value: JsonObject, where: str) -> Tool:
    kind = value.get("type", "function")
    if not isinstance(kind, str):
        raise InvalidRequest(f"{where}.type: must be a string.")
    if kind != "function":
        name = value.get("name")
        return Tool(name if isinstance(name, str) else kind, kind=kind, value=value)
    function = value.get("function")
    if not isinstance(function, dict):
        raise InvalidRequest(f"{where}.function: must be an object.")
    wire = convert_at(function, WireFunction, f"{where}.function")
    mark = value.get("cache_control")
    return Tool(
        wire.name,
        wire.description,
        wire.parameters,
        wire.strict,
        mark if isinstance(mark, dict) else None,
        extras=nested(unknown(value, TOOL_KEYS), unknown(function, FUNCTION_KEYS)),
    )


def parse_tool_choice(
    value: str | JsonObject | None, function_call: str | JsonObject | None
) -> ToolChoice | None:
    """`tool_choice`, or the deprecated `function_call`."""
    if value is None:
        if isinstance(function_call, dict):
            return ToolChoice("named", _choice_name(function_call, "function_call"))
        value = function_call
    if value is None:
        return None
    if isinstance(value, str):
        if value not in {"none", "auto", "required"}:
            raise InvalidRequest("tool_choice: must be none, auto, required, or an object.")
        return ToolChoice(value)
    if value.get("type", "function") == "function" and isinstance(function := value.get("function"), dict):
        return ToolChoice("named", _choice_name(function, "tool_choice.function"))
    if not isinstance(value.get("type"), str) or value["type"] == "function":
        raise InvalidRequest("tool_choice: needs a type, and for a function its name.")
    return ToolChoice("opaque", value=value)


def _choice_name(value: JsonObject, where: str) -> str:
    name = value.get("name")
    if not isinstance(name, str):
        raise InvalidRequest(f"{where}.name: must be a string.")
    return name


def parse_request_call(value: JsonObject, where: str) -> ToolCall | Opaque:
    """One of an assistant message's `tool_calls`."""
    if value.get("type", "function") != "function":
        return Opaque(CALL, value)
    wire = convert_at(value, WireToolCall, where)
    function = value["function"]
    rest = unknown(function, CALL_FUNCTION_KEYS) if isinstance(function, dict) else None
    arguments = arguments_text(wire.function.arguments)
    return ToolCall(wire.id, wire.function.name, arguments, nested(unknown(value, CALL_KEYS), rest))


def parse_response_call(value: JsonObject, made_up_id: str) -> ToolCall | Opaque | None:
    """One call in a provider's answer, read generously; None for what names no function."""
    function = value.get("function")
    if not isinstance(function, dict):
        return Opaque(CALL, value) if value.get("type") not in (None, "function") else None
    name, call_id = function.get("name"), value.get("id")
    if not isinstance(name, str) or not name:
        return None
    return ToolCall(
        call_id if isinstance(call_id, str) and call_id else made_up_id,
        name,
        arguments_text(function.get("arguments")),
        nested(unknown(value, CALL_KEYS), unknown(function, CALL_FUNCTION_KEYS)),
    )


def arguments_text(value: object) -> str:
    """Arguments are always a JSON string: `{}` where there are none, encoded where they came as an object."""
    if value is None or value == "":
        return "{}"
    return value if isinstance(value, str) else json.encode(value).decode()


def render_tool(tool: Tool, *, same_dialect: bool, cache_marks: bool) -> JsonObject | None:
    """One item of `tools`; None for a tool that only another dialect can say."""
    if tool.kind != "function":
        return tool.value if same_dialect else None
    function: JsonObject = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    value: JsonObject = {"type": "function", "function": function}
    if tool.cache_control is not None and cache_marks:
        value["cache_control"] = tool.cache_control
    if same_dialect:
        _unnest(tool.extras, value, function)
    return value


def render_tool_choice(choice: ToolChoice) -> str | JsonObject:
    """`tool_choice`; an opaque one is said as it came."""
    if choice.mode == "named":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.value if choice.mode == "opaque" and choice.value is not None else choice.mode


def render_call(call: ToolCall, *, same_dialect: bool, index: int | None = None) -> JsonObject:
    """One item of `tool_calls`."""
    function: JsonObject = {"name": call.name, "arguments": call.arguments or "{}"}
    value: JsonObject = {"id": call.id, "type": "function", "function": function}
    if index is not None:
        value["index"] = index
    if same_dialect:
        _unnest(call.extras, value, function)
    return value


def convert_at(value: object, kind: type[T], where: str) -> T:
    """`msgspec.convert` whose errors name the field, below `where`."""
    try:
        return convert(value, kind)
    except ValidationError as error:
        raise InvalidRequest(describe(error, where)) from None


def nested(outer: JsonObject | None, function: JsonObject | None) -> JsonObject | None:
    """Unknown keys of an object, with those of its `function` under that name."""
    return outer if function is None else {**(outer or {}), "function": function}


def _unnest(extras: JsonObject | None, value: JsonObject, function: JsonObject) -> None:
    for key, field in (extras or {}).items():
        if key == "function" and isinstance(field, dict):
            function |= field
        else:
            value[key] = field
