"""`ChatRequest` -> the body of `POST /api/chat`. What the wire cannot say is left out and named."""

from typing import Final

from waystation.codec.dialect import RenderedRequest, Target
from waystation.dialects.ollama.messages import Conversation
from waystation.dialects.ollama.thinking import render_think
from waystation.dialects.ollama.tools import render_tools
from waystation.operations.chat import ChatRequest, ResponseFormat
from waystation.operations.parts import JsonObject
from waystation.operations.plain_tools import plain_tools

PATH: Final = "/api/chat"
_OPTIONS: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "repetition_penalty": "repeat_penalty",
}
"""Our words and the wire's, inside `options`."""
_UNSAYABLE: Final = (
    "top_a", "logit_bias", "prediction", "modalities", "audio", "image_config", "web_search_options",
    "x_search_filter", "verbosity", "service_tier", "user", "cache_control", "prompt_cache_key",
    "prompt_cache_options",
)  # fmt: skip


def render_request(request: ChatRequest, target: Target) -> RenderedRequest:
    """Path, body, names of what was dropped. A prompt that is too long is to be refused, not quietly cut."""
    request = plain_tools(request)
    dropped: list[str] = []
    body: JsonObject = {
        "model": target.native_id,
        "messages": Conversation(dropped).render(request.messages),
        "stream": request.stream,
        "truncate": False,
    }
    tools = render_tools(request, dropped)
    if tools:
        body["tools"] = tools
    think = render_think(request, target, dropped)
    if think is not None:
        body["think"] = think
    if request.response_format is not None:
        _add_format(body, request.response_format, dropped)
    _add_logprobs(body, request)
    options = _options(request, target)
    if options:
        body["options"] = options
    dropped += [name for name in _UNSAYABLE if getattr(request, name) not in (None, False)]
    if request.n is not None and request.n > 1:
        dropped.append("n")
    if any(tool.strict for tool in request.tools):
        dropped.append("tools.strict")
    if _has_marks(request):
        dropped.append("cache_control")
    if request.extras:
        dropped += request.extras
    return RenderedRequest(PATH, body, list(dict.fromkeys(dropped)), [])


def _has_marks(request: ChatRequest) -> bool:
    """Whether any breakpoint of a prompt cache stands in the request; this server keeps prompts by itself."""
    parts = (part for message in request.messages for part in message.parts)
    return any(getattr(one, "cache_control", None) is not None for one in (*request.tools, *parts))


def _options(request: ChatRequest, target: Target) -> JsonObject:
    options: JsonObject = {
        theirs: value for ours, theirs in _OPTIONS.items() if (value := getattr(request, ours)) is not None
    }
    if request.stop:
        options["stop"] = list(request.stop)
    if request.max_tokens is not None:
        limit = target.max_completion_tokens
        options["num_predict"] = min(request.max_tokens, limit) if limit else request.max_tokens
    return options


def _add_format(body: JsonObject, wanted: ResponseFormat, dropped: list[str]) -> None:
    if wanted.kind == "json_schema" and wanted.schema is not None:
        body["format"] = wanted.schema
    elif wanted.kind in {"json_object", "json_schema"}:
        body["format"] = "json"
    elif wanted.kind != "text":
        dropped.append("response_format")


def _add_logprobs(body: JsonObject, request: ChatRequest) -> None:
    if request.logprobs:
        body["logprobs"] = True
        if request.top_logprobs is not None:
            body["top_logprobs"] = request.top_logprobs
