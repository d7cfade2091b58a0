"""A body of Converse or ConverseStream -> `ChatRequest`. The model and whether to stream are in the path.

No route leads here yet: it is the other half of `request_body`, and says what a request on this wire means.
"""

import re
from typing import Final

from waystation.codec.request_body import decode_object
from waystation.dialects.bedrock_converse.parse_messages import parse_system, parse_turns
from waystation.dialects.bedrock_converse.structured import parse_output_config
from waystation.dialects.bedrock_converse.thinking import parse_thinking
from waystation.dialects.bedrock_converse.tools import parse_tool_choice, parse_tools, tool_specs
from waystation.dialects.bedrock_converse.wire import NAME, object_of, rest_of, text_of
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject

_PATH: Final = re.compile(r"/model/([^/]+)/converse(-stream)?$")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_KEYS: Final = frozenset(
    {
        "messages",
        "system",
        "inferenceConfig",
        "toolConfig",
        "additionalModelRequestFields",
        "serviceTier",
        "outputConfig",
    }
)
_INFERENCE_KEYS: Final = frozenset({"maxTokens", "temperature", "topP", "stopSequences"})


def parse_request(body: bytes, path: str) -> ChatRequest:
    """The request of `POST /model/{id}/converse`; `InvalidRequest` names the field that is wrong."""
    value = decode_object(body)
    found = _PATH.search(path)
    inference = object_of(value.get("inferenceConfig"))
    more = dict(object_of(value.get("additionalModelRequestFields")))
    config = object_of(value.get("toolConfig"))
    top_k = _take_top_k(more)
    reasoning = parse_thinking(more)
    extras = dict(rest_of(value, _KEYS) or {})
    if more:
        extras["additionalModelRequestFields"] = more
    if (rest := rest_of(inference, _INFERENCE_KEYS)) is not None:
        extras["inferenceConfig"] = rest
    stops = inference.get("stopSequences")
    return ChatRequest(
        dialect=NAME,
        model=_unescaped(found[1]) if found else None,
        messages=(*parse_system(value.get("system")), *parse_turns(value.get("messages"))),
        stream=bool(found and found[2]),
        max_tokens=_whole(inference, "maxTokens"),
        temperature=_number(inference, "temperature"),
        top_p=_number(inference, "topP"),
        top_k=top_k,
        stop=tuple([stop for stop in stops if isinstance(stop, str)]) or None
        if isinstance(stops, list)
        else None,
        response_format=parse_output_config(value.get("outputConfig")),
        tools=parse_tools(tool_specs(config)),
        tool_choice=parse_tool_choice(config.get("toolChoice")),
        reasoning=reasoning,
        service_tier=text_of(object_of(value.get("serviceTier")).get("type")),
        extras=extras or None,
    )


def _unescaped(segment: str) -> str:
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), segment.encode()).decode("utf-8", "replace")


def _take_top_k(more: JsonObject) -> int | None:
    """`top_k` from wherever a family has it; it is taken out of the additional fields."""
    inner = object_of(more.get("inferenceConfig"))
    if isinstance(top_k := inner.get("topK"), int):
        rest = {key: item for key, item in inner.items() if key != "topK"}
        if rest:
            more["inferenceConfig"] = rest
        else:
            del more["inferenceConfig"]
        return top_k
    for key in ("top_k", "k"):
        if isinstance(top_k := more.get(key), int):
            del more[key]
            return top_k
    return None


def _whole(inference: JsonObject, key: str) -> int | None:
    value = inference.get(key)
    if value is not None and (not isinstance(value, int) or value < 1):
        raise InvalidRequest(f"inferenceConfig.{key}: must be a positive integer.")
    return value


def _number(inference: JsonObject, key: str) -> float | None:
    value = inference.get(key)
    if value is not None and (not isinstance(value, (int, float)) or isinstance(value, bool)):
        raise InvalidRequest(f"inferenceConfig.{key}: must be a number.")
    return value
