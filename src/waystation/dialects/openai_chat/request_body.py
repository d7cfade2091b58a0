"""`ChatRequest` -> the body for a provider that speaks this dialect. What the endpoint cannot take is left out and named.

Fields that are the gateway's own affair (routing, plugins, sessions ...) never leave it and are not named; `metadata` leaves
only with `store`.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Final

from waystation.codec.dialect import RenderedRequest, Target
from waystation.codec.reasoning_effort import nearest_effort
from waystation.dialects.openai_chat.messages import render_messages
from waystation.dialects.openai_chat.parts import Voice
from waystation.dialects.openai_chat.reasoning import effort_asked, render_reasoning_object
from waystation.dialects.openai_chat.tools import render_tool, render_tool_choice
from waystation.dialects.openai_chat.wire import NAME
from waystation.operations.chat import ChatRequest, ResponseFormat
from waystation.operations.parts import JsonObject
from waystation.operations.plain_tools import plain_tools

_LISTED: Final = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "seed",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "stop",
    "verbosity",
    "web_search_options",
)
"""Said where `supported_parameters` lists them, or where it lists nothing."""
_UNLISTED: Final = (
    "n",
    "prediction",
    "modalities",
    "audio",
    "service_tier",
    "user",
    "prompt_cache_key",
    "prompt_cache_options",
)
"""Said wherever the caller said them: `supported_parameters` has no words for these."""
_NESTED: Final = ("image_config", "x_search_filter")
"""Extensions that only a gateway like this one knows."""
_OTHERS: Final = (*_UNLISTED, *_NESTED, "cache_control")
_LISTED_OF: Final[Callable[[ChatRequest], tuple[object, ...]]] = attrgetter(*_LISTED)
_OTHERS_OF: Final[Callable[[ChatRequest], tuple[object, ...]]] = attrgetter(*_OTHERS)
_NOTHING_LISTED: Final = (None,) * len(_LISTED)
_NOTHING_ELSE: Final = (None,) * len(_OTHERS)
_REASONING_WORDS: Final = frozenset({"reasoning", "reasoning_effort", "include_reasoning"})


def render_request(request: ChatRequest, target: Target) -> RenderedRequest:
    """Path, body, and the names of what was dropped."""
    request = plain_tools(request)
    same_dialect = request.dialect == NAME
    cache_marks = target.nested_reasoning or "cache_control" in target.supported_parameters
    dropped: list[str] = []
    voice = Voice(
        same_dialect,
        cache_marks,
        target.nested_reasoning,
        target.reasoning_field,
        dropped,
        target.developer_role,
    )
    body: JsonObject = {"model": target.native_id, "messages": render_messages(request.messages, voice)}
    if request.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    if request.max_tokens is not None:
        body[target.max_tokens_field] = request.max_tokens
    _add_parameters(body, request, target, voice)
    if request.tools or request.tool_choice is not None:
        _add_tools(body, request, target, voice)
    if request.response_format is not None:
        _add_response_format(body, request.response_format, target, voice)
    if request.reasoning is not None:
        _add_reasoning(body, request, target, voice)
    if request.extras:
        if same_dialect:
            body |= request.extras
            if request.metadata and request.extras.get("store") is True:
                body["metadata"] = request.metadata  # names what is stored there, and is refused without it
        else:
            for name in request.extras:
                voice.drop(name)
    return RenderedRequest("/chat/completions", body, dropped, [])


def _takes(target: Target, name: str) -> bool:
    """True where the endpoint lists this parameter, or lists nothing at all."""
    return not target.supported_parameters or name in target.supported_parameters


def _add_parameters(body: JsonObject, request: ChatRequest, target: Target, voice: Voice) -> None:
    listed = target.supported_parameters
    values = _LISTED_OF(request)
    if values != _NOTHING_LISTED:
        for name, value in zip(_LISTED, values, strict=True):
            if value is None:
                continue
            if not listed or name in listed:
                body[name] = list(value) if type(value) is tuple else value
            else:
                voice.drop(name)
    values = _OTHERS_OF(request)
    if values != _NOTHING_ELSE:
        for name, value in zip(_OTHERS, values, strict=True):
            if value is None:
                continue
            if name in _UNLISTED or (
                voice.cache_marks if name == "cache_control" else target.nested_reasoning
            ):
                body[name] = list(value) if type(value) is tuple else value
            else:
                voice.drop(name)


def _add_tools(body: JsonObject, request: ChatRequest, target: Target, voice: Voice) -> None:
    if not _takes(target, "tools"):
        voice.drop("tools")
        return
    tools = []
    for tool in request.tools:
        value = render_tool(tool, same_dialect=voice.same_dialect, cache_marks=voice.cache_marks)
        if value is None:
            voice.drop(f"tools.{tool.kind}")
            continue
        if tool.cache_control is not None and not voice.cache_marks:
            voice.drop("cache_control")
        tools.append(value)
    if tools:
        body["tools"] = tools
    choice = request.tool_choice
    if choice is not None:
        lonely = bool(request.tools) and not tools
        if (
            lonely
            or not _takes(target, "tool_choice")
            or (choice.mode == "opaque" and not voice.same_dialect)
        ):
            voice.drop("tool_choice")
        else:
            body["tool_choice"] = render_tool_choice(choice)
    if request.parallel_tool_calls is not None and tools:
        # Many endpoints that take tools do not list this one, yet take it; a provider's row drops it where it must.
        body["parallel_tool_calls"] = request.parallel_tool_calls


def _add_response_format(body: JsonObject, wanted: ResponseFormat, target: Target, voice: Voice) -> None:
    listed = target.supported_parameters
    if listed and not listed & {"response_format", "structured_outputs"}:
        if wanted.kind != "text":
            voice.drop("response_format")
        return
    if wanted.kind == "json_schema" and listed and "structured_outputs" not in listed:
        voice.drop("structured_outputs")
        body["response_format"] = {"type": "json_object"}
        return
    value: JsonObject = {"type": wanted.kind}
    extras = dict(wanted.extras) if wanted.extras and voice.same_dialect else {}
    if wanted.kind == "json_schema":
        inner = extras.pop("json_schema", None)
        value["json_schema"] = _schema(wanted, inner if isinstance(inner, dict) else {})
    body["response_format"] = value | extras


def _schema(wanted: ResponseFormat, extras: JsonObject) -> JsonObject:
    value: JsonObject = {"name": wanted.name}
    for key, field in (
        ("description", wanted.description),
        ("schema", wanted.schema),
        ("strict", wanted.strict),
    ):
        if field is not None:
            value[key] = field
    return value | extras


def _add_reasoning(body: JsonObject, request: ChatRequest, target: Target, voice: Voice) -> None:
    options = request.reasoning
    if options is None:
        return
    if target.supported_parameters and not target.supported_parameters & _REASONING_WORDS:
        if effort_asked(options, request.max_tokens) not in {None, "none"}:
            voice.drop("reasoning")
        return
    if target.nested_reasoning:
        body["reasoning"] = render_reasoning_object(options)
        return
    effort = effort_asked(options, request.max_tokens or target.max_completion_tokens)
    if effort is not None:
        body["reasoning_effort"] = nearest_effort(effort, target.efforts)
    for name in ("summary", "context", "mode"):
        if getattr(options, name) is not None:
            voice.drop(f"reasoning.{name}")
