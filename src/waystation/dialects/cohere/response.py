"""A whole answer of `POST /v2/chat` -> `ChatResult`. Read generously; an answer that then says nothing is `BadResponse`."""

import secrets
from typing import Final

from msgspec import json

from waystation.codec.json_answer import object_in
from waystation.dialects.cohere.citations import annotations_of
from waystation.dialects.cohere.finish import BROKEN_OFF, finish_reason
from waystation.dialects.cohere.usage import parse_usage
from waystation.dialects.cohere.wire import NAME, PLAN, object_of, objects_of, rest_of, text_of
from waystation.errors import BadResponse
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import JsonObject, Part, Reasoning, Text, ToolCall
from waystation.operations.usage import Usage

_KNOWN: Final = frozenset({"id", "finish_reason", "message", "usage", "logprobs"})
EMPTY: Final = "The provider's answer is empty."


def parse_response(body: bytes) -> ChatResult:
    """The answer; `BadResponse` where there is none in it."""
    value = object_in(body)
    if not isinstance(value.get("message"), dict):
        raise BadResponse("The provider's answer holds no message.")
    usage = parse_usage(value.get("usage"))
    return ChatResult(
        dialect=NAME,
        upstream_id=text_of(value.get("id")) or None,
        model=None,
        created=None,
        choices=(_choice(value, usage),),
        usage=usage,
        extras=rest_of(value, _KNOWN),
    )


def _choice(value: JsonObject, usage: Usage | None) -> Choice:
    message = object_of(value["message"])
    parts, offsets = _parts(message)
    native = text_of(value.get("finish_reason"))
    reason = finish_reason(native, has_calls=any(isinstance(part, ToolCall) for part in parts))
    error = BadResponse(BROKEN_OFF) if reason == "error" else None
    if not parts and error is not None:
        raise error
    if not parts and is_empty(reason, usage):
        raise BadResponse(EMPTY)
    annotations = [
        annotation
        for citation in objects_of(message.get("citations"))
        for annotation in annotations_of(citation, offset_of(citation, offsets))
    ]
    return Choice(
        0,
        tuple(parts),
        reason,
        native or None,
        logprobs=parse_logprobs(value.get("logprobs")),
        annotations=tuple(annotations),
        error=error,
    )


def _parts(message: JsonObject) -> tuple[list[Part], dict[int, int]]:
    """What the message says, and where the text of each content block begins."""
    parts: list[Part] = []
    offsets: dict[int, int] = {}
    length = 0
    plan = text_of(message.get("tool_plan"))
    if plan:
        parts.append(Reasoning(text=plan, id=PLAN, index=0))
    content = message.get("content")
    blocks = objects_of([{"text": content}] if isinstance(content, str) else content)
    for index, block in enumerate(blocks):
        offsets[index] = length
        thought, text = text_of(block.get("thinking")), text_of(block.get("text"))
        if thought:
            parts.append(Reasoning(text=thought, index=_count_of_thoughts(parts)))
        if text:
            parts.append(Text(text))
            length += len(text)
    parts += [_call(call) for call in objects_of(message.get("tool_calls"))]
    return parts, offsets


def _count_of_thoughts(parts: list[Part]) -> int:
    return sum(isinstance(part, Reasoning) for part in parts)


def _call(value: JsonObject) -> ToolCall:
    function = object_of(value.get("function"))
    name = text_of(function.get("name"))
    if not name:
        raise BadResponse("The provider's answer calls a tool without a name.")
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = json.encode(arguments or {}).decode()
    return ToolCall(text_of(value.get("id")) or make_call_id(name), name, arguments.strip() or "{}")


def make_call_id(name: str) -> str:
    """An id for a tool call that came without one, in the way of this wire."""
    return f"{name}_{secrets.token_hex(6)}"


def is_empty(reason: str, usage: Usage | None) -> bool:
    """Whether an answer without a part is a failure: it is, unless it was cut, filtered, or really spent tokens."""
    if reason in {"length", "content_filter"}:
        return False
    return usage is None or usage.completion_tokens == 0


def offset_of(citation: JsonObject, offsets: dict[int, int]) -> int:
    """Where the content block that is cited begins."""
    index = citation.get("content_index")
    return offsets.get(index, 0) if isinstance(index, int) else 0


def parse_logprobs(value: object) -> JsonObject | None:
    """`logprobs` in the OpenAI shape. A piece of text may be several tokens here: its probability is their product."""
    content: list[JsonObject] = []
    for piece in objects_of(value):
        chances = piece.get("logprobs")
        numbers = (
            [one for one in chances if isinstance(one, (int, float))] if isinstance(chances, list) else []
        )
        text = text_of(piece.get("text"))
        if text and numbers:
            told: JsonObject = {
                "token": text,
                "logprob": sum(numbers),
                "bytes": list(text.encode("utf-8", "replace")),
                "top_logprobs": [],
            }
            content.append(told)
    return {"content": content, "refusal": None} if content else None
