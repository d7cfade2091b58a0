"""A whole `message` of Anthropic's -> ours. Blocks keep their order; what the provider's own tools did is not the client's."""

from typing import Final

from msgspec import Struct, field, json

from waystation.codec.json_answer import object_in
from waystation.dialects.anthropic_messages.citations import parse_citation
from waystation.dialects.anthropic_messages.errors import parse_error_object
from waystation.dialects.anthropic_messages.finish import finish_reason
from waystation.dialects.anthropic_messages.usage import parse_usage
from waystation.dialects.anthropic_messages.wire import (
    ANSWER_TOOL,
    CALL_KEYS,
    HIDDEN_KEYS,
    MESSAGE_KEYS,
    NAME,
    ORIGIN,
    TEXT_KEYS,
    THOUGHT_KEYS,
    rest_of,
    text_at,
)
from waystation.errors import BadResponse
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import JsonObject, Opaque, Part, Reasoning, Refusal, Text, ToolCall

_ENCODE: Final = json.Encoder().encode


class _Content(Struct):
    """What the blocks add up to. `length` counts the characters of the text so far."""

    parts: list[Part] = field(default_factory=list)
    annotations: list[JsonObject] = field(default_factory=list)
    length: int = 0
    thoughts: int = 0
    has_calls: bool = False


def parse_response(body: bytes) -> ChatResult:
    """The answer; the error in it, or `BadResponse` where it is none."""
    value = object_in(body)
    if value.get("type") == "error" or value.get("error"):
        raise parse_error_object(value)
    blocks = value.get("content")
    if not isinstance(blocks, list):
        raise BadResponse("The provider's answer has no content.")
    content = _Content()
    for block in blocks:
        if isinstance(block, dict):
            _add(content, block)
    native = text_at(value, "stop_reason")
    counters = value.get("usage")
    usage = parse_usage(counters) if isinstance(counters, dict) else None
    if (refusal := refusal_of(value.get("stop_details"))) is not None:
        content.parts.append(refusal)
    reason = finish_reason(native, has_calls=content.has_calls)
    is_empty = not any(not isinstance(part, Opaque) for part in content.parts)
    if is_empty and (native is None or (reason == "stop" and not (usage and usage.completion_tokens))):
        raise BadResponse("The provider's answer is empty.")
    tier = counters.get("service_tier") if isinstance(counters, dict) else None
    return ChatResult(
        dialect=NAME,
        upstream_id=text_at(value, "id"),
        model=text_at(value, "model"),
        created=None,
        choices=(
            Choice(
                index=0,
                parts=tuple(content.parts),
                finish_reason=reason,
                native_finish_reason=native,
                annotations=tuple(content.annotations),
                message_extras=rest_of(value, MESSAGE_KEYS),
            ),
        ),
        usage=usage,
        service_tier=tier if isinstance(tier, str) else None,
    )


def refusal_of(details: object) -> Refusal | None:
    """What `stop_details` says of a refusal, in words."""
    if not isinstance(details, dict) or details.get("type") != "refusal":
        return None
    words = text_at(details, "explanation")
    return Refusal(words) if words else None


def arguments_of(value: object) -> str:
    """A call's `input` as JSON text."""
    return (
        value if isinstance(value, str) and value else _ENCODE({} if value in (None, "") else value).decode()
    )


def _add(content: _Content, block: JsonObject) -> None:
    kind = block.get("type")
    if kind == "text":
        _add_text(content, block)
    elif kind == "thinking":
        content.parts.append(
            Reasoning(
                text=text_at(block, "thinking") or "",
                signature=text_at(block, "signature") or None,
                origin=ORIGIN,
                index=content.thoughts,
                extras=rest_of(block, THOUGHT_KEYS),
            )
        )
        content.thoughts += 1
    elif kind == "redacted_thinking":
        content.parts.append(
            Reasoning(
                "encrypted",
                data=text_at(block, "data"),
                origin=ORIGIN,
                index=content.thoughts,
                extras=rest_of(block, HIDDEN_KEYS),
            )
        )
        content.thoughts += 1
    elif kind == "tool_use":
        _add_call(content, block)
    elif isinstance(kind, str):
        content.parts.append(Opaque(kind, block))


def _add_text(content: _Content, block: JsonObject) -> None:
    text = text_at(block, "text") or ""
    start = content.length
    content.length += len(text)
    if text:
        content.parts.append(Text(text, extras=rest_of(block, TEXT_KEYS)))
    citations = block.get("citations")
    for citation in citations if isinstance(citations, list) else ():
        annotation = parse_citation(citation, start, content.length)
        if annotation is not None:
            content.annotations.append(annotation)


def _add_call(content: _Content, block: JsonObject) -> None:
    name, call_id = text_at(block, "name"), text_at(block, "id")
    arguments = arguments_of(block.get("input"))
    if name == ANSWER_TOOL:
        content.length += len(arguments)
        content.parts.append(Text(arguments))
        return
    if not name:
        raise BadResponse("The provider called a tool without a name.")
    content.has_calls = True
    content.parts.append(
        ToolCall(call_id or f"call_{len(content.parts)}", name, arguments, rest_of(block, CALL_KEYS))
    )
