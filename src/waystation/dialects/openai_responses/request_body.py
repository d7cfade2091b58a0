"""`ChatRequest` -> the body of `POST /responses`. What the wire or the model cannot take is left out and named.

Nothing is stored at the provider (`store: false`): a conversation comes whole, its reasoning encrypted.
"""

import re
from typing import Final

from waystation.codec.dialect import RenderedRequest, Target
from waystation.codec.reasoning_effort import effort_of_budget
from waystation.dialects.openai_responses.input_items import render_conversation
from waystation.dialects.openai_responses.tools import custom_names, render_tool_choice, render_tools
from waystation.dialects.openai_responses.wire import NAME
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, ReasoningOptions, ResponseFormat
from waystation.operations.parts import JsonObject

_UNSAYABLE: Final = (
    "top_k", "min_p", "top_a", "frequency_penalty", "presence_penalty", "repetition_penalty", "seed", "logit_bias",
    "stop", "prediction", "modalities", "audio", "image_config", "web_search_options", "x_search_filter",
    "cache_control",
)  # fmt: skip
_PLAIN: Final = (
    "temperature", "top_p", "parallel_tool_calls", "user", "prompt_cache_key",
    "prompt_cache_options", "max_tool_calls", "top_logprobs",
)  # fmt: skip
_REASONS: Final = re.compile(
    r"(?:.*[/.])?(?:o\d|gpt-(?:[5-9]|\d\d)(?!.*chat)|gpt-oss|codex|computer-use|grok-(?!2))"
)
_TIERS: Final = frozenset({"auto", "default", "flex", "scale", "priority"})
_EFFORTS: Final = {"max": "xhigh"}
SEALED: Final = "reasoning.encrypted_content"
CHANCES: Final = "message.output_text.logprobs"


def render_request(request: ChatRequest, target: Target, origin: str) -> RenderedRequest:
    """Path, body, and the names of what was dropped."""
    told = render_conversation(request.messages, request.dialect, origin, custom_names(request.tools))
    dropped = told.dropped
    body: JsonObject = {"model": target.native_id, "input": told.items}
    if told.instructions is not None:
        body["instructions"] = told.instructions
    if request.stream:
        body["stream"] = True
    if request.max_tokens is not None:
        body["max_output_tokens"] = request.max_tokens
    for name in _PLAIN:
        value = getattr(request, name)
        if value is not None:
            body[name] = value
    _add_tools(body, request, dropped)
    _add_text(body, request)
    reasons = _can_reason(target)
    if request.reasoning is not None:
        limit = request.max_tokens or target.max_completion_tokens
        if reasons or request.dialect == NAME:
            _add_reasoning(body, request.reasoning, limit, may_show=request.dialect != NAME)
        elif _asks(request.reasoning):
            dropped.append("reasoning")
    _add_rest(body, request, dropped, reasons=reasons)
    return RenderedRequest("/responses", body, list(dict.fromkeys(dropped)), [])


def _can_reason(target: Target) -> bool:
    """By what the catalogue says the endpoint takes, else by its name."""
    if target.supported_parameters:
        return "reasoning" in target.supported_parameters
    return _REASONS.match((target.model_id or target.native_id).lower()) is not None


def _add_tools(body: JsonObject, request: ChatRequest, dropped: list[str]) -> None:
    tools = render_tools(request.tools, request.dialect, dropped)
    if tools:
        body["tools"] = tools
    if request.tool_choice is None:
        return
    choice = render_tool_choice(request.tool_choice, request.dialect)
    if choice is not None and (tools or choice == "none" or request.dialect == NAME):
        body["tool_choice"] = choice
    else:
        dropped.append("tool_choice")


def _add_text(body: JsonObject, request: ChatRequest) -> None:
    text: JsonObject = {}
    if request.response_format is not None:
        text["format"] = _format(request.response_format, same_dialect=request.dialect == NAME)
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    if text:
        body["text"] = text


def _format(wanted: ResponseFormat, *, same_dialect: bool) -> JsonObject:
    if wanted.kind in {"text", "json_object"}:
        return {"type": wanted.kind}
    if wanted.kind != "json_schema":
        raise InvalidRequest(f"response_format: this model does not know the type {wanted.kind}.")
    told: JsonObject = {"type": "json_schema", "name": wanted.name or "answer", "schema": wanted.schema or {}}
    if wanted.strict is not None:
        told["strict"] = wanted.strict
    if wanted.description is not None:
        told["description"] = wanted.description
    return told | wanted.extras if same_dialect and wanted.extras else told


def _asks(options: ReasoningOptions) -> bool:
    """Whether the caller wants the model to think."""
    if options.effort == "none" or options.enabled is False or options.max_tokens == 0:
        return False
    return options.effort is not None or options.max_tokens is not None or options.enabled is True


def _add_reasoning(body: JsonObject, options: ReasoningOptions, limit: int | None, *, may_show: bool) -> None:
    """Effort, a budget as the nearest effort, and a summary unless the caller wants none: who speaks this wire asks for it."""
    effort = options.effort
    if effort is None and options.max_tokens is not None:
        effort = effort_of_budget(options.max_tokens, limit)
    elif effort is None and options.enabled is False:
        effort = "none"
    summary = options.summary
    if summary is None and may_show and _asks(options) and not options.exclude:
        summary = "auto"
    said = {
        "effort": None if effort is None else _EFFORTS.get(effort, effort),
        "summary": summary,
        "context": options.context,
        "mode": options.mode,
    }
    told = {name: value for name, value in said.items() if value is not None}
    if told:
        body["reasoning"] = told


def _add_rest(body: JsonObject, request: ChatRequest, dropped: list[str], *, reasons: bool) -> None:
    extras = request.extras or {}
    if request.dialect == NAME:
        body |= extras
    else:
        dropped += extras
    body.setdefault("store", False)
    wanted = body.get("include")
    include = list(wanted) if isinstance(wanted, list) else []
    if reasons and body["store"] is False and SEALED not in include:
        include.append(SEALED)
    if (request.logprobs or request.top_logprobs) and CHANCES not in include:
        include.append(CHANCES)
    if include:
        body["include"] = include
    dropped += [
        name for name in _UNSAYABLE if (value := getattr(request, name)) is not None and value is not False
    ]
    if request.n is not None and request.n > 1:
        dropped.append("n")
    if request.service_tier in _TIERS:
        body["service_tier"] = request.service_tier
    elif request.service_tier is not None:
        dropped.append("service_tier")
