"""`ChatRequest` -> the body of `generateContent`. What the endpoint cannot take is left out and named.

Fields that are the gateway's own affair (routing, plugins, sessions, metadata ...) never leave it and are not named.
"""

from collections.abc import Callable
from typing import Final

from waystation.codec.dialect import RenderedRequest, Target
from waystation.dialects.gemini.contents import Voice, function_names, render_contents
from waystation.dialects.gemini.families import family_of
from waystation.dialects.gemini.schema import render_schema
from waystation.dialects.gemini.thinking import render_thinking
from waystation.dialects.gemini.tools import SEARCH, render_tool_choice, render_tools
from waystation.dialects.gemini.wire import NAME, camel_case, text_of
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, ResponseFormat
from waystation.operations.parts import JsonObject
from waystation.operations.plain_tools import plain_tools

_SAMPLING: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "seed": "seed",
    "stop": "stopSequences",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}
"""Said where `supported_parameters` lists them, or where it lists nothing."""
_UNSAYABLE: Final = (
    "min_p",
    "top_a",
    "repetition_penalty",
    "logit_bias",
    "verbosity",
    "prediction",
    "user",
    "cache_control",
    "prompt_cache_key",
    "prompt_cache_options",
    "x_search_filter",
)
_FOREIGN_EXTRAS: Final = frozenset({"safetySettings", "cachedContent", "labels", "modelArmorConfig"})
"""Fields of this wire that callers of other dialects may send too, in camelCase or snake_case."""
_TIERS: Final[dict[str, str | None]] = {"default": None, "auto": None, "flex": "flex", "priority": "priority"}


def render_request(request: ChatRequest, target: Target) -> RenderedRequest:
    """Path, body, and the names of what was dropped."""
    request = plain_tools(request)
    dropped: list[str] = []
    voice = Voice(
        request.dialect == NAME, family_of(target.native_id), function_names(request.messages), dropped
    )
    contents, system = render_contents(request.messages, voice)
    if not contents:
        raise InvalidRequest("messages: must say something.")
    body: JsonObject = {"contents": contents}
    if system:
        body["systemInstruction"] = {"parts": system}
    config = _generation_config(request, target, voice)
    if config:
        body["generationConfig"] = config
    _add_tools(body, request, target, voice)
    _add_service_tier(body, request, voice)
    for name in _UNSAYABLE:
        if getattr(request, name) is not None:
            voice.drop(name)
    _add_extras(body, request, voice)
    return RenderedRequest(_path(target.native_id, stream=request.stream), body, dropped, [])


def _path(native_id: str, *, stream: bool) -> str:
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/models/{native_id.removeprefix('models/')}:{verb}"


def _takes(target: Target, name: str) -> bool:
    """True where the endpoint lists this parameter, or lists nothing at all."""
    return not target.supported_parameters or name in target.supported_parameters


def _generation_config(request: ChatRequest, target: Target, voice: Voice) -> JsonObject:
    config: JsonObject = {}
    if request.max_tokens is not None:
        config["maxOutputTokens"] = request.max_tokens
    for name, key in _SAMPLING.items():
        value = getattr(request, name)
        if value is None or value is False:
            continue
        if _takes(target, name):
            config[key] = list(value) if isinstance(value, tuple) else value
        else:
            voice.drop(name)
    if request.n is not None and request.n > 1:
        config["candidateCount"] = request.n
    if request.response_format is not None:
        _add_format(config, request.response_format, target, voice.drop)
    _add_outputs(config, request, voice)
    thinking = render_thinking(request, target, voice.drop)
    if thinking:
        config["thinkingConfig"] = thinking
    return config


def _add_format(
    config: JsonObject, wanted: ResponseFormat, target: Target, drop: Callable[[str], None]
) -> None:
    if wanted.kind == "text":
        return
    listed = target.supported_parameters
    if wanted.kind not in {"json_object", "json_schema"} or (
        listed and not listed & {"response_format", "structured_outputs"}
    ):
        drop("response_format")
        return
    config["responseMimeType"] = "application/json"
    if wanted.kind != "json_schema" or wanted.schema is None:
        return
    if listed and "structured_outputs" not in listed:
        drop("structured_outputs")
    else:
        config["responseJsonSchema"] = render_schema(wanted.schema)


def _add_outputs(config: JsonObject, request: ChatRequest, voice: Voice) -> None:
    """What the answer may be made of: text, images, sound, and how those look and sound."""
    if request.modalities:
        config["responseModalities"] = [modality.upper() for modality in request.modalities]
    if request.image_config:
        config["imageConfig"] = {camel_case(key): value for key, value in request.image_config.items()}
    if request.audio:
        voice_name = text_of(request.audio.get("voice"))
        if voice_name is not None:
            config["speechConfig"] = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice_name}}}
        if request.audio.get("format") not in {None, "pcm16"}:
            voice.drop("audio.format")


def _add_tools(body: JsonObject, request: ChatRequest, target: Target, voice: Voice) -> None:
    tools: list[JsonObject] = []
    if request.tools and _takes(target, "tools"):
        tools = render_tools(request.tools, same_dialect=voice.same_dialect, drop=voice.drop)
    elif request.tools:
        voice.drop("tools")
    has_functions = any("functionDeclarations" in tool for tool in tools)
    if request.web_search_options is not None:
        tools.append({SEARCH: {}})
        for name in request.web_search_options:
            voice.drop(f"web_search_options.{name}")
    if tools:
        body["tools"] = tools
    if has_functions or (voice.same_dialect and request.tool_choice is not None):
        config = render_tool_choice(request.tool_choice, request.tools, voice.drop)
        if config is not None:
            body["toolConfig"] = {"functionCallingConfig": config}
    elif request.tool_choice is not None and request.tool_choice.mode not in {"none", "auto"}:
        voice.drop("tool_choice")
    if request.parallel_tool_calls is False:
        voice.drop("parallel_tool_calls")


def _add_service_tier(body: JsonObject, request: ChatRequest, voice: Voice) -> None:
    if request.service_tier is None:
        return
    if request.service_tier not in _TIERS:
        voice.drop("service_tier")
    elif (tier := _TIERS[request.service_tier]) is not None:
        body["serviceTier"] = tier


def _add_extras(body: JsonObject, request: ChatRequest, voice: Voice) -> None:
    """Fields the neutral form has no word for: all of the same dialect's, a few by name of the others'."""
    for name, value in (request.extras or {}).items():
        key = name if voice.same_dialect else camel_case(name)
        if not voice.same_dialect and key not in _FOREIGN_EXTRAS:
            voice.drop(name)
            continue
        known = body.get(key)
        body[key] = _laid_over(known, value) if isinstance(known, dict) and isinstance(value, dict) else value


def _laid_over(known: JsonObject, extras: JsonObject) -> JsonObject:
    joined = dict(known)
    for key, value in extras.items():
        inner = joined.get(key)
        joined[key] = (
            _laid_over(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
        )
    if "responseSchema" in extras:
        # The same schema in Gemini's own words: both at once are refused.
        joined.pop("responseJsonSchema", None)
    return joined
