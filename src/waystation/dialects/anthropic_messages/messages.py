"""A conversation toward this wire: instructions apart, turns that alternate, results before whatever else a turn says."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from waystation.dialects.anthropic_messages.media import FILES_BETA, render_document, render_image
from waystation.dialects.anthropic_messages.thinking import is_ours, render_thinking
from waystation.dialects.anthropic_messages.tools import fit_id, render_call
from waystation.dialects.anthropic_messages.wire import IN_PLACE, NAME
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

_NOTHING_SAID: Final = "."
"""This wire takes no empty turns, and the first must be the user's."""


class Conversation(Struct):
    """What the messages became. `betas`: features they need a header for."""

    same_dialect: bool
    system: list[JsonObject] = field(default_factory=list)
    messages: list[JsonObject] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    betas: list[str] = field(default_factory=list)

    def drop(self, name: str) -> None:
        """Note, once, what could not be said."""
        if name not in self.dropped:
            self.dropped.append(name)


def render_conversation(messages: Sequence[Message], dialect: str) -> Conversation:
    """All messages. Instructions are told first, wherever they stood; neighbours of one role become one turn."""
    told = Conversation(dialect == NAME)
    for message in messages:
        if message.name is not None:
            told.drop("messages.name")
        blocks = [block for part in message.parts if (block := _render(part, told)) is not None]
        if told.same_dialect and message.extras == IN_PLACE:
            told.messages.append({"role": "system", "content": blocks})
        elif message.role in {"system", "developer"}:
            told.system += blocks
        elif blocks:
            _add_turn(told, "assistant" if message.role == "assistant" else "user", blocks)
    if not told.messages and told.system:
        told.messages = [{"role": "user", "content": told.system}]
        told.system = []
    if not told.messages or told.messages[0]["role"] == "assistant":
        told.messages.insert(0, {"role": "user", "content": [_text(_NOTHING_SAID)]})
    _trim_prefill(told.messages[-1])
    if told.same_dialect:
        for turn in told.messages:
            turn["content"] = plain(blocks_of(turn))
    return told


def plain(blocks: list[JsonObject]) -> object:
    """A text that stands alone as a string, as most who speak this wire say it."""
    alone = len(blocks) == 1 and blocks[0].keys() == {"type", "text"} and blocks[0]["type"] == "text"
    return blocks[0]["text"] if alone else blocks


def blocks_of(message: JsonObject) -> list[JsonObject]:
    """The content of a rendered message."""
    content = message["content"]
    return content if isinstance(content, list) else []


def _add_turn(told: Conversation, role: str, blocks: list[JsonObject]) -> None:
    if told.messages and told.messages[-1]["role"] == role:
        blocks = blocks_of(told.messages.pop()) + blocks
    if role == "user":
        blocks.sort(key=lambda block: block.get("type") != "tool_result")
    told.messages.append({"role": role, "content": blocks})


def _trim_prefill(last: JsonObject) -> None:
    """The beginning of an answer must not end in white space."""
    blocks = blocks_of(last)
    if last["role"] == "assistant" and blocks[-1].get("type") == "text":
        trimmed = str(blocks[-1]["text"]).rstrip()
        if trimmed:
            blocks[-1] = blocks[-1] | {"text": trimmed}


def _render(part: Part, told: Conversation) -> JsonObject | None:
    """One block; None where there is nothing to say, or no way."""
    if isinstance(part, ToolResult):
        return _render_result(part, told)
    if isinstance(part, Reasoning):
        return _render_reasoning(part, told)
    if isinstance(part, Opaque):
        if not told.same_dialect:
            told.drop(f"messages.{part.kind}")
        return part.value if told.same_dialect else None
    return _marked(_render_content(part, told), part, told)


def _render_content(part: Part, told: Conversation) -> JsonObject | None:
    match part:
        case Text(text=text) | Refusal(text=text):
            return _text(text) if text.strip() else None
        case Image():
            return render_image(part)
        case File():
            if part.file_id is not None and FILES_BETA not in told.betas:
                told.betas.append(FILES_BETA)
            return render_document(part)
        case ToolCall():
            return render_call(part)
        case Audio() | Video():
            raise InvalidRequest(f"messages: this model takes no {type(part).__name__.lower()} input.")
        case ImageOutput(url=url):
            return render_image(Image(url))
        case _:
            told.drop("messages.audio")
            return None


def _render_reasoning(part: Reasoning, told: Conversation) -> JsonObject | None:
    """Thinking of Claude's own as it came; this wire takes no other."""
    if is_ours(part):
        return render_thinking(part)
    if not part.plain:
        told.drop("reasoning_details")
    return None


def _marked(block: JsonObject | None, part: Part, told: Conversation) -> JsonObject | None:
    """With the breakpoint that stands on the part, and what only this dialect said of it."""
    if block is None:
        return None
    mark = getattr(part, "cache_control", None)
    if mark is not None:
        block["cache_control"] = mark
    extras = getattr(part, "extras", None)
    return block | extras if extras and told.same_dialect else block


def _render_result(result: ToolResult, told: Conversation) -> JsonObject:
    block: JsonObject = {"type": "tool_result", "tool_use_id": fit_id(result.call_id)}
    content = [inner for part in result.parts if (inner := _render(part, told)) is not None]
    marks = [inner.pop("cache_control") for inner in content if "cache_control" in inner]
    if content:
        block["content"] = content
    if result.is_error:
        block["is_error"] = True
    if marks:
        block["cache_control"] = marks[-1]
    return block


def _text(text: str) -> JsonObject:
    return {"type": "text", "text": text}
