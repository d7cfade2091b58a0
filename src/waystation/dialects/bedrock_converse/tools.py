"""Tools, the choice among them, calls and their ids, in both directions. Converse has no word for "no tool"."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import DecodeError, json

from waystation.dialects.bedrock_converse.families import Family
from waystation.dialects.bedrock_converse.wire import (
    ANSWER_TOOL,
    cache_mark,
    object_of,
    objects_of,
    rest_of,
    text_of,
)
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, Message, Tool, ToolChoice
from waystation.operations.parts import JsonObject, ToolCall, ToolResult

_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_NOT_IN_IDS: Final = re.compile(r"[^A-Za-z0-9_.:-]")
_ANYTHING: Final[JsonObject] = {"type": "object", "properties": {}}
_SPEC_KEYS: Final = frozenset({"name", "description", "inputSchema", "strict"})


def tool_id(call_id: str) -> str:
    """An id the wire takes: its own pass unchanged, others become one that is always the same for them."""
    if _ID.fullmatch(call_id):
        return call_id
    digest = hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{_NOT_IN_IDS.sub('_', call_id)[:47]}_{digest}"


def render_call(call: ToolCall) -> JsonObject:
    """A `toolUse` block. The wire's input is an object: anything else stands in one, under `arguments`."""
    try:
        value: object = json.decode(call.arguments or "{}")
    except (DecodeError, RecursionError, UnicodeEncodeError):
        value = call.arguments
    arguments = value if isinstance(value, dict) else {"arguments": value}
    return {"toolUse": {"toolUseId": tool_id(call.id), "name": call.name, "input": arguments}}


def parse_call(value: JsonObject, made_up_id: str) -> ToolCall | None:
    """A `toolUse` block as a call; None where it names no tool."""
    name = text_of(value.get("name"))
    if name is None:
        return None
    return ToolCall(text_of(value.get("toolUseId")) or made_up_id, name, arguments_text(value.get("input")))


def arguments_text(value: object) -> str:
    """Arguments as a JSON string: `{}` where there are none."""
    if value is None or value == "":
        return "{}"
    return value if isinstance(value, str) else json.encode(value).decode()


def is_servers(value: JsonObject) -> bool:
    """True for a call that the provider itself answers."""
    return value.get("type") == "server_tool_use"


def render_tools(
    request: ChatRequest, family: Family, *, same_dialect: bool, dropped: list[str]
) -> list[JsonObject]:
    """`toolConfig.tools`. Names that only the history knows are declared too: the wire wants them (ValidationException)."""
    tools: list[JsonObject] = []
    for tool in request.tools:
        if tool.kind != "function":
            if same_dialect and tool.value is not None:
                tools.append(tool.value)
            else:
                dropped.append(f"tools.{tool.kind}")
            continue
        if tool.name == ANSWER_TOOL:
            raise InvalidRequest(f"tools: the name {ANSWER_TOOL} is the gateway's own.")
        tools.append(_render_tool(tool, family, same_dialect=same_dialect, dropped=dropped))
        if tool.cache_control is not None:
            if family.cache_points and family.caches_tools:
                tools.append(render_cache_point(tool.cache_control, family, dropped))
            else:
                dropped.append("cache_control")
    declared = {tool.name for tool in request.tools}
    for name in _names_in(request.messages):
        if name not in declared:
            declared.add(name)
            tools.append({"toolSpec": {"name": name, "inputSchema": {"json": _ANYTHING}}})
    return tools


def _render_tool(tool: Tool, family: Family, *, same_dialect: bool, dropped: list[str]) -> JsonObject:
    schema = tool.parameters or _ANYTHING
    if "type" not in schema:
        schema = {"type": "object", **schema}
    spec: JsonObject = {"name": tool.name}
    if tool.description and tool.description.strip():
        spec["description"] = tool.description
    spec["inputSchema"] = {"json": schema}
    if tool.strict:
        if family.has_native_schema:
            spec["strict"] = True
        else:
            dropped.append("tools.strict")
    if tool.extras and same_dialect:
        spec |= tool.extras
    return {"toolSpec": spec}


def _names_in(messages: Iterable[Message]) -> list[str]:
    return [part.name for message in messages for part in message.parts if isinstance(part, ToolCall)]


def has_tool_blocks(messages: Iterable[Message]) -> bool:
    """True where the history calls a tool or tells of a result, so that tools must stay declared."""
    return any(isinstance(part, (ToolCall, ToolResult)) for message in messages for part in message.parts)


def render_tool_choice(choice: ToolChoice, family: Family) -> JsonObject | None:
    """`toolConfig.toolChoice`; None for what this family cannot be told."""
    match choice.mode:
        case "auto" if family.can_force_any_tool:
            return {"auto": {}}
        case "required" if family.can_force_any_tool:
            return {"any": {}}
        case "named" if family.can_force_one_tool:
            return {"tool": {"name": choice.name}}
        case "named" if family.can_force_any_tool:
            return {"any": {}}
        case _:
            return None


def render_cache_point(mark: JsonObject, family: Family, dropped: list[str]) -> JsonObject:
    """A `cachePoint` for a `cache_control`; five minutes are what none says."""
    point: JsonObject = {"type": "default"}
    if mark.get("ttl") == "1h":
        if family.caches_for_an_hour:
            point["ttl"] = "1h"
        else:
            dropped.append("cache_control.ttl")
    return {"cachePoint": point}


def parse_tools(values: Sequence[JsonObject]) -> tuple[Tool, ...]:
    """`toolConfig.tools`; a cache point marks the tool before it."""
    tools: list[Tool] = []
    for value in values:
        spec = object_of(value.get("toolSpec"))
        name = text_of(spec.get("name"))
        if (
            "cachePoint" in value
            and tools
            and tools[-1].cache_control is None
            and tools[-1].kind == "function"
        ):
            last = tools.pop()
            tools.append(_marked(last, cache_mark(value)))
        elif name is None:
            kind = next(iter(value), "tool")
            own = text_of(object_of(value[kind]).get("name")) if value else None
            tools.append(Tool(own or kind, kind=kind, value=value))
        else:
            schema = object_of(object_of(spec.get("inputSchema")).get("json"))
            strict = spec.get("strict")
            tools.append(
                Tool(
                    name,
                    text_of(spec.get("description")),
                    schema or None,
                    strict if isinstance(strict, bool) else None,
                    extras=rest_of(spec, _SPEC_KEYS),
                )
            )
    return tuple(tools)


def _marked(tool: Tool, mark: JsonObject) -> Tool:
    return Tool(tool.name, tool.description, tool.parameters, tool.strict, mark, extras=tool.extras)


def parse_tool_choice(value: object) -> ToolChoice | None:
    """`toolConfig.toolChoice`."""
    choice = object_of(value)
    if "any" in choice:
        return ToolChoice("required")
    name = text_of(object_of(choice.get("tool")).get("name"))
    if name is not None:
        return ToolChoice("named", name)
    return ToolChoice("auto") if "auto" in choice else None


def tool_specs(config: JsonObject) -> list[JsonObject]:
    """The items of `toolConfig.tools`."""
    return objects_of(config.get("tools"))
