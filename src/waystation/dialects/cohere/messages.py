"""The conversation toward this wire: roles stay where they stand, results are text, a plan goes before the calls it led to."""

from collections.abc import Sequence
from typing import Final

from msgspec import DecodeError, Struct, field, json

from waystation.dialects.cohere.wire import DOCUMENT, NAME, PLAN
from waystation.errors import InvalidRequest
from waystation.operations.chat import Message
from waystation.operations.parts import (
    Audio,
    File,
    Image,
    ImageOutput,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

_DECODE: Final = json.Decoder().decode
_ROLES: Final = {"developer": "system"}
_DETAILS: Final = {"original": "high"}


class Conversation(Struct):
    """What the messages became, and what could not be said. `images` of results wait for a turn that may hold them."""

    dialect: str
    thinks: bool
    messages: list[JsonObject] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    images: list[JsonObject] = field(default_factory=list)

    def drop(self, name: str) -> None:
        """Note, once, what could not be said."""
        if name not in self.dropped:
            self.dropped.append(name)


def render_conversation(messages: Sequence[Message], dialect: str, *, thinks: bool) -> Conversation:
    """All messages. `thinks`: the model takes the thoughts of earlier turns."""
    told = Conversation(dialect, thinks)
    for message in messages:
        if message.name is not None:
            told.drop("messages.name")
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        rest = [part for part in message.parts if not isinstance(part, ToolResult)]
        for result in results:
            _add_result(told, result)
        if message.role == "assistant":
            _flush_images(told)
            _add_assistant(told, rest)
        elif rest:
            _flush_images(told)
            _add_turn(told, _ROLES.get(message.role, message.role), rest)
    _flush_images(told)
    if not told.messages:
        raise InvalidRequest("messages: there is nothing to say to this model.")
    return told


def _add_turn(told: Conversation, role: str, parts: Sequence[Part]) -> None:
    blocks = [block for part in parts if (block := _render(part, told)) is not None]
    if blocks:
        told.messages.append({"role": "user" if role == "tool" else role, "content": _content(blocks)})


def _content(blocks: list[JsonObject]) -> object:
    """A text that stands alone is a plain string."""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return blocks[0]["text"]
    return blocks


def _add_assistant(told: Conversation, parts: Sequence[Part]) -> None:
    calls = [part for part in parts if isinstance(part, ToolCall)]
    message: JsonObject = {"role": "assistant"}
    blocks: list[JsonObject] = []
    plans: list[str] = []
    for part in parts:
        if isinstance(part, Reasoning):
            _add_thought(told, part, blocks, plans if calls else None)
        elif not isinstance(part, ToolCall) and (block := _render(part, told)) is not None:
            blocks.append(block)
    if blocks:
        message["content"] = _content(blocks)
    if calls:
        message["tool_calls"] = [_render_call(call) for call in calls]
        if plans:
            message["tool_plan"] = "".join(plans)
    if len(message) > 1:
        told.messages.append(message)


def _add_thought(
    told: Conversation, part: Reasoning, blocks: list[JsonObject], plans: list[str] | None
) -> None:
    """A plan where it stood before calls; thoughts as a block; nothing of another maker's, nor what cannot be read."""
    foreign = part.origin not in {None, "unknown"} or part.signature is not None
    if part.kind != "text" or not part.text or foreign:
        told.drop("reasoning_details")
    elif plans is not None and (part.id == PLAN or not told.thinks):
        plans.append(part.text)
    elif told.thinks:
        blocks.append({"type": "thinking", "thinking": part.text})
    else:
        told.drop("reasoning")


def _render_call(call: ToolCall) -> JsonObject:
    """A call of an earlier turn; its arguments are an object in a string, whatever the model had made of them."""
    try:
        value = _DECODE(call.arguments)
    except (DecodeError, RecursionError):
        value = None
    arguments = call.arguments
    if not arguments.strip():
        arguments = "{}"
    elif not isinstance(value, dict):
        arguments = json.encode({"arguments": call.arguments}).decode()
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _add_result(told: Conversation, result: ToolResult) -> None:
    """A result of text and documents. This wire has no place in it for images: they follow in a turn of the user."""
    blocks: list[JsonObject] = []
    for part in result.parts:
        if isinstance(part, Image):
            told.images.append(_render_image(part))
        elif (block := _render(part, told)) is not None:
            blocks.append(block)
    if result.is_error:
        told.drop("messages.is_error")
    told.messages.append(
        {"role": "tool", "tool_call_id": result.call_id, "content": _content(blocks) if blocks else ""}
    )


def _flush_images(told: Conversation) -> None:
    if told.images:
        told.messages.append({"role": "user", "content": told.images})
        told.images = []


def _render(part: Part, told: Conversation) -> JsonObject | None:
    """One block; None where there is nothing to say, or no way."""
    if getattr(part, "cache_control", None) is not None:
        told.drop("cache_control")
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"type": "text", "text": text} if text else None
        case Image():
            return _render_image(part)
        case Opaque(kind=kind, value=value):
            if kind == DOCUMENT and told.dialect == NAME:
                return value
            told.drop(f"messages.{kind}")
            return None
        case Audio() | Video() | File():
            raise InvalidRequest(f"messages: this model takes no {type(part).__name__.lower()} input.")
        case ImageOutput():
            told.drop("messages.images")
            return None
        case _:
            told.drop("messages.audio")
            return None


def _render_image(image: Image) -> JsonObject:
    value: JsonObject = {"url": image.url}
    if image.detail is not None:
        value["detail"] = _DETAILS.get(image.detail, image.detail)
    return {"type": "image_url", "image_url": value}
