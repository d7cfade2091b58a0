"""Tools and calls on this wire: arguments are objects, and older servers give calls no id."""

from hashlib import sha256
from typing import Final

from msgspec import DecodeError, json

from waystation.codec.json_answer import text_at
from waystation.errors import BadResponse
from waystation.operations.chat import ChatRequest, Tool
from waystation.operations.parts import JsonObject, ToolCall

_DECODE: Final = json.Decoder().decode
_ENCODE: Final = json.Encoder().encode


def render_tools(request: ChatRequest, dropped: list[str]) -> list[JsonObject]:
    """`tools`. The wire has no choice among them: a model that may call none, or one, is shown none, or one."""
    choice = request.tool_choice
    if choice is not None and choice.mode == "none":
        return []
    if choice is not None and choice.mode != "auto":
        dropped.append("tool_choice")
    if request.tools and request.parallel_tool_calls is False:
        dropped.append("parallel_tool_calls")
    named = choice.name if choice is not None and choice.mode == "named" else None
    rendered = []
    for tool in request.tools:
        if tool.kind != "function":
            dropped.append(f"tools.{tool.kind}")
        elif named is None or tool.name == named:
            rendered.append(_render_tool(tool))
    return rendered


def _render_tool(tool: Tool) -> JsonObject:
    function: JsonObject = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = {"type": "object", "properties": {}} | (tool.parameters or {})
    return {"type": "function", "function": function}


def render_call(call: ToolCall) -> JsonObject:
    """A call of an earlier turn; servers that know no ids pass over it."""
    return {"id": call.id, "function": {"name": call.name, "arguments": _object_of(call.arguments)}}


def parse_call(value: object, index: int, created: str) -> ToolCall:
    """A call of an answer. Where it has no id, one is made of its place, its words and the answer's time."""
    function = value.get("function") if isinstance(value, dict) else None
    name = text_at(function, "name") if isinstance(function, dict) else None
    if not isinstance(value, dict) or not isinstance(function, dict) or not name:
        raise BadResponse("The provider called a tool without a name.")
    arguments = _arguments_of(function.get("arguments"))
    call_id = text_at(value, "id") or _made_id(created, index, name, arguments)
    return ToolCall(call_id, name, arguments)


def _arguments_of(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    return _ENCODE({} if value in (None, "") or isinstance(value, str) else value).decode()


def _made_id(*words: object) -> str:
    said = "\0".join(str(word) for word in words)
    return f"call_{sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _object_of(arguments: str) -> JsonObject:
    """Arguments as the object that this wire demands; what is none is kept inside one."""
    if not arguments.strip():
        return {}
    try:
        value = _DECODE(arguments)
    except (DecodeError, RecursionError):
        return {"arguments": arguments}
    return value if isinstance(value, dict) else {"arguments": value}
