"""A body of `POST /v1/messages` -> `ChatRequest`. Contract section 30."""

from typing import Final

from waystation.codec.request_body import GATEWAY_KEYS, checked, decode_object, gateway_fields
from waystation.dialects.anthropic_messages.family import Family, family_of
from waystation.dialects.anthropic_messages.parse_messages import parse_messages, parse_system
from waystation.dialects.anthropic_messages.schema import restricted
from waystation.dialects.anthropic_messages.thinking import add_thinking, wants_thinking
from waystation.dialects.anthropic_messages.wire import NAME, THINKING_FIELDS, WireRequest, text_at
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, ReasoningOptions, ResponseFormat, Tool, ToolChoice
from waystation.operations.parts import JsonObject
from waystation.operations.preferences import LONGEST_NAME

_KEYS: Final = frozenset(
    {
        "model", "messages", "system", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "stream",
        "tools", "tool_choice", "cache_control", "fallbacks",
    }
) | GATEWAY_KEYS  # fmt: skip
_ASKED: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop_sequences": "stop",
    "tools": "tools",
    "tool_choice": "tool_choice",
    "max_tokens": "max_tokens",
}
"""Keys that ask something of an endpoint, and how its `supported_parameters` spells them."""
_MOST_FALLBACKS: Final = 3
_TOOL_KEYS: Final = frozenset({"type", "name", "description", "input_schema", "cache_control", "strict"})
_MODES: Final = {"auto": "auto", "any": "required", "none": "none"}
_TIERS: Final = {"auto": "auto", "standard_only": "default"}
_EFFORTS: Final = {"low": "low", "medium": "medium", "high": "high", "max": "max"}


def parse_request(body: bytes) -> ChatRequest:
    """The request; `InvalidRequest` names the field that is wrong."""
    value = decode_object(body)
    wire = checked(value, WireRequest)
    told = gateway_fields(value, wire)
    if value.get("fallbacks") is not None:
        told["models"] = _fallbacks(value)
    model = wire.model or None
    reasoning, wanted = _reasoning(value), _response_format(value)
    tier, user = _TIERS.get(text_at(value, "service_tier") or ""), _user(value)
    user = told.pop("user", None) or user
    choice, parallel = _tool_choice(value.get("tool_choice"))
    extras = {key: item for key, item in value.items() if key not in _KEYS and item is not None}
    _take_said(extras, reasoning, wanted, family_of(model or ""))
    if tier is not None:
        del extras["service_tier"]
    if _user(value) is not None:
        del extras["metadata"]
    return ChatRequest(
        dialect=NAME,
        model=model,
        messages=(*parse_system(value.get("system")), *parse_messages(value.get("messages"))),
        stream=wire.stream is True,
        max_tokens=wire.max_tokens,
        temperature=wire.temperature,
        top_p=wire.top_p,
        top_k=wire.top_k,
        stop=tuple(wire.stop_sequences) if wire.stop_sequences else None,
        response_format=wanted,
        tools=_tools(value.get("tools")),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        reasoning=reasoning,
        service_tier=tier,
        user=user,
        cache_control=wire.cache_control,
        sent=_sent(value, reasoning, wanted),
        extras=extras or None,
        **told,
    )


def _fallbacks(value: JsonObject) -> tuple[str, ...]:
    """Models to try after the first, each an object of its name alone."""
    if value.get("models") is not None:
        raise InvalidRequest("fallbacks: cannot be given together with models.")
    entries = value["fallbacks"]
    if not isinstance(entries, list) or len(entries) > _MOST_FALLBACKS:
        raise InvalidRequest(f"fallbacks: must be a list of at most {_MOST_FALLBACKS} models.")
    names: list[str] = []
    for index, entry in enumerate(entries):
        name = entry.get("model") if isinstance(entry, dict) and entry.keys() == {"model"} else None
        if not isinstance(name, str) or not name:
            raise InvalidRequest(f"fallbacks[{index}]: must be an object with a model and nothing else.")
        if len(name) > LONGEST_NAME:
            raise InvalidRequest(f"fallbacks[{index}].model: must have at most {LONGEST_NAME} characters.")
        names.append(name)
    return tuple(names)


