"""A whole answer of Converse -> `ChatResult`. Read generously: what is missing or of another shape is left out, and an
answer that then says nothing is `BadResponse`."""

import secrets
from typing import Final

from msgspec import Struct, field

from waystation.codec.json_answer import object_in
from waystation.dialects.bedrock_converse.citations import annotation_of
from waystation.dialects.bedrock_converse.finish import finish_reason
from waystation.dialects.bedrock_converse.media import data_url_of_image
from waystation.dialects.bedrock_converse.reasoning import parse_reasoning
from waystation.dialects.bedrock_converse.tools import arguments_text, is_servers, parse_call
from waystation.dialects.bedrock_converse.usage import parse_usage
from waystation.dialects.bedrock_converse.wire import (
    ANSWER_TOOL,
    BLOCK,
    NAME,
    object_of,
    objects_of,
    rest_of,
    text_of,
)
from waystation.errors import BadResponse
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import ImageOutput, JsonObject, Opaque, Part, Text, ToolCall
from waystation.operations.usage import Usage

_KNOWN: Final = frozenset({"output", "stopReason", "usage", "serviceTier"})
BROKEN_OFF: Final = "The provider's model could not finish its answer."


class _Told(Struct):
    """What the blocks said so far; `length` in characters of the choice's text."""

    parts: list[Part] = field(default_factory=list)
    annotations: list[JsonObject] = field(default_factory=list)
    length: int = 0


def parse_response(body: bytes) -> ChatResult:
    """The answer; `BadResponse` where there is none in it."""
    value = object_in(body)
    message = object_of(object_of(value.get("output")).get("message"))
    if not isinstance(message.get("content"), list):
        raise BadResponse("The provider's answer holds no message.")
    told = _Told()
    for index, block in enumerate(objects_of(message["content"])):
        _add_block(told, block, index)
    usage = parse_usage(value.get("usage"))
    return ChatResult(
        dialect=NAME,
        upstream_id=None,
        model=None,
        created=None,
        choices=(_choice(told, text_of(value.get("stopReason")), usage),),
        usage=usage,
        service_tier=text_of(object_of(value.get("serviceTier")).get("type")),
        extras=rest_of(value, _KNOWN),
    )


def _choice(told: _Told, native: str | None, usage: Usage | None) -> Choice:
    has_calls = any(isinstance(part, ToolCall) for part in told.parts)
    reason = finish_reason(native, has_calls=has_calls)
    error = BadResponse(BROKEN_OFF) if reason == "error" else None
    if not told.parts and error is not None:
        raise error
    if not told.parts and is_empty(reason, usage):
        raise BadResponse("The provider's answer is empty.")
    return Choice(0, tuple(told.parts), reason, native, annotations=tuple(told.annotations), error=error)


def is_empty(reason: str, usage: Usage | None) -> bool:
    """Whether an answer without a part is a failure: it is, unless it was cut, filtered, or really spent tokens."""
    if reason in {"length", "content_filter"}:
        return False
    return usage is None or usage.completion_tokens == 0


def make_call_id() -> str:
    """An id for a tool call that came without one."""
    return f"tooluse_{secrets.token_hex(11)}"


def _add_block(told: _Told, block: JsonObject, index: int) -> None:
    if (text := text_of(block.get("text"))) is not None:
        _add_text(told, text)
    elif "toolUse" in block:
        _add_call(told, block)
    elif "reasoningContent" in block:
        told.parts.append(parse_reasoning(object_of(block["reasoningContent"]), index))
    elif "citationsContent" in block:
        _add_cited(told, object_of(block["citationsContent"]))
    elif "image" in block:
        url = data_url_of_image(object_of(block["image"]))
        if url is not None:
            told.parts.append(ImageOutput(url))
    elif "toolResult" in block:
        told.parts.append(Opaque(BLOCK, block))


def _add_text(told: _Told, text: str) -> None:
    told.parts.append(Text(text))
    told.length += len(text)


def _add_call(told: _Told, block: JsonObject) -> None:
    """A call of the client's tool; of ours, whose input is the answer; or of the provider's, which is not shown."""
    value = object_of(block["toolUse"])
    if is_servers(value):
        told.parts.append(Opaque(BLOCK, block))
    elif value.get("name") == ANSWER_TOOL:
        _add_text(told, arguments_text(value.get("input")))
    elif (call := parse_call(value, make_call_id())) is not None:
        told.parts.append(call)


def _add_cited(told: _Told, value: JsonObject) -> None:
    start = told.length
    for one in objects_of(value.get("content")):
        if (text := text_of(one.get("text"))) is not None:
            _add_text(told, text)
    for citation in objects_of(value.get("citations")):
        annotation = annotation_of(citation, start, told.length)
        if annotation is not None:
            told.annotations.append(annotation)
