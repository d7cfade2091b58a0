"""A conversation toward this wire: one text a turn, images beside it as bare base64, each tool's result a turn of its own."""

from collections.abc import Sequence

from msgspec import Struct, field

from waystation.codec.data_url import parse_data_url
from waystation.dialects.ollama.thinking import thought_of
from waystation.dialects.ollama.tools import render_call
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


class _Turn(Struct):
    """What the parts of one message add up to."""

    texts: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    calls: list[JsonObject] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)


class Conversation:
    """Renders messages in order: a tool's result is told by the name of the tool that an earlier turn called."""

    def __init__(self, dropped: list[str]) -> None:
        self._dropped = dropped
        self._names: dict[str, str] = {}

    def render(self, messages: Sequence[Message]) -> list[JsonObject]:
        """The wire's `messages`. `InvalidRequest` for what it has no place for."""
        return [rendered for message in messages for rendered in self._render_message(message)]

    def _render_message(self, message: Message) -> list[JsonObject]:
        if message.name is not None and message.role != "tool":
            self._drop("messages.name")
        turn = _Turn()
        results = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                results.append(self._render_result(part))
            else:
                self._add(turn, part)
        told = _rendered({"developer": "system"}.get(message.role, message.role), turn)
        is_empty = not (turn.texts or turn.images or turn.calls or turn.thoughts)
        return results if results and is_empty else [*results, told]

    def _render_result(self, result: ToolResult) -> JsonObject:
        turn = _Turn()
        for part in result.parts:
            self._add(turn, part)
        if result.is_error:
            self._drop("messages.is_error")
        told = _rendered("tool", turn)
        name = self._names.get(result.call_id)
        if name is not None:
            told["tool_name"] = name
        return told | {"tool_call_id": result.call_id}

    def _add(self, turn: _Turn, part: Part) -> None:
        match part:
            case Text(text=text) | Refusal(text=text):
                turn.texts.append(text)
            case Image(url=url) | ImageOutput(url=url):
                turn.images.append(_base64_of(url))
            case ToolCall():
                self._names[part.id] = part.name
                turn.calls.append(render_call(part))
            case Reasoning():
                self._add_thought(turn, part)
            case File():
                _add_file(turn, part)
            case Audio() | Video():
                raise InvalidRequest(f"messages: this model takes no {type(part).__name__.lower()} input.")
            case Opaque(kind=kind):
                self._drop(f"messages.{kind}")
            case _:
                self._drop("messages.audio")

    def _add_thought(self, turn: _Turn, part: Reasoning) -> None:
        thought = thought_of(part)
        if thought is None:
            self._drop("reasoning_details")
        elif thought:
            turn.thoughts.append(thought)

    def _drop(self, name: str) -> None:
        if name not in self._dropped:
            self._dropped.append(name)


def _rendered(role: str, turn: _Turn) -> JsonObject:
    told: JsonObject = {"role": role, "content": "\n".join(turn.texts)}
    if turn.thoughts:
        told["thinking"] = "".join(turn.thoughts)
    if turn.images:
        told["images"] = turn.images
    if turn.calls:
        told["tool_calls"] = turn.calls
    return told


def _base64_of(url: str) -> str:
    told = parse_data_url(url)
    if told is None:
        raise InvalidRequest("messages: this model takes images as data URLs only.")
    return told.data


def _add_file(turn: _Turn, file: File) -> None:
    """A file of text is told as text, an image as one; this wire has no place for others."""
    told = parse_data_url(file.data) if file.data else None
    if told is not None and told.media_type.startswith("image/"):
        turn.images.append(told.data)
        return
    if told is None or not told.media_type.startswith(("text/", "application/json")):
        raise InvalidRequest("messages: this model takes no files but text and images as data URLs.")
    try:
        turn.texts.append(told.content.decode())
    except UnicodeDecodeError:
        raise InvalidRequest("file: the data URL does not hold text.") from None
