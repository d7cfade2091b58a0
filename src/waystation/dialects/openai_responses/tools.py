"""Tools and the choice among them, in both directions: flat on this wire, where the chat wire nests them."""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from waystation.dialects.openai_responses.client_tools import KINDS, function_of, namespaced
from waystation.dialects.openai_responses.wire import NAME, NAMESPACE, object_of, objects_of, rest_of, text_of
from waystation.errors import InvalidRequest
from waystation.operations.chat import Tool, ToolChoice
from waystation.operations.parts import JsonObject

_FUNCTION_KEYS: Final = frozenset({"type", "name", "description", "parameters", "strict"})
_MODES: Final = frozenset({"none", "auto", "required"})
_CUSTOM: Final = "custom"


def render_tools(tools: Sequence[Tool], dialect: str, dropped: list[str]) -> list[JsonObject]:
    """`tools`; those that only another wire knows are named in `dropped`."""
    rendered: list[JsonObject] = []
    for tool in tools:
        if dialect == NAME and namespace_of(tool) is not None:
            continue  # the namespace says it
        value = _render_tool(tool, dialect)
        if value is None:
            dropped.append(f"tools.{tool.kind}")
        else:
            rendered.append(value)
        if tool.cache_control is not None:
            dropped.append("cache_control")
    return rendered


def _render_tool(tool: Tool, dialect: str) -> JsonObject | None:
    if tool.value is not None and dialect == NAME:
        return tool.value
    if tool.kind == _CUSTOM and dialect != NAME:
        custom = object_of(object_of(tool.value).get("custom"))
        return {"type": _CUSTOM, **custom} if text_of(custom.get("name")) else None
    if tool.kind != "function":
        return None
    value: JsonObject = {"type": "function", "name": tool.name}
    if tool.description is not None:
        value["description"] = tool.description
    value["parameters"] = {"type": "object", "properties": {}} if tool.parameters is None else tool.parameters
    # What is not said is strict on this wire, and not on the others.
    value["strict"] = bool(tool.strict)
    return value | tool.extras if tool.extras and dialect == NAME else value


def custom_names(tools: Sequence[Tool]) -> frozenset[str]:
    """Names of tools that take free text."""
    return frozenset(
        text_of(object_of(object_of(tool.value).get("custom")).get("name")) or tool.name
        for tool in tools
        if tool.kind == _CUSTOM
    )


def render_tool_choice(choice: ToolChoice, dialect: str) -> object:
    """`tool_choice`; None for one that only another wire can say."""
    value = object_of(choice.value)
    if dialect == NAME and value:
        return value
    if choice.mode in _MODES:
        return choice.mode
    if choice.mode == "named":
        return {"type": "function", "name": choice.name}
    name = text_of(object_of(value.get("custom")).get("name"))
    return {"type": _CUSTOM, "name": name} if value.get("type") == _CUSTOM and name else None


def parse_tools(value: object) -> tuple[Tool, ...]:
    """`tools` of a request."""
    tools: list[Tool] = []
    for index, one in enumerate(objects_of(value)):
        tool, inners = _parse_tool(one, f"tools[{index}]"), namespaced(one)
        tools.append(structs.replace(tool, is_group=True) if inners else tool)
        for place, inner in enumerate(inners):
            tool = _parse_tool(inner, f"tools[{index}].tools[{place}]")
            tools.append(structs.replace(tool, extras={NAMESPACE: text_of(one.get("name"))}))
    return tuple(tools)


def namespace_of(tool: Tool) -> str | None:
    """The namespace that a function stands in, on this wire alone."""
    return text_of((tool.extras or {}).get(NAMESPACE)) or None


def _parse_tool(value: JsonObject, where: str) -> Tool:
    kind, name = text_of(value.get("type")), text_of(value.get("name"))
    if kind != "function":
        return function_of(value) or Tool(name or kind, kind=kind or "unknown", value=value)
    if not name:
        raise InvalidRequest(f"{where}.name: must be a string.")
    description, strict = value.get("description"), value.get("strict")
    parameters = value.get("parameters")
    return Tool(
        name,
        description if isinstance(description, str) else None,
        parameters if isinstance(parameters, dict) else None,
        True if strict is None else bool(strict),
        extras=rest_of(value, _FUNCTION_KEYS),
    )


def parse_tool_choice(value: object) -> ToolChoice | None:
    """`tool_choice` of a request."""
    if value is None:
        return None
    if isinstance(value, str):
        if value not in _MODES:
            raise InvalidRequest("tool_choice: must be none, auto, required, or an object.")
        return ToolChoice(value)
    told = object_of(value)
    name = text_of(told.get("name"))
    kind = text_of(told.get("type"))
    if kind == "function" and name:
        return ToolChoice("named", name)
    if kind in KINDS:
        return ToolChoice("named", name or kind, told)
    if kind == "allowed_tools":
        mode = text_of(told.get("mode"))
        allowed = [
            text_of(tool.get("name")) or text_of(tool.get("type")) for tool in objects_of(told.get("tools"))
        ]
        return ToolChoice(mode if mode in _MODES else "auto", value=told, allowed=frozenset(allowed))
    if not text_of(told.get("type")):
        raise InvalidRequest("tool_choice: needs a type, and for a function its name.")
    return ToolChoice("opaque", value=told)
