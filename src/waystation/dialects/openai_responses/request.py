"""A body of `POST /responses` -> `ChatRequest`. Contract section 29."""

from typing import Final

from waystation.codec.reasoning_effort import EFFORTS
from waystation.codec.request_body import GATEWAY_KEYS, checked, decode_object, gateway_fields
from waystation.dialects.openai_responses.parse_input import parse_input
from waystation.dialects.openai_responses.request_body import CHANCES
from waystation.dialects.openai_responses.tools import parse_tool_choice, parse_tools
from waystation.dialects.openai_responses.wire import (
    INSTRUCTIONS,
    NAME,
    WireReasoning,
    WireRequest,
    object_of,
    rest_of,
    text_of,
)
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, Message, ReasoningOptions, ResponseFormat
from waystation.operations.parts import JsonObject, Text

_KEYS: Final = frozenset(
    {
        "model", "input", "instructions", "stream", "max_output_tokens", "temperature", "top_p", "top_k", "tools",
        "tool_choice", "parallel_tool_calls", "service_tier", "prompt_cache_key", "prompt_cache_options",
        "top_logprobs", "text", "reasoning", "frequency_penalty", "presence_penalty", "modalities", "image_config",
        "cache_control",
    }
) | GATEWAY_KEYS  # fmt: skip
_FORMAT_KEYS: Final = frozenset({"type", "name", "schema", "strict", "description"})
_ASKED: Final = {
    name: name
    for name in (
        "temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "top_logprobs", "tools", "tool_choice",
        "parallel_tool_calls",
    )
} | {"max_output_tokens": "max_tokens"}  # fmt: skip
"""Keys that ask something of an endpoint, and how its `supported_parameters` spells them."""
_STATEFUL: Final = ("previous_response_id", "conversation")


def parse_request(body: bytes, origin: str) -> ChatRequest:
    """The request; `InvalidRequest` names the field that is wrong."""
    value = decode_object(body)
    wire = checked(value, WireRequest)
    text = object_of(value.get("text"))
    messages = parse_input(value.get("input"), origin)
    if wire.instructions is not None:
        messages = (Message("system", (Text(wire.instructions),), extras=INSTRUCTIONS), *messages)
    wanted = _format(text.get("format"))
    reasoning = _reasoning(wire.reasoning)
    return ChatRequest(
        dialect=NAME,
        model=wire.model or None,
        messages=messages,
        stream=wire.stream is True,
        max_tokens=wire.max_output_tokens,
        temperature=wire.temperature,
        top_p=wire.top_p,
        top_k=wire.top_k,
        frequency_penalty=wire.frequency_penalty,
        presence_penalty=wire.presence_penalty,
        logprobs=True if CHANCES in (wire.include or ()) else None,
        top_logprobs=wire.top_logprobs,
        response_format=wanted,
        tools=parse_tools(value.get("tools")),
        tool_choice=parse_tool_choice(value.get("tool_choice")),
        parallel_tool_calls=wire.parallel_tool_calls,
        reasoning=reasoning,
        verbosity=text_of(text.get("verbosity")) or None,
        modalities=tuple(wire.modalities) if wire.modalities else None,
        image_config=wire.image_config,
        service_tier=("priority" if wire.service_tier == "fast" else wire.service_tier) or None,
        cache_control=wire.cache_control,
        prompt_cache_key=wire.prompt_cache_key or None,
        prompt_cache_options=wire.prompt_cache_options or None,
        sent=_sent(value, reasoning, wanted),
        extras=rest_of(value, _KEYS),
        **gateway_fields(value, wire),
    )


def refuse_state(request: ChatRequest) -> None:
    """`InvalidRequest` for what needs an earlier response, or a later look: nothing is stored here (contract section 29)."""
    said = request.extras or {}
    for name in _STATEFUL:
        if said.get(name) is not None:
            raise InvalidRequest(f"{name}: nothing is stored here; send the whole conversation in input.")
    if said.get("store") is True:
        raise InvalidRequest("store: must be false; nothing is stored here.")
    if said.get("background") is True:
        raise InvalidRequest("background: is not supported; stream the response instead.")
    if not request.messages and said.get("prompt") is None:
        raise InvalidRequest("input: is required.")


def _sent(
    value: JsonObject, reasoning: ReasoningOptions | None, wanted: ResponseFormat | None
) -> frozenset[str]:
    asked = {word for key, word in _ASKED.items() if value.get(key) is not None and value[key] != []}
    if reasoning is not None:
        asked.add("reasoning")
    if wanted is not None and wanted.kind != "text":
        asked |= (
            {"response_format", "structured_outputs"} if wanted.kind == "json_schema" else {"response_format"}
        )
    return frozenset(asked)


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


def _reasoning(told: WireReasoning | None) -> ReasoningOptions | None:
    if told is None:
        return None
    if told.effort is not None and told.effort not in EFFORTS:
        raise InvalidRequest(f"reasoning.effort: must be one of {', '.join(EFFORTS)}.")
    if told.effort is not None and told.max_tokens is not None:
        raise InvalidRequest("reasoning: only one of effort and max_tokens can be given.")
    options = ReasoningOptions(
        told.effort,
        told.max_tokens,
        told.exclude,
        told.enabled,
        told.summary or told.generate_summary,
        told.context,
        told.mode,
    )
    return options if options != ReasoningOptions() else None
