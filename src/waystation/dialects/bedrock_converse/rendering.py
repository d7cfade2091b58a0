"""Our answers as Converse says them, whole and streamed: what `response` and `stream` read, written."""

from collections.abc import Sequence
from typing import Final

from msgspec import DecodeError, json

from waystation.codec.dialect import Identity
from waystation.codec.event_stream import render_event_message
from waystation.dialects.bedrock_converse.errors import error_type
from waystation.dialects.bedrock_converse.finish import NATIVE
from waystation.dialects.bedrock_converse.reasoning import blob_of_text
from waystation.dialects.bedrock_converse.usage import render_usage
from waystation.dialects.bedrock_converse.wire import BLOCK, NAME
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import (
    ChoiceEnd,
    Event,
    MessageEnd,
    MessageStart,
    PartEnd,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import JsonObject, Opaque, Part, Reasoning, Refusal, Text, ToolCall
from waystation.operations.usage import Usage

_ENCODE: Final = json.Encoder().encode


def render_response(result: ChatResult, identity: Identity) -> bytes:
    """A `ConverseResponse`: the first choice, which is all that this wire can tell."""
    same_dialect = result.dialect == NAME
    choice = result.choices[0] if result.choices else Choice(0, (), "stop")
    content = [
        block
        for part in choice.parts
        if (block := _render_part(part, same_dialect=same_dialect, reasoning=identity.include_reasoning))
        is not None
    ]
    body: JsonObject = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": _native_reason(
            choice.finish_reason, choice.native_finish_reason if same_dialect else None
        ),
        "usage": render_usage(result.usage or Usage()),
        "metrics": {"latencyMs": 0},
    }
    if result.service_tier is not None:
        body["serviceTier"] = {"type": result.service_tier}
    return _ENCODE({**body, **(result.extras or {})} if same_dialect else body)


def _native_reason(reason: str | None, native: str | None) -> str:
    return native or NATIVE.get(reason or "stop", "end_turn")


def _render_part(part: Part, *, same_dialect: bool, reasoning: bool) -> JsonObject | None:
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"text": text} if text else None
        case ToolCall(id=call_id, name=name, arguments=arguments):
            return {"toolUse": {"toolUseId": call_id, "name": name, "input": _decoded(arguments)}}
        case Reasoning() if reasoning:
            return {"reasoningContent": _render_reasoning(part)}
        case Opaque(kind=kind, value=value) if kind == BLOCK and same_dialect:
            return value
        case _:
            return None


def _render_reasoning(part: Reasoning) -> JsonObject:
    if part.data is not None:
        return {"redactedContent": blob_of_text(part.data)}
    told: JsonObject = {"text": part.text or ""}
    if part.signature is not None:
        told["signature"] = part.signature
    return {"reasoningText": told}


def _decoded(arguments: str) -> object:
    try:
        return json.decode(arguments)
    except (DecodeError, RecursionError, UnicodeEncodeError):
        return {"arguments": arguments}


class ConverseStreamRenderer:
    """Events -> messages of an event stream, for one client."""

    def __init__(self, identity: Identity) -> None:
        self.metadata: JsonObject | None = None
        self._reasoning = identity.include_reasoning
        self._block = -1

    def feed(self, events: Sequence[Event]) -> bytes:
        """The messages that these events make."""
        return b"".join([self._say(event) for event in events])

    def comment(self) -> bytes:
        """This wire has no comments."""
        return b""

    def close(self) -> bytes:
        """`metadata` was the end."""
        return b""

    def _say(self, event: Event) -> bytes:  # noqa: C901, PLR0911 - one line a kind of event reads best
        match event:
            case MessageStart():
                return _message("messageStart", {"role": "assistant"})
            case PartStart(kind=kind, id=call_id, name=name):
                self._block += 1
                if kind != "tool_call":
                    return b""
                return self._of_block(
                    "contentBlockStart", {"start": {"toolUse": {"toolUseId": call_id, "name": name}}}
                )
            case TextDelta(text=text) | RefusalDelta(text=text):
                return self._of_block("contentBlockDelta", {"delta": {"text": text}})
            case ToolCallDelta(arguments=arguments):
                return self._of_block("contentBlockDelta", {"delta": {"toolUse": {"input": arguments}}})
            case ReasoningDelta() if self._reasoning:
                return b"".join([self._thought(value) for value in _thoughts(event)])
            case PartEnd():
                return self._of_block("contentBlockStop", {})
            case ChoiceEnd(reason=reason):
                return _message("messageStop", {"stopReason": _native_reason(reason, None)})
            case MessageEnd(usage=usage):
                told = {"usage": render_usage(usage or Usage()), "metrics": {"latencyMs": 0}}
                return _message("metadata", told)
            case StreamError(error=error):
                name = error_type(error)
                headers = {
                    ":exception-type": name[:1].lower() + name[1:],
                    ":content-type": "application/json",
                    ":message-type": "exception",
                }
                text = "Internal Server Error" if error.status == 500 else error.message
                return render_event_message(headers, _ENCODE({"message": text}))
            case _:
                return b""

    def _of_block(self, event: str, payload: JsonObject) -> bytes:
        return _message(event, {**payload, "contentBlockIndex": self._block})

    def _thought(self, value: JsonObject) -> bytes:
        return self._of_block("contentBlockDelta", {"delta": {"reasoningContent": value}})


def _thoughts(event: ReasoningDelta) -> list[JsonObject]:
    """The deltas that say this: text, signature, redacted bytes."""
    if not event.details:
        return [{"text": event.text}]
    told: list[JsonObject] = []
    for detail in event.details:
        if detail.data is not None:
            told.append({"redactedContent": blob_of_text(detail.data)})
        if detail.text:
            told.append({"text": detail.text})
        if detail.signature is not None:
            told.append({"signature": detail.signature})
    return told


def _message(event: str, payload: JsonObject) -> bytes:
    headers = {":event-type": event, ":content-type": "application/json", ":message-type": "event"}
    return render_event_message(headers, _ENCODE(payload))
