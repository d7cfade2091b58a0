"""Events -> a whole answer, and a whole answer -> events: the two faces of one thing, for those who need the other."""

from collections.abc import Iterable

from msgspec import Struct, field, structs

from waystation.errors import BadResponse, GatewayError
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import (
    Annotation,
    BodySent,
    ChoiceEnd,
    Event,
    MediaDelta,
    MessageEnd,
    MessageStart,
    Note,
    PartEnd,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import (
    AudioOutput,
    ImageOutput,
    JsonObject,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)


class _OpenPart(Struct):
    """A part that is being put together."""

    start: PartStart
    texts: list[str] = field(default_factory=list)
    details: list[Reasoning] = field(default_factory=list)
    values: list[JsonObject] = field(default_factory=list)


class _OpenChoice(Struct):
    """A choice that is being put together."""

    parts: list[Part] = field(default_factory=list)
    open: _OpenPart | None = None
    annotations: list[JsonObject] = field(default_factory=list)
    logprobs: JsonObject | None = None
    extras: JsonObject = field(default_factory=dict)
    message_extras: JsonObject = field(default_factory=dict)
    end: ChoiceEnd | None = None


class Assembler:
    """Collects the events of one stream. `result` may be asked once the stream is over."""

    def __init__(self) -> None:
        self._start = MessageStart()
        self._choices: dict[int, _OpenChoice] = {}
        self._extras: JsonObject = {}
        self._end: MessageEnd | None = None
        self._error: GatewayError | None = None

    def feed(self, events: Iterable[Event]) -> None:
        """More events."""
        for event in events:
            self._add(event)

    def result(self) -> ChatResult:
        """The whole answer. A stream that broke before any content raises its error; after it, choices end in `error`."""
        if self._end is None and self._error is None:
            raise BadResponse("The provider's stream was cut.")
        if self._error is not None and not any(
            choice.parts or choice.open for choice in self._choices.values()
        ):
            raise self._error
        end = self._end or MessageEnd()
        return ChatResult(
            dialect=self._start.dialect or "",
            upstream_id=self._start.upstream_id,
            model=self._start.model,
            created=self._start.created,
            choices=tuple([self._choice(index) for index in sorted(self._choices)]),
            usage=end.usage,
            system_fingerprint=self._start.system_fingerprint,
            service_tier=end.service_tier or self._start.service_tier,
            extras={**(self._start.extras or {}), **self._extras, **(end.extras or {})} or None,
        )

    def _add(self, event: Event) -> None:
        match event:
            case MessageStart():
                self._start = event
            case MessageEnd():
                self._end = event
            case StreamError(error=error):
                self._error = error
            case Note(value=value):
                self._extras |= value
            case BodySent():
                pass
            case _:
                self._add_to_choice(self._choices.setdefault(event.choice, _OpenChoice()), event)

    def _add_to_choice(self, choice: _OpenChoice, event: Event) -> None:
        match event:
            case PartStart():
                _close(choice)
                choice.open = _OpenPart(event)
            case PartEnd():
                _close(choice)
            case Annotation(value=value):
                choice.annotations.append(value)
            case ChoiceEnd():
                choice.end = event
                choice.logprobs = join_logprobs(choice.logprobs, event.logprobs)
                _keep_extras(choice, event.extras)
            case _:
                _add_delta(choice, event)

    def _choice(self, index: int) -> Choice:
        choice = self._choices[index]
        _close(choice)
        broken = choice.end is None
        return Choice(
            index=index,
            parts=tuple(choice.parts),
            finish_reason="error" if choice.end is None else choice.end.reason,
            native_finish_reason=None if choice.end is None else choice.end.native_reason,
            logprobs=choice.logprobs,
            annotations=tuple(choice.annotations),
            message_extras=choice.message_extras or None,
            extras=choice.extras or None,
            error=self._error if broken else None,
        )


def assemble(events: Iterable[Event]) -> ChatResult:
    """The whole answer that this stream tells; see `Assembler.result` for one that broke."""
    assembler = Assembler()
    assembler.feed(events)
    return assembler.result()


def _add_delta(choice: _OpenChoice, event: Event) -> None:
    part = choice.open
    if part is None:
        return
    match event:
        case TextDelta():
            part.texts.append(event.text)
            choice.logprobs = join_logprobs(choice.logprobs, event.logprobs)
            _keep_extras(choice, event.extras)
        case RefusalDelta():
            part.texts.append(event.text)
            choice.logprobs = join_logprobs(choice.logprobs, event.logprobs)
        case ReasoningDelta():
            part.texts.append(event.text)
            part.details += event.details
            _keep_extras(choice, event.extras)
        case ToolCallDelta():
            part.texts.append(event.arguments)
        case MediaDelta():
            part.values.append(event.value)
        case _:
            pass


def _keep_extras(choice: _OpenChoice, extras: JsonObject | None) -> None:
    if extras:
        of_choice, of_delta = extras.get("choice"), extras.get("delta")
        choice.extras |= of_choice if isinstance(of_choice, dict) else {}
        choice.message_extras |= of_delta if isinstance(of_delta, dict) else {}


def _close(choice: _OpenChoice) -> None:
    part, choice.open = choice.open, None
    if part is None:
        return
    text = "".join(part.texts)
    match part.start.kind:
        case "text":
            choice.parts.append(Text(text))
        case "refusal":
            choice.parts.append(Refusal(text))
        case "reasoning":
            choice.parts += _reasoning_parts(text, part.details)
        case "tool_call":
            start = part.start
            choice.parts.append(ToolCall(start.id or "", start.name or "", text or "{}", start.extras))
        case "image":
            choice.parts += [_image(value) for value in part.values]
        case "audio":
            choice.parts.append(AudioOutput(_join_audio(part.values)))


def _reasoning_parts(text: str, details: list[Reasoning]) -> list[Reasoning]:
    """Plain text where no details came; else the details, those that continue each other joined."""
    if not details:
        return [Reasoning(text=text, plain=True)]
    joined: list[Reasoning] = []
    for detail in details:
        last = joined[-1] if joined else None
        if last is not None and _continues(last, detail):
            joined[-1] = structs.replace(
                last,
                text=(last.text or "") + (detail.text or "") if last.text or detail.text else None,
                signature=detail.signature or last.signature,
                id=detail.id or last.id,
            )
        else:
            joined.append(detail)
    said = "".join(detail.text or "" for detail in details)
    return joined if said == text else [Reasoning(text=text, plain=True), *joined]


def _continues(last: Reasoning, detail: Reasoning) -> bool:
    """True for fragments of one text or summary: same kind and number, and the first was not signed off."""
    return (
        detail.kind == last.kind
        and detail.kind in {"text", "summary"}
        and detail.index == last.index
        and (detail.id == last.id or detail.id is None)
        and last.signature is None
    )


def _image(value: JsonObject) -> ImageOutput:
    inner = value.get("image_url")
    url = inner.get("url") if isinstance(inner, dict) else None
    rest = {key: item for key, item in value.items() if key not in {"type", "image_url"}}
    return ImageOutput(url if isinstance(url, str) else "", rest or None)


def _join_audio(values: list[JsonObject]) -> JsonObject:
    """One sound of its pieces: `data` and `transcript` grow, everything else is said once."""
    joined: JsonObject = {}
    for value in values:
        for key, item in value.items():
            known = joined.get(key)
            if key in {"data", "transcript"} and isinstance(known, str) and isinstance(item, str):
                joined[key] = known + item
            elif item is not None:
                joined[key] = item
    return joined


def join_logprobs(first: JsonObject | None, second: JsonObject | None) -> JsonObject | None:
    """Log probabilities of two stretches, one after the other."""
    if first is None or second is None:
        return first or second
    joined = dict(first)
    for key, value in second.items():
        known = joined.get(key)
        joined[key] = known + value if isinstance(known, list) and isinstance(value, list) else value or known
    return joined


def disassemble(result: ChatResult) -> list[Event]:
    """The events of a stream that tells this answer, each part in one piece."""
    events: list[Event] = [
        MessageStart(
            upstream_id=result.upstream_id,
            model=result.model,
            created=result.created,
            system_fingerprint=result.system_fingerprint,
            service_tier=result.service_tier,
            extras=result.extras,
            dialect=result.dialect,
        )
    ]
    for choice in result.choices:
        events += _choice_events(choice)
    errors = [choice.error for choice in result.choices if choice.error is not None]
    if errors:
        events.append(StreamError(errors[0]))
    else:
        events.append(MessageEnd(usage=result.usage, service_tier=result.service_tier))
    return events


def _choice_events(choice: Choice) -> list[Event]:
    events: list[Event] = []
    number = calls = 0
    thoughts: list[Reasoning] = []
    for part in choice.parts:
        if isinstance(part, Reasoning):
            thoughts.append(part)
            continue
        made = _reasoning_events(choice.index, number, thoughts)
        thoughts = []
        number += bool(made)
        said = _part_events(choice.index, number, calls, part)
        number += bool(said)
        calls += isinstance(part, ToolCall)
        events += made + said
    events += _reasoning_events(choice.index, number, thoughts)
    events += [Annotation(choice.index, value) for value in choice.annotations]
    if choice.error is not None:
        return events
    extras: JsonObject = {}
    if choice.extras:
        extras["choice"] = choice.extras
    if choice.message_extras:
        extras["delta"] = choice.message_extras
    reason = choice.finish_reason or "stop"
    events.append(
        ChoiceEnd(choice.index, reason, choice.native_finish_reason, choice.logprobs, extras or None)
    )
    return events


def _reasoning_events(choice: int, number: int, thoughts: list[Reasoning]) -> list[Event]:
    """Reasoning in a row is one part: plain text, where it came beside details, says the same as they."""
    if not thoughts:
        return []
    details = tuple([part for part in thoughts if not part.plain])
    plain = [part.text or "" for part in thoughts if part.plain]
    text = "".join(plain) if plain else "".join([part.text or "" for part in details])
    return [
        PartStart(choice, number, "reasoning"),
        ReasoningDelta(choice, number, text, details),
        PartEnd(choice, number),
    ]


def _part_events(choice: int, number: int, calls: int, part: Part) -> list[Event]:
    """PartStart, one delta, PartEnd; nothing for a part that streams cannot tell."""
    start: PartStart
    delta: Event
    match part:
        case Text(text=text):
            start, delta = PartStart(choice, number, "text"), TextDelta(choice, number, text)
        case Refusal(text=text):
            start, delta = PartStart(choice, number, "refusal"), RefusalDelta(choice, number, text)
        case ToolCall():
            start = PartStart(choice, number, "tool_call", part.id, part.name, calls, part.extras)
            delta = ToolCallDelta(choice, number, calls, part.arguments)
        case ImageOutput():
            start = PartStart(choice, number, "image")
            image: JsonObject = {"type": "image_url", "image_url": {"url": part.url}, **(part.extras or {})}
            delta = MediaDelta(choice, number, "image", image)
        case AudioOutput(value=value):
            start, delta = PartStart(choice, number, "audio"), MediaDelta(choice, number, "audio", value)
        case _:
            return []
    return [start, delta, PartEnd(choice, number)]
