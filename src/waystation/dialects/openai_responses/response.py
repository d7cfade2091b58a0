"""A whole response -> `ChatResult`. Read generously; one that failed, is not done, or says nothing is an error."""

from typing import Final

from msgspec import Struct, field

from waystation.codec.json_answer import object_in
from waystation.dialects.openai_responses.annotations import parse_annotation
from waystation.dialects.openai_responses.errors import parse_error_object
from waystation.dialects.openai_responses.finish import UNFINISHED, finish_reason, native_reason
from waystation.dialects.openai_responses.output_items import (
    CALLS,
    MESSAGE_KEYS,
    call_of,
    created_of,
    other_part,
    searches_in,
    thoughts_of,
    token_logprobs,
)
from waystation.dialects.openai_responses.usage import parse_usage
from waystation.dialects.openai_responses.wire import ITEM, NAME, RESULT_KEYS, objects_of, rest_of, text_of
from waystation.errors import BadResponse
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import JsonObject, Opaque, Part, Reasoning, Refusal, Text, ToolCall
from waystation.operations.usage import Usage

TEXT_KEYS: Final = frozenset({"type", "text"})
EMPTY: Final = "The provider's answer is empty."
_SAYS: Final = frozenset({"reasoning", "message"})
"""Items that are kept whole only where they say nothing."""
NOT_DONE: Final = "The provider did not finish its answer."


class Told(Struct):
    """What the items said so far; `length` in characters of the whole text."""

    origin: str
    parts: list[Part] = field(default_factory=list)
    annotations: list[JsonObject] = field(default_factory=list)
    logprobs: list[JsonObject] = field(default_factory=list)
    length: int = 0


def parse_response(body: bytes, origin: str) -> ChatResult:
    """The answer; `BadResponse` where there is none in it, or the error that it tells."""
    value = object_in(body)
    refuse_failure(value)
    if not isinstance(value.get("output"), list):
        raise BadResponse("The provider's answer has no output.")
    items = objects_of(value["output"])
    told = Told(origin)
    for item in items:
        _add_item(told, item)
    usage = parse_usage(value.get("usage"), searches_in(items))
    return ChatResult(
        dialect=NAME,
        upstream_id=text_of(value.get("id")) or None,
        model=text_of(value.get("model")) or None,
        created=created_of(value),
        choices=(_choice(told, native_reason(value), usage),),
        usage=usage,
        service_tier=text_of(value.get("service_tier")) or None,
        extras=rest_of(value, RESULT_KEYS),
    )


def refuse_failure(response: JsonObject) -> None:
    """Raise what a response says went wrong; `BadResponse` for one that is not done."""
    if response.get("error"):
        raise parse_error_object(response["error"])
    if text_of(response.get("status")) in UNFINISHED:
        raise BadResponse(NOT_DONE)


def _choice(told: Told, native: str, usage: Usage | None) -> Choice:
    reason = finish_reason(native, has_calls=any(isinstance(part, ToolCall) for part in told.parts))
    is_silent = all(
        isinstance(part, Opaque) and text_of(part.value.get("type")) in _SAYS for part in told.parts
    )
    if is_silent and is_empty(reason, usage):
        raise BadResponse(EMPTY)
    return Choice(
        0,
        tuple(told.parts),
        reason,
        native,
        logprobs={"content": told.logprobs, "refusal": None} if told.logprobs else None,
        annotations=tuple(told.annotations),
    )


def is_empty(reason: str, usage: Usage | None) -> bool:
    """Whether an answer without a part is a failure: it is, unless it was cut, filtered, or really spent tokens."""
    if reason in {"length", "content_filter"}:
        return False
    return usage is None or usage.completion_tokens == 0


def _add_item(told: Told, item: JsonObject) -> None:
    kind = text_of(item.get("type"))
    if kind == "message":
        said, before = rest_of(item, MESSAGE_KEYS), len(told.parts)
        for piece in objects_of(item.get("content")):
            _add_content(told, piece, said)
        if len(told.parts) == before:
            told.parts.append(Opaque(ITEM, item))
    elif kind == "reasoning":
        first = sum(isinstance(part, Reasoning) for part in told.parts)
        told.parts += thoughts_of(item, told.origin, first) or [Opaque(ITEM, item)]
    elif kind in CALLS:
        told.parts.append(call_of(item))
    else:
        told.parts.append(other_part(item))


def _add_content(told: Told, piece: JsonObject, said: JsonObject | None) -> None:
    """One piece of a message; `said`: what its item says beside it, kept for this wire with what is cited in its own words."""
    if piece.get("type") == "refusal":
        refusal = text_of(piece.get("refusal"))
        if refusal:
            told.parts.append(Refusal(refusal))
        return
    text = text_of(piece.get("text"))
    for value in objects_of(piece.get("annotations")):
        annotation = parse_annotation(value, told.length)
        if annotation is not None:
            told.annotations.append(annotation)
    chances = token_logprobs(piece.get("logprobs"))
    told.logprobs += objects_of(chances["content"]) if chances else []
    if text:
        kept: JsonObject = {"item": said or {}, "piece": rest_of(piece, TEXT_KEYS) or {}}
        told.parts.append(Text(text, extras=kept))
        told.length += len(text)
