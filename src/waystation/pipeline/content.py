"""Prompt and answer of an exchange, collected where the operator has them stored. Off, none of this runs."""

from collections.abc import Iterable, Sequence

from waystation.codec.dialect import StreamRenderer
from waystation.exchange import Answered, Exchange
from waystation.generations.content import ContentError, ContentLog, FailedAttempt, GenerationContent
from waystation.generations.redaction import Redaction, Room
from waystation.operations.chat import ChatResult, Message
from waystation.operations.chat_events import (
    Event,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import (
    Audio,
    File,
    Image,
    JsonObject,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)


class ContentKeeper:
    """Stores what was asked and answered, redacted; at most so many characters of each."""

    def __init__(self, log: ContentLog, redaction: Redaction, max_characters: int) -> None:
        self._log = log
        self._redaction = redaction
        self._max_characters = max_characters

    def keep(self, exchange: Exchange) -> None:
        """Store a settled exchange's content."""
        request = exchange.request
        if request is None:
            return
        asked, said = self._room(), self._room()
        answered = exchange.answered or Answered()
        messages = tuple(shown for message in request.messages for shown in _messages(message, asked))
        prompt = messages[0].get("content") if request.is_completion and messages else None
        content = GenerationContent(
            id=exchange.id,
            key_hash=exchange.account.key_hash,
            prompt=prompt if isinstance(prompt, str) else None,
            messages=() if isinstance(prompt, str) else messages,
            completion=said.fit("".join(answered.text)) if answered.text else None,
            reasoning=said.fit("".join(answered.reasoning)) if answered.reasoning else None,
            tool_calls=tuple(_call(name, "".join(pieces), said) for name, pieces in answered.calls),
            error=_error(exchange),
        )
        self._log.append(content)

    def _room(self) -> Room:
        return Room(self._redaction, self._max_characters)


class KeptStream:
    """A renderer that notes on the exchange what it renders."""

    def __init__(self, renderer: StreamRenderer, exchange: Exchange) -> None:
        self._renderer = renderer
        self._answered = exchange.answered = Answered()

    @property
    def metadata(self) -> JsonObject | None:
        """The renderer's own."""
        return self._renderer.metadata

    @metadata.setter
    def metadata(self, metadata: JsonObject | None) -> None:
        self._renderer.metadata = metadata

    def feed(self, events: Sequence[Event]) -> bytes:
        """The frames that these events make; may be empty."""
        note_events(self._answered, events)
        return self._renderer.feed(events)

    def comment(self) -> bytes:
        """A keep-alive frame that clients ignore."""
        return self._renderer.comment()

    def close(self) -> bytes:
        """The end mark."""
        return self._renderer.close()


def note_events(answered: Answered, events: Iterable[Event]) -> None:
    """Add what a stream says; of several choices the first counts."""
    for event in events:
        match event:
            case TextDelta(choice=0, text=text) | RefusalDelta(choice=0, text=text):
                answered.text.append(text)
            case ReasoningDelta(choice=0, text=text):
                answered.reasoning.append(text)
            case PartStart(choice=0, kind="tool_call", name=name):
                answered.calls.append((name or "", []))
            case ToolCallDelta(choice=0, arguments=arguments) if answered.calls:
                answered.calls[-1][1].append(arguments)
            case _:
                pass


def answered_by(result: ChatResult) -> Answered:
    """The same of an answer that came whole."""
    answered = Answered()
    for part in result.choices[0].parts if result.choices else ():
        match part:
            case Text(text=text) | Refusal(text=text):
                answered.text.append(text)
            case Reasoning(text=str(text)):
                answered.reasoning.append(text)
            case ToolCall(name=name, arguments=arguments):
                answered.calls.append((name, [arguments]))
            case _:
                pass
    return answered


def _messages(message: Message, room: Room) -> Iterable[JsonObject]:
    """A message in the shape of chat completions; each tool's result is one of its own."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    for result in results:
        yield {
            "role": "tool",
            "tool_call_id": result.call_id,
            "content": _content(result.parts, room),
        }
    if results:
        return
    shown: JsonObject = {"role": message.role, "content": _content(message.parts, room)}
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    if calls:
        shown["tool_calls"] = [_call(call.name, call.arguments, room) for call in calls]
    yield shown


def _content(parts: Sequence[Part], room: Room) -> object:
    """A text where there is nothing else, a list of parts otherwise."""
    shown = [part for part in parts if not isinstance(part, ToolCall | Reasoning)]
    match shown:
        case []:
            return ""
        case [Text(text=text)]:
            return room.fit(text)
    return [_part(part, room) for part in shown]


def _part(part: Part, room: Room) -> JsonObject:
    """Text as it is; of anything else what it was and how large, never its bytes."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"type": "text", "text": room.fit(text)}
        case Image(url=url):
            return {"type": "image_url", "image_url": {"url": _url(url, room)}}
        case Video(url=url):
            return {"type": "video_url", "video_url": {"url": _url(url, room)}}
        case Audio(data=data, format=kind):
            return {"type": "input_audio", "input_audio": {"format": kind, "data": _left_out(data)}}
        case File(data=data, filename=filename):
            said = {"filename": filename, "file_data": _url(data, room) if data else None}
            return {"type": "file", "file": {name: value for name, value in said.items() if value}}
        case _:
            return {"type": type(part).__name__.lower()}


def _url(url: str, room: Room) -> str:
    if not url.startswith("data:"):
        return room.fit(url)
    head, _, data = url.partition(",")
    return f"{head[:64]},{_left_out(data)}"


def _left_out(data: str) -> str:
    return f"... ({len(data)} characters left out)"


def _call(name: str, arguments: str, room: Room) -> JsonObject:
    return {"type": "function", "function": {"name": name, "arguments": room.fit(arguments)}}


def _error(exchange: Exchange) -> ContentError | None:
    """What the client was told, and the attempts that failed before."""
    error = exchange.error
    if error is None:
        return None
    failed = [attempt for attempt in exchange.attempts if attempt.error is not None]
    return ContentError(
        status=exchange.status,
        message=error.message,
        provider_name=failed[-1].provider_name if failed else None,
        previous_errors=tuple(
            FailedAttempt(
                attempt.status or attempt.error.status, attempt.error.message, attempt.provider_name
            )
            for attempt in failed
            if attempt.error is not None
        ),
    )
