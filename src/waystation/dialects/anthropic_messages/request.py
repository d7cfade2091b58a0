"""`ChatRequest` -> the body of `POST /v1/messages`. What the wire or the model cannot take is left out and named."""

from typing import Final

from waystation.codec.dialect import RenderedRequest, Target
from waystation.dialects.anthropic_messages.caching import limit_marks, mark_last
from waystation.dialects.anthropic_messages.family import Family, family_of
from waystation.dialects.anthropic_messages.messages import (
    Conversation,
    blocks_of,
    plain,
    render_conversation,
)
from waystation.dialects.anthropic_messages.structured import add_structured_output
from waystation.dialects.anthropic_messages.thinking import add_thinking, may_think, wants_thinking
from waystation.dialects.anthropic_messages.tools import render_tool_choice, render_tools
from waystation.dialects.anthropic_messages.wire import NAME, THINKING_FIELDS
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject
from waystation.operations.plain_tools import plain_tools

MAX_TOKENS: Final = 8192
"""What to ask for where neither the caller nor the catalogue names a limit: the wire demands one."""
_INTERLEAVED: Final = "interleaved-thinking-2025-05-14"
_UNSAYABLE: Final = (
    "frequency_penalty", "presence_penalty", "repetition_penalty", "min_p", "top_a", "seed", "logit_bias",
    "logprobs", "top_logprobs", "prediction", "modalities", "audio", "image_config", "web_search_options",
    "x_search_filter", "prompt_cache_key", "prompt_cache_options",
)  # fmt: skip
_TIERS: Final = {"auto": "auto", "priority": "auto", "default": "standard_only", "standard": "standard_only"}
_SPOKEN_EFFORT: Final = {"low": "low", "medium": "medium", "high": "high", "xhigh": "max", "max": "max"}


def render_request(request: ChatRequest, target: Target) -> RenderedRequest:
    """Path, body, names of what was dropped, and the header for features in beta."""
    request = plain_tools(request)
    family = family_of(target.native_id)
    told = render_conversation(request.messages, request.dialect)
    dropped = told.dropped
    body: JsonObject = {
        "model": target.native_id,
        "max_tokens": _max_tokens(request, target),
        "messages": told.messages,
    }
    if told.system:
        body["system"] = plain(told.system) if told.same_dialect else told.system
    if request.stream:
        body["stream"] = True
    native = "structured_outputs" in target.supported_parameters or request.dialect == NAME
    _add_tools(body, request, dropped, strictly=native)
    _add_thinking(body, request, target, family, told)
    _add_sampling(body, request, family, dropped)
    _add_rest(body, request, family, dropped)
    if request.response_format is not None:
        add_structured_output(body, request.response_format, native=native, dropped=dropped)
    _add_marks(body, request, told)
    if request.extras:
        if request.dialect == NAME:
            body |= request.extras
        else:
            dropped += request.extras
    dropped += [
        name for name in _UNSAYABLE if (value := getattr(request, name)) is not None and value is not False
    ]
    if request.n is not None and request.n > 1:
        dropped.append("n")
    betas = dict.fromkeys((*told.betas, *request.betas))
    headers = [("anthropic-beta", ",".join(betas))] if betas else []
    return RenderedRequest("/messages", body, list(dict.fromkeys(dropped)), headers)


def _max_tokens(request: ChatRequest, target: Target) -> int:
    limit = target.max_completion_tokens
    if request.max_tokens is None:
        return limit or MAX_TOKENS
    return min(request.max_tokens, limit) if limit else request.max_tokens


def _add_tools(body: JsonObject, request: ChatRequest, dropped: list[str], *, strictly: bool) -> None:
    tools = render_tools(request, dropped, strictly=strictly)
    if not tools:
        if request.tool_choice is not None and request.tool_choice.mode not in {"auto", "none"}:
            dropped.append("tool_choice")
        return
    body["tools"] = tools
    choice = render_tool_choice(request, dropped)
    if choice is not None:
        body["tool_choice"] = choice


def _add_thinking(
    body: JsonObject, request: ChatRequest, target: Target, family: Family, told: Conversation
) -> None:
    options = request.reasoning
    if told.same_dialect and any(name in (request.extras or {}) for name in THINKING_FIELDS):
        return
    if options is None or not wants_thinking(options):
        return
    if not (family.budget or family.adaptive) or not (told.same_dialect or may_think(request, family)):
        told.drop("reasoning")
        return
    add_thinking(body, options, family, target.max_completion_tokens)
    if "tools" in body and not family.adaptive:
        told.betas.append(_INTERLEAVED)
    for name in ("summary", "context", "mode"):
        if getattr(options, name) is not None:
            told.drop(f"reasoning.{name}")


def _add_sampling(body: JsonObject, request: ChatRequest, family: Family, dropped: list[str]) -> None:
    """Thinking models choose for themselves; newer ones take one of temperature and top_p, the newest none."""
    if request.dialect == NAME:
        said = {"temperature": request.temperature, "top_p": request.top_p, "top_k": request.top_k}
        body.update({name: value for name, value in said.items() if value is not None})
        return
    thinks = "thinking" in body
    if request.temperature is not None:
        if family.sampling and not thinks:
            body["temperature"] = min(request.temperature, 1.0)
        else:
            dropped.append("temperature")
    if request.top_p is not None:
        if family.sampling and not thinks and (family.both_samplings or "temperature" not in body):
            body["top_p"] = request.top_p
        else:
            dropped.append("top_p")
    if request.top_k is not None:
        if family.sampling and not thinks:
            body["top_k"] = request.top_k
        else:
            dropped.append("top_k")


def _add_rest(body: JsonObject, request: ChatRequest, family: Family, dropped: list[str]) -> None:
    if request.stop:
        stops = [stop for stop in request.stop if stop.strip()]
        if stops:
            body["stop_sequences"] = stops
        if len(stops) < len(request.stop):
            dropped.append("stop")
    if request.user is not None:
        body["metadata"] = {"user_id": request.user}
    if request.verbosity is not None:
        effort = _SPOKEN_EFFORT.get(request.verbosity)
        config = body.get("output_config")
        if family.effort and effort is not None:
            body["output_config"] = {"effort": effort} | (config if isinstance(config, dict) else {})
        else:
            dropped.append("verbosity")
    if request.service_tier is not None:
        tier = _TIERS.get(request.service_tier)
        if tier is not None:
            body["service_tier"] = tier
        else:
            dropped.append("service_tier")


def _add_marks(body: JsonObject, request: ChatRequest, told: Conversation) -> None:
    tools = body.get("tools")
    groups = [
        tools if isinstance(tools, list) else [],
        told.system,
        *(blocks_of(message) for message in told.messages),
    ]
    if request.cache_control is not None and request.dialect == NAME:
        body["cache_control"] = request.cache_control
    elif request.cache_control is not None:
        mark_last(request.cache_control, *groups)
    if limit_marks(*groups):
        told.drop("cache_control")
