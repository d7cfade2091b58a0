"""A client's body of `generateContent` -> `ChatRequest`. What has no word in the neutral form is kept for the same dialect."""

import re
from typing import Any, Final

from waystation.codec.request_body import (
    GATEWAY_KEYS,
    checked,
    decode_object,
    gateway_fields,
)
from waystation.dialects.gemini.conversation import parse_contents, parse_system
from waystation.dialects.gemini.schema import parse_schema
from waystation.dialects.gemini.thinking import parse_thinking
from waystation.dialects.gemini.tools import parse_tool_choice, parse_tools
from waystation.dialects.gemini.wire import (
    NAME,
    WireRequest,
    camel_keys,
    object_of,
    objects_of,
    text_of,
    unknown,
)
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, ResponseFormat
from waystation.operations.parts import JsonObject

_PATH: Final = re.compile(r"/models/(?P<model>.+):(?P<verb>\w+)")
_BODY_KEYS: Final = frozenset(
    {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "model", "serviceTier"}
)
_NUMBERS: Final = {
    "maxOutputTokens": ("max_tokens", int),
    "temperature": ("temperature", float),
    "topP": ("top_p", float),
    "topK": ("top_k", int),
    "presencePenalty": ("presence_penalty", float),
    "frequencyPenalty": ("frequency_penalty", float),
    "seed": ("seed", int),
    "candidateCount": ("n", int),
    "logprobs": ("top_logprobs", int),
}
_CONFIG_KEYS: Final = frozenset(
    {
        *_NUMBERS,
        "stopSequences",
        "responseLogprobs",
        "responseMimeType",
        "responseJsonSchema",
        "responseModalities",
    }
    | {"thinkingConfig"}
)
_ASKED: Final = (
    "max_tokens", "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed", "logprobs",
    "top_logprobs", "stop", "response_format", "tools", "tool_choice", "reasoning",
)  # fmt: skip
_MODALITIES: Final = frozenset({"text", "image", "audio"})


def parse_request(body: bytes, path: str) -> ChatRequest:
    """The model and whether to stream stand in the path (`/models/<model>:streamGenerateContent`)."""
    decoded = decode_object(body)
    told = gateway_fields(decoded, checked(decoded, WireRequest))
    wire = camel_keys({key: value for key, value in decoded.items() if key not in GATEWAY_KEYS})
    found = _PATH.search(path)
    fields: dict[str, Any] = {
        "model": found["model"] if found else text_of(wire.get("model")),
        "stream": bool(found) and found is not None and found["verb"].startswith("stream"),
        "messages": tuple(parse_system(wire.get("systemInstruction")) + parse_contents(wire.get("contents"))),
    }
    extras = unknown(wire, _BODY_KEYS) or {}
    _add_config(fields, extras, camel_keys(object_of(wire.get("generationConfig"))))
    tools = parse_tools(objects_of(wire.get("tools")))
    if tools:
        fields["tools"] = tools
    _add_tool_config(fields, extras, camel_keys(object_of(wire.get("toolConfig"))))
    tier = text_of(wire.get("serviceTier"))
    if tier is not None:
        fields["service_tier"] = "default" if tier.lower() == "standard" else tier.lower()
    return ChatRequest(dialect=NAME, extras=extras or None, sent=_sent(fields), **fields, **told)


def _sent(fields: dict[str, Any]) -> frozenset[str]:
    """What is asked of an endpoint, as `supported_parameters` spells it."""
    said = {name for name in _ASKED if fields.get(name) not in (None, ())}
    wanted = fields.get("response_format")
    if wanted is not None and wanted.kind == "json_schema":
        said.add("structured_outputs")
    return frozenset(said)


def _add_config(fields: dict[str, Any], extras: JsonObject, config: JsonObject) -> None:
    for key, (name, kind) in _NUMBERS.items():
        value = config.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            fields[name] = kind(value)
        elif value is not None:
            raise InvalidRequest(f"generationConfig.{key}: must be a number.")
    stop = config.get("stopSequences")
    if isinstance(stop, list) and stop:
        fields["stop"] = tuple([one for one in stop if isinstance(one, str)])
    if config.get("responseLogprobs") is True:
        fields["logprobs"] = True
    fields["reasoning"] = parse_thinking(config.get("thinkingConfig"))
    rest = unknown(config, _CONFIG_KEYS) or {}
    _add_format(fields, rest, config)
    modalities = config.get("responseModalities")
    said = tuple([str(one).lower() for one in modalities]) if isinstance(modalities, list) else ()
    if said and _MODALITIES.issuperset(said):
        fields["modalities"] = said
    elif said:
        rest["responseModalities"] = modalities
    if rest:
        extras["generationConfig"] = rest


def _add_format(fields: dict[str, Any], rest: JsonObject, config: JsonObject) -> None:
    """JSON by schema or without; of other types the wire's own word is kept."""
    kind = config.get("responseMimeType")
    schema, native = config.get("responseJsonSchema"), config.get("responseSchema")
    if isinstance(schema, dict):
        fields["response_format"] = ResponseFormat("json_schema", "answer", schema)
    elif isinstance(native, dict) and kind == "application/json":
        # `responseSchema` itself stays among the extras, so that the same dialect says it as it came.
        fields["response_format"] = ResponseFormat("json_schema", "answer", parse_schema(native))
    elif kind == "application/json":
        fields["response_format"] = ResponseFormat("json_object")
    if kind is not None and kind != "application/json":
        rest["responseMimeType"] = kind


def _add_tool_config(fields: dict[str, Any], extras: JsonObject, config: JsonObject) -> None:
    calling = camel_keys(object_of(config.pop("functionCallingConfig", None)))
    choice = parse_tool_choice(calling)
    if choice is not None:
        fields["tool_choice"] = choice
    if config:
        extras["toolConfig"] = config
