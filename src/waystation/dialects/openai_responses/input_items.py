"""The conversation toward this wire: a list of items, in which thoughts, calls and results stand beside the messages."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from waystation.dialects.openai_responses.reasoning_items import ThoughtGroup, group_thoughts
from waystation.dialects.openai_responses.wire import CONTENT, INSTRUCTIONS, ITEM, NAME, WHOLE, object_of
from waystation.errors import InvalidRequest
from waystation.operations.chat import Message
from waystation.operations.parts import (
    Audio,
    AudioOutput,
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

_REMOTE: Final = ("https://", "http://")


class Conversation(Struct):
    """What the messages became, and what could not be said. `custom`: ids of calls to tools that are no functions."""

    dialect: str
    origin: str
    custom_tools: frozenset[str]
    items: list[JsonObject] = field(default_factory=list)
    instructions: str | None = None
    dropped: list[str] = field(default_factory=list)
    custom: set[str] = field(default_factory=set)

    @property
    def same_dialect(self) -> bool:
        """Whether the client spoke this wire, too."""
        return self.dialect == NAME

    def drop(self, name: str) -> None:
        """Note, once, what could not be said."""
        if name not in self.dropped:
            self.dropped.append(name)


def render_conversation(
    messages: Sequence[Message], dialect: str, origin: str, custom_tools: frozenset[str]
) -> Conversation:
    """All messages as items, in their order; `instructions` where they stood in a field of their own."""
    told = Conversation(dialect, origin, custom_tools)
    for message in messages:
        if message.name is not None:
            told.drop("messages.name")
        if told.same_dialect and message.extras == INSTRUCTIONS:
            told.instructions = "".join(part.text for part in message.parts if isinstance(part, Text))
        elif message.role == "assistant":
            _add_assistant(told, message)
        else:
            _add_other(told, message)
    if not told.items and not told.same_dialect:
        raise InvalidRequest("messages: there is nothing to say to this model.")
    return told


def _add_other(told: Conversation, message: Message) -> None:
    """System, developer, user and tool: results are items, the rest is a message."""
    blocks: list[JsonObject] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            told.items.append(_render_result(part, told))
        elif isinstance(part, Opaque) and part.kind == ITEM and told.same_dialect:
            told.items.append(part.value)
        elif (block := _render(part, told)) is not None:
            blocks.append(block)
    if blocks:
        role = "user" if message.role == "tool" else message.role
        told.items.append(_message(role, blocks, message, told))


def _add_assistant(told: Conversation, message: Message) -> None:
    """A turn of the model in the order it was made: thoughts, texts and calls are items of their own."""
    blocks: list[JsonObject] = []

    def flush() -> None:
        if blocks:
            told.items.append(_message("assistant", list(blocks), message, told))
            blocks.clear()

    for part in group_thoughts(message.parts):
        item = _item(part, told)
        if item is not None:
            flush()
            told.items.append(item)
        elif not isinstance(part, ThoughtGroup) and (block := _render_said(part, told)) is not None:
            blocks.append(block)
    flush()


def _item(part: Part | ThoughtGroup, told: Conversation) -> JsonObject | None:
    """What stands for itself; None for what belongs into a message, or cannot be said."""
    match part:
        case ThoughtGroup():
            item = part.render(told.origin, same_dialect=told.same_dialect)
            if item is None and not part.is_plain:
                told.drop("reasoning_details")
            return item
        case ToolCall():
            return _render_call(part, told)
        case Opaque(kind=kind, value=value) if kind == ITEM and told.same_dialect:
            return value
        case _:
            return None


def _message(role: str, blocks: list[JsonObject], message: Message, told: Conversation) -> JsonObject:
    """A text that stands alone is a plain string."""
    content: object = blocks
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        content = blocks[0]["text"]
    item: JsonObject = {"role": role, "content": content}
    return item | message.extras if told.same_dialect and message.extras else item


def _render_call(call: ToolCall, told: Conversation) -> JsonObject:
    if told.same_dialect and call.extras and (whole := object_of(call.extras.get(WHOLE))):
        return whole
    if call.name in told.custom_tools:
        told.custom.add(call.id)
        item: JsonObject = {
            "type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": call.arguments,
        }  # fmt: skip
    else:
        item = {
            "type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments or "{}",
        }  # fmt: skip
    return item | call.extras if told.same_dialect and call.extras else item


def _render_result(result: ToolResult, told: Conversation) -> JsonObject:
    extras = result.extras or {} if told.same_dialect else {}
    if whole := object_of(extras.get(WHOLE)):
        return whole
    blocks = [block for part in result.parts if (block := _render(part, told)) is not None]
    output: object = blocks
    if not blocks:
        output = ""
    elif len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        output = blocks[0]["text"]
    if result.is_error:
        told.drop("messages.is_error")
    kind = "custom_tool_call_output" if result.call_id in told.custom else "function_call_output"
    return {"type": kind, "call_id": result.call_id, "output": output, **extras}


def _render(part: Part, told: Conversation) -> JsonObject | None:
    """A piece of what goes in; None where there is nothing to say, or no way."""
    if getattr(part, "cache_control", None) is not None:
        told.drop("cache_control")
    block = _render_input(part, told)
    extras = getattr(part, "extras", None)
    return block | extras if block is not None and extras and told.same_dialect else block


def _render_input(part: Part, told: Conversation) -> JsonObject | None:
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"type": "input_text", "text": text} if text else None
        case Image() | ImageOutput():
            return _render_image(part)
        case File():
            return _render_file(part)
        case Audio() | Video():
            raise InvalidRequest(f"messages: this model takes no {type(part).__name__.lower()} input.")
        case Opaque(kind=kind, value=value) if kind == CONTENT and told.same_dialect:
            return value
        case _:
            told.drop(f"messages.{_kind_of(part)}")
            return None


def _render_said(part: Part, told: Conversation) -> JsonObject | None:
    """A piece of what the model said."""
    match part:
        case Text(text=text):
            block: JsonObject = {"type": "output_text", "text": text}
            if not text:
                return None
            return block | part.extras if told.same_dialect and part.extras else block
        case Refusal(text=text):
            return {"type": "refusal", "refusal": text} if text else None
        case Opaque(kind=kind, value=value) if kind == CONTENT and told.same_dialect:
            return value
        case _:
            told.drop(f"messages.{_kind_of(part)}")
            return None


def _kind_of(part: Part) -> str:
    match part:
        case Opaque(kind=kind):
            return kind
        case Reasoning():
            return "reasoning"
        case ImageOutput() | Image():
            return "images"
        case AudioOutput():
            return "audio"
        case _:
            return type(part).__name__.lower()


def _render_image(image: Image | ImageOutput) -> JsonObject:
    detail = image.detail if isinstance(image, Image) else None
    return {"type": "input_image", "image_url": image.url, "detail": detail or "auto"}


def _render_file(file: File) -> JsonObject:
    """By the id of an upload, by URL, or as a data URL with a name, which this wire demands."""
    if file.data is None:
        if file.file_id is None:
            raise InvalidRequest("file: has neither data nor an id.")
        return {"type": "input_file", "file_id": file.file_id}
    if file.data.startswith(_REMOTE):
        return {"type": "input_file", "file_url": file.data}
    data = file.data if file.data.startswith("data:") else f"data:application/pdf;base64,{file.data}"
    return {"type": "input_file", "filename": file.filename or "document", "file_data": data}
