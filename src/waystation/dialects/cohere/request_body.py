"""`ChatRequest` -> the body of `POST /v2/chat`. What the wire or the model cannot take is left out and named."""

from typing import Final

from waystation.codec.dialect import RenderedRequest, Target
from waystation.codec.reasoning_effort import ASSUMED_LIMIT, budget_of_effort
from waystation.dialects.cohere.messages import render_conversation
from waystation.dialects.cohere.wire import NAME
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, ReasoningOptions, Tool
from waystation.operations.parts import JsonObject
from waystation.operations.plain_tools import plain_tools

_UNSAYABLE: Final = (
    "min_p", "top_a", "repetition_penalty", "logit_bias", "top_logprobs", "prediction", "modalities", "audio",
    "image_config", "verbosity", "web_search_options", "x_search_filter", "user", "cache_control",
    "prompt_cache_key", "prompt_cache_options",
)  # fmt: skip
_SAYABLE_EXTRAS: Final = frozenset(
    {"documents", "citation_options", "safety_mode", "strict_tools", "priority"}
)
"""Fields of the wire's own, which a client of any dialect may send along."""
_THINKERS: Final = ("reasoning", "command-a-plus")
_CHOICES: Final = {"required": "REQUIRED", "named": "REQUIRED", "none": "NONE"}
_MAX_STOPS: Final = 5
_MOST_TOP_K: Final = 500


def render_request(request: ChatRequest, target: Target) -> RenderedRequest:
    """Path, body, and the names of what was dropped. `InvalidRequest` for what only another wire can say."""
    request = plain_tools(request)
    thinks = _thinks(target)
    told = render_conversation(request.messages, request.dialect, thinks=thinks)
    dropped = told.dropped
    body: JsonObject = {"model": target.native_id, "messages": told.messages, "stream": request.stream}
    _add_sampling(body, request, dropped)
    _add_tools(body, request, dropped)
    _add_format(body, request)
    if request.reasoning is not None:
        _add_thinking(
            body,
            request.reasoning,
            request.max_tokens or target.max_completion_tokens,
            dropped,
            thinks=thinks,
        )
    for name, value in (request.extras or {}).items():
        if name in _SAYABLE_EXTRAS or request.dialect == NAME:
            body[name] = value
        else:
            dropped.append(name)
    dropped += [
        name for name in _UNSAYABLE if (value := getattr(request, name)) is not None and value is not False
    ]
    if request.n is not None and request.n > 1:
        dropped.append("n")
    if request.service_tier not in {None, "auto", "default"}:
        dropped.append("service_tier")
    return RenderedRequest("/v2/chat", body, list(dict.fromkeys(dropped)), [])


def _thinks(target: Target) -> bool:
    """By what the catalogue says the endpoint takes, else by its name."""
    if target.supported_parameters:
        return "reasoning" in target.supported_parameters
    name = (target.model_id or target.native_id).lower()
    return any(word in name for word in _THINKERS)


def _add_sampling(body: JsonObject, request: ChatRequest, dropped: list[str]) -> None:
    """Sampling under this wire's names, brought into its ranges where that hardly changes anything, else left out."""
    plain = {"max_tokens": request.max_tokens, "seed": request.seed, "temperature": request.temperature}
    body.update({name: value for name, value in plain.items() if value is not None})
    if request.temperature is not None and request.temperature < 0:
        del body["temperature"]
        dropped.append("temperature")
    if request.top_p is not None:
        body["p"] = min(max(request.top_p, 0.01), 0.99)
    if request.top_k is not None:
        if 0 <= request.top_k <= _MOST_TOP_K:
            body["k"] = request.top_k
        else:
            dropped.append("top_k")
    for name in ("frequency_penalty", "presence_penalty"):
        penalty = getattr(request, name)
        if penalty is not None and 0 <= penalty <= 1:
            body[name] = penalty
        elif penalty is not None:
            dropped.append(name)
    _add_output(body, request, dropped)


def _add_output(body: JsonObject, request: ChatRequest, dropped: list[str]) -> None:
    if request.logprobs:
        body["logprobs"] = True
    if request.stop:
        body["stop_sequences"] = list(request.stop[:_MAX_STOPS])
        if len(request.stop) > _MAX_STOPS:
            dropped.append("stop")


def _add_tools(body: JsonObject, request: ChatRequest, dropped: list[str]) -> None:
    """Tools, and the choice among them: one tool is forced by offering no other."""
    dropped += [f"tools.{tool.kind}" for tool in request.tools if tool.kind != "function"]
    tools = [tool for tool in request.tools if tool.kind == "function"]
    choice = request.tool_choice
    if any(tool.cache_control is not None for tool in tools):
        dropped.append("cache_control")
    if choice is not None and choice.mode == "named":
        tools = _only(choice.name, tools)
    if not tools:
        if choice is not None and choice.mode not in {"auto", "none"}:
            dropped.append("tool_choice")
        return
    body["tools"] = [_render_tool(tool) for tool in tools]
    if any(tool.strict for tool in tools):
        body["strict_tools"] = True
    mode = choice.mode if choice is not None else "auto"
    if mode in _CHOICES:
        body["tool_choice"] = _CHOICES[mode]
    elif mode != "auto":
        dropped.append("tool_choice")
    if request.parallel_tool_calls is False:
        dropped.append("parallel_tool_calls")


def _only(name: str | None, tools: list[Tool]) -> list[Tool]:
    found = [tool for tool in tools if tool.name == name]
    if not found:
        raise InvalidRequest("tool_choice: names a tool that is not among the tools.")
    return found


def _render_tool(tool: Tool) -> JsonObject:
    function: JsonObject = {
        "name": tool.name,
        "parameters": {"type": "object", "properties": {}} | (tool.parameters or {}),
    }
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _add_format(body: JsonObject, request: ChatRequest) -> None:
    """Source: `response_format` of the API reference; it goes neither with tools nor with documents."""
    wanted = request.response_format
    if wanted is None or wanted.kind == "text":
        return
    if wanted.kind not in {"json_object", "json_schema"}:
        raise InvalidRequest(f"response_format: this model does not know the type {wanted.kind}.")
    if "tools" in body:
        raise InvalidRequest("response_format: this model takes none beside tools.")
    told: JsonObject = {"type": "json_object"}
    if wanted.schema is not None:
        told["json_schema"] = wanted.schema
    body["response_format"] = told


def _add_thinking(
    body: JsonObject, options: ReasoningOptions, limit: int | None, dropped: list[str], *, thinks: bool
) -> None:
    """`thinking`, with a budget; models that think do so unless they are told not to."""
    off = options.effort == "none" or options.enabled is False or options.max_tokens == 0
    asks = options.effort is not None or options.max_tokens is not None or options.enabled is not None
    if not thinks:
        if asks and not off:
            dropped.append("reasoning")
    elif off:
        body["thinking"] = {"type": "disabled"}
    elif asks:
        budget = options.max_tokens
        if budget is None and options.effort is not None:
            budget = budget_of_effort(options.effort, limit or ASSUMED_LIMIT)
        body["thinking"] = {"type": "enabled"} | ({"token_budget": budget} if budget else {})
    dropped += [
        f"reasoning.{name}" for name in ("summary", "context", "mode") if getattr(options, name) is not None
    ]
