"""Tools, the choice among them, and calls toward this wire. Contract section 12."""

import re
from hashlib import sha256
from typing import Final

from msgspec import DecodeError, json

from waystation.dialects.anthropic_messages.schema import restricted
from waystation.dialects.anthropic_messages.wire import ANSWER_TOOL, NAME, object_of
from waystation.operations.chat import ChatRequest, ResponseFormat, Tool
from waystation.operations.parts import JsonObject, ToolCall

_DECODE: Final = json.Decoder().decode
_FIT: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]")


def render_tools(request: ChatRequest, dropped: list[str], *, strictly: bool) -> list[JsonObject]:
    """`tools`; those that only another wire knows are named in `dropped`. `strictly`: the model can keep to a schema."""
    rendered: list[JsonObject] = []
    for tool in request.tools:
        value = _render_tool(tool, same_dialect=request.dialect == NAME, streamed=request.stream)
        if value is None:
            dropped.append(f"tools.{tool.kind}")
        else:
            rendered.append(value)
        if tool.strict and request.dialect != NAME:
            if strictly and value is not None:
                value |= {"strict": True, "input_schema": restricted(object_of(value["input_schema"]))}
            else:
                dropped.append("tools.strict")
    return rendered


def _render_tool(tool: Tool, *, same_dialect: bool, streamed: bool) -> JsonObject | None:
    if tool.kind != "function":
        return tool.value if same_dialect else None
    value: JsonObject = {"name": tool.name}
    if tool.description is not None:
        value["description"] = tool.description
    least: JsonObject = {} if same_dialect and tool.parameters else {"type": "object", "properties": {}}
    value["input_schema"] = least | (tool.parameters or {})
    if tool.strict is not None and same_dialect:
        value["strict"] = tool.strict
    if streamed and not same_dialect:
        value["eager_input_streaming"] = True
    if tool.cache_control is not None:
        value["cache_control"] = tool.cache_control
    return value | tool.extras if tool.extras and same_dialect else value


def render_tool_choice(request: ChatRequest, dropped: list[str]) -> JsonObject | None:
    """`tool_choice`, which also says whether calls may come in parallel."""
    choice, alone = request.tool_choice, request.parallel_tool_calls is False
    value: JsonObject
    if choice is None or choice.mode == "auto":
        if choice is None and not alone:
            return None
        value = {"type": "auto"}
    elif choice.mode == "none":
        return {"type": "none"}
    elif choice.mode == "required":
        value = {"type": "any"}
    elif choice.mode == "named":
        value = {"type": "tool", "name": choice.name}
    elif request.dialect == NAME and choice.value is not None:
        value = dict(choice.value)
    else:
        dropped.append("tool_choice")
        value = {"type": "auto"}
    if alone:
        value["disable_parallel_tool_use"] = True
    return value


def answer_tool(wanted: ResponseFormat) -> JsonObject:
    """The tool whose arguments are the structured answer."""
    described = wanted.description or "Give the answer."
    return {
        "name": ANSWER_TOOL,
        "description": described,
        "input_schema": {"type": "object"} | (wanted.schema or {}),
    }


def render_call(call: ToolCall) -> JsonObject:
    """A call of an earlier turn."""
    return {
        "type": "tool_use",
        "id": fit_id(call.id),
        "name": call.name,
        "input": input_of(call.arguments),
    }


def input_of(arguments: str) -> JsonObject:
    """Arguments as the object that this wire demands; what is none is kept inside one."""
    if not arguments.strip():
        return {}
    try:
        value = _DECODE(arguments)
    except (DecodeError, RecursionError):
        return {"arguments": arguments}
    return value if isinstance(value, dict) else {"arguments": value}


def fit_id(call_id: str) -> str:
    """An id that this wire takes, always the same for the same id, and different for different ones."""
    if _FIT.fullmatch(call_id):
        return call_id
    return f"{_UNFIT.sub('_', call_id)[:64]}_{sha256(call_id.encode()).hexdigest()[:16]}"