def _sent(
    value: JsonObject, reasoning: ReasoningOptions | None, wanted: ResponseFormat | None
) -> frozenset[str]:
    asked = {word for key, word in _ASKED.items() if value.get(key) is not None and value[key] != []}
    if reasoning is not None and wants_thinking(reasoning):
        asked.add("reasoning")
    if wanted is not None:
        asked |= {"response_format", "structured_outputs"}
    return frozenset(asked)


def _take_said(
    extras: JsonObject, reasoning: ReasoningOptions | None, wanted: ResponseFormat | None, family: Family
) -> None:
    """Take out of the rest what the neutral form says as exactly: it would be rendered just so."""
    made: JsonObject = {"max_tokens": 10**9}
    if reasoning is not None and wants_thinking(reasoning) and (family.budget or family.adaptive):
        add_thinking(made, reasoning, family, None)
    if wanted is not None:
        told = made.get("output_config")
        shape = {"format": {"type": "json_schema", "schema": restricted(wanted.schema or {})}}
        made["output_config"] = {**(told if isinstance(told, dict) else {}), **shape}
    if all(extras.get(key) == made.get(key) for key in THINKING_FIELDS):
        for key in THINKING_FIELDS:
            extras.pop(key, None)


def _reasoning(value: JsonObject) -> ReasoningOptions | None:
    """`thinking`, and the effort beside it; effort alone covers the answer too and is not about reasoning."""
    thinking, config = value.get("thinking"), value.get("output_config")
    if not isinstance(thinking, dict):
        return None
    kind, budget = text_at(thinking, "type"), thinking.get("budget_tokens")
    effort = _EFFORTS.get(text_at(config, "effort") or "") if isinstance(config, dict) else None
    if kind == "disabled":
        return ReasoningOptions(enabled=False)
    if kind == "enabled" and isinstance(budget, int) and not isinstance(budget, bool):
        return ReasoningOptions(max_tokens=budget)
    return ReasoningOptions(effort=effort) if effort is not None else ReasoningOptions(enabled=True)


def _response_format(value: JsonObject) -> ResponseFormat | None:
    config = value.get("output_config")
    shape = config.get("format") if isinstance(config, dict) else value.get("output_format")
    schema = shape.get("schema") if isinstance(shape, dict) else None
    return ResponseFormat("json_schema", schema=schema) if isinstance(schema, dict) else None


def _user(value: JsonObject) -> str | None:
    metadata = value.get("metadata")
    only = isinstance(metadata, dict) and metadata.keys() == {"user_id"}
    return text_at(metadata, "user_id") if only and isinstance(metadata, dict) else None


def _tools(value: object) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    for index, tool in enumerate(value if isinstance(value, list) else []):
        name = text_at(tool, "name") if isinstance(tool, dict) else None
        if not isinstance(tool, dict) or name is None:
            raise InvalidRequest(f"tools[{index}].name: must be a string.")
        tools.append(_tool(tool, name))
    return tuple(tools)


def _tool(value: JsonObject, name: str) -> Tool:
    kind = text_at(value, "type") or "custom"
    if kind != "custom":
        return Tool(name, kind=kind, value=value)
    schema, strict, mark = value.get("input_schema"), value.get("strict"), value.get("cache_control")
    extras = {key: item for key, item in value.items() if key not in _TOOL_KEYS and item is not None}
    return Tool(
        name,
        text_at(value, "description"),
        schema if isinstance(schema, dict) else None,
        strict if isinstance(strict, bool) else None,
        mark if isinstance(mark, dict) else None,
        extras=extras or None,
    )


def _tool_choice(value: object) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether calls may come in parallel."""
    if not isinstance(value, dict):
        return None, None
    kind, name = text_at(value, "type"), text_at(value, "name")
    said = value.get("disable_parallel_tool_use")
    parallel = not said if isinstance(said, bool) else None
    if kind == "tool" and name is not None:
        return ToolChoice("named", name), parallel
    if kind not in _MODES:
        raise InvalidRequest("tool_choice.type: must be auto, any, tool or none.")
    return ToolChoice(_MODES[kind]), parallel
