"""A provider's stream of `chat.completion.chunk` -> events. Correct for any split; ends in exactly one end.

What ends a choice is told when the stream is over: providers repeat finish reasons, and some speak on after the first.
Nulls, and the padding called `obfuscation` or `p`, say nothing and are not kept.
"""

from typing import Final

from msgspec import DecodeError, Struct, json

from waystation.codec.assemble import join_logprobs
from waystation.codec.frame_reader import FrameReader
from waystation.codec.framing import Frame, SseParser
from waystation.dialects.openai_chat.call_fragments import CallFragments
from waystation.dialects.openai_chat.chunk_template import (
    PADDING_KEYS,
    TEXT_KEYS,
    Run,
    Template,
    run_of,
    template_of,
    without_padding,
)
from waystation.dialects.openai_chat.citations import CITATION_KEYS, parse_citations
from waystation.dialects.openai_chat.errors import error_in, parse_error_object
from waystation.dialects.openai_chat.finish import finish_reason, native_finish_reason
from waystation.dialects.openai_chat.reasoning import parse_details
from waystation.dialects.openai_chat.thinking import parse_chunks
from waystation.dialects.openai_chat.usage import parse_usage
from waystation.dialects.openai_chat.wire import NAME
from waystation.errors import BadResponse, Overloaded
from waystation.operations.chat_events import Annotation, Event, MessageEnd, MessageStart, Note
from waystation.operations.parts import JsonObject, Reasoning
from waystation.operations.usage import Usage

_DECODE: Final = json.Decoder().decode
_CHUNK_KEYS: Final = frozenset(
    {
        "id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier", "provider",
        "error", "user_id", "openrouter_metadata", *PADDING_KEYS,
    }
)  # fmt: skip
_CHOICE_KEYS: Final = frozenset(
    {"index", "delta", "message", "text", "finish_reason", "native_finish_reason", "logprobs", "error"}
)
_DELTA_KEYS: Final = frozenset(
    {
        "role", "content", "reasoning", "reasoning_content", "reasoning_details", "refusal", "images", "audio",
        "tool_calls", "function_call", "annotations",
    }
)  # fmt: skip
_SIMPLE_KEYS: Final = frozenset({"role", *TEXT_KEYS})


class _Ending(Struct, gc=False):
    """What is known of the end of one choice."""

    reason: str | None = None
    native: str | None = None
    logprobs: JsonObject | None = None
    extras: JsonObject | None = None


class ChunkParser(FrameReader[Frame]):
    """One stream. `feed` bytes as they come; `close` when the provider has no more."""

    def __init__(self) -> None:
        self._sse = SseParser()
        super().__init__(self._sse)
        self._calls = CallFragments(self._tracker)
        self._template: Template | None = None
        self._run: Run | None = None
        self._endings: dict[int, _Ending] = {}
        self._early: list[Event] = []
        self._note: JsonObject | None = None
        self._sources: JsonObject = {}
        self._annotated = False
        self._usage: Usage | None = None
        self._service_tier: str | None = None
        self._is_padded = False
        self._started = False

    def feed(self, data: bytes) -> list[Event]:
        """Events completed by this piece; nothing after the end."""
        if self._run is not None and (events := self._run.events_of(data)) is not None:
            return events
        events = super().feed(data)
        self._run = self._next_run()
        return events

    def _end(self) -> None:
        """Good without `[DONE]` if every choice had finished, else the stream was cut."""
        self._finish(said_done=False)

    def _read(self, frame: Frame) -> None:
        """One frame: by the template if it fits, which is nearly always, else decoded."""
        data = frame.data
        if self._is_padded:
            data = without_padding(data)
        template = self._template
        if template is not None and (text := template.text_of(data)) is not None:
            if text and template.is_reasoning:
                self._tracker.reasoning(template.choice, text, (), template.extras)
            elif text:
                self._tracker.text(template.choice, text, None, template.extras)
            return
        if data.strip() == b"[DONE]":
            self._finish(said_done=True)
            return
        chunk = _decode_chunk(data)
        if frame.name == "error" and "error" not in chunk:
            raise parse_error_object(chunk)
        self._chunk(chunk, data)

    def _chunk(self, chunk: JsonObject, data: bytes) -> None:
        if error := error_in(chunk):
            raise error
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            choices = []
        if not self._started and (choices or chunk.get("id")):
            self._start(chunk)
        has_note = not chunk.keys() <= _CHUNK_KEYS and self._add_note(chunk)
        if not (self._is_padded or chunk.keys().isdisjoint(PADDING_KEYS)):
            self._is_padded = True
            data = without_padding(data)
        if usage := chunk.get("usage"):
            self._usage = parse_usage(usage) if isinstance(usage, dict) else self._usage
        if tier := _text(chunk.get("service_tier")):
            self._service_tier = tier
        for choice in choices:
            if isinstance(choice, dict):
                self._choice(choice)
        if len(choices) == 1 and not usage and not has_note and isinstance(choices[0], dict):
            self._learn(choices[0], data)

    def _start(self, chunk: JsonObject) -> None:
        created = chunk.get("created")
        self._started = True
        self._tracker.out.append(
            MessageStart(
                upstream_id=_text(chunk.get("id")),
                model=_text(chunk.get("model")),
                created=int(created) if isinstance(created, (int, float)) else None,
                system_fingerprint=_text(chunk.get("system_fingerprint")),
                service_tier=_text(chunk.get("service_tier")),
                dialect=NAME,
            )
        )
        self._tracker.out += self._early
        self._early.clear()

    def _add_note(self, chunk: JsonObject) -> bool:
        """Keep unknown fields of the chunk, unless they repeat the last ones (Perplexity sends its citations each time)."""
        rest = {key: chunk[key] for key in chunk if key not in _CHUNK_KEYS and chunk[key] is not None}
        groq = rest.get("x_groq")
        if isinstance(groq, dict) and isinstance(groq.get("usage"), dict):
            self._usage = parse_usage(groq["usage"])
        if isinstance(groq, dict) and groq.get("error"):
            raise BadResponse("The provider reported an error instead of an answer.")
        if not rest:
            return False
        if not rest.keys().isdisjoint(CITATION_KEYS):
            self._sources |= rest
        if rest != self._note:
            self._note = rest
            (self._tracker.out if self._started else self._early).append(Note(rest))
        return True

    def _choice(self, choice: JsonObject) -> None:
        index = choice.get("index")
        at = index if isinstance(index, int) else 0
        if choice.get("error"):
            raise parse_error_object(choice["error"])
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            delta = {}
        extras = _extras(choice, delta)
        logprobs = choice.get("logprobs")
        if not isinstance(logprobs, dict) or not any(logprobs.values()):
            logprobs = None
        self._tracker.touch(at)
        self._reasoning(at, delta, extras)
        content = delta.get("content")
        told = False
        if isinstance(content, str) and content:
            self._tracker.text(at, content, logprobs, extras)
            told = True
        elif content:
            told = self._chunks(at, content, logprobs, extras)
        if refusal := _text(delta.get("refusal")):
            self._tracker.refusal(at, refusal, None if told else logprobs)
            told = told or extras is None
        if not delta.keys() <= _SIMPLE_KEYS:
            self._rarities(at, delta)
        reason = choice.get("finish_reason")
        if reason or ((logprobs or extras) and not told and not self._said_reasoning(delta)):
            self._end_of_choice(
                at, choice, logprobs=None if told else logprobs, extras=None if told else extras
            )

    def _said_reasoning(self, delta: JsonObject) -> bool:
        return bool(
            delta.get("reasoning") or delta.get("reasoning_content") or delta.get("reasoning_details")
        )

    def _reasoning(self, at: int, delta: JsonObject, extras: JsonObject | None) -> None:
        text = _text(delta.get("reasoning")) or _text(delta.get("reasoning_content")) or ""
        details: tuple[Reasoning, ...] = ()
        if values := delta.get("reasoning_details"):
            found = parse_details(values) if isinstance(values, list) else []
            details = tuple([item for item in found if isinstance(item, Reasoning)])
            text = text or "".join([item.text for item in details if item.text])
        if text or details:
            self._tracker.reasoning(at, text, details, None if delta.get("content") else extras)

    def _chunks(
        self, at: int, content: object, logprobs: JsonObject | None, extras: JsonObject | None
    ) -> bool:
        """A content that is a list of chunks. True where any said something."""
        told = False
        for part in parse_chunks(content):
            if isinstance(part, Reasoning):
                self._tracker.reasoning(at, part.text or "", (part,), extras)
            else:
                self._tracker.text(at, part.text, logprobs, extras)
            told = True
        return told

    def _rarities(self, at: int, delta: JsonObject) -> None:
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            for call in calls:
                if isinstance(call, dict):
                    self._calls.add(at, call)
        function_call = delta.get("function_call")
        if isinstance(function_call, dict) and (function_call.get("name") or function_call.get("arguments")):
            self._calls.add(at, {"index": 0, "function": function_call})
        images = delta.get("images")
        for image in images if isinstance(images, list) else ():
            if isinstance(image, dict):
                self._tracker.image(at, image)
        audio = delta.get("audio")
        if isinstance(audio, dict) and any(audio.values()):
            self._tracker.audio(at, audio)
        annotations = delta.get("annotations")
        for annotation in annotations if isinstance(annotations, list) else ():
            if isinstance(annotation, dict):
                self._annotated = True
                self._tracker.out.append(Annotation(at, annotation))

    def _end_of_choice(
        self, at: int, choice: JsonObject, logprobs: JsonObject | None, extras: JsonObject | None
    ) -> None:
        ending = self._endings.setdefault(at, _Ending())
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            ending.reason = reason
            ending.native = native_finish_reason(choice.get("native_finish_reason")) or reason
        ending.logprobs = join_logprobs(ending.logprobs, logprobs)
        ending.extras = {**(ending.extras or {}), **extras} if extras else ending.extras

    def _finish(self, *, said_done: bool) -> None:
        """Every choice ends, then the message. A choice without a finish reason ends well only before `[DONE]`."""
        self._over = True
        choices = self._tracker.choices()
        if not choices:
            raise BadResponse("The provider's stream is empty.")
        for choice in choices:
            ending = self._endings.get(choice, _Ending())
            if ending.reason is None and not (said_done and self._tracker.has_content(choice)):
                raise BadResponse("The provider's stream was cut.")
        reasons = {choice: self._reason(choice) for choice in choices}
        if "error" in reasons.values():
            raise Overloaded("The provider broke off its answer.")
        if self._is_empty(set(reasons.values())):
            raise BadResponse("The provider's answer is empty.")
        if self._sources and not self._annotated:
            self._tracker.out += [Annotation(choices[0], value) for value in parse_citations(self._sources)]
        for choice, reason in reasons.items():
            ending = self._endings.get(choice, _Ending())
            self._tracker.end_choice(choice, reason, ending.native, ending.logprobs, ending.extras)
        self._tracker.out.append(MessageEnd(usage=self._usage, service_tier=self._service_tier))

    def _used(self) -> Usage | None:
        return self._usage

    def _reason(self, choice: int) -> str:
        ending = self._endings.get(choice)
        return finish_reason(ending and ending.reason, has_calls=self._tracker.has_calls(choice))

    def _is_empty(self, reasons: set[str]) -> bool:
        """Nothing was said, nothing explains it, and no tokens were spent on it."""
        if reasons & {"length", "content_filter"} or any(
            map(self._tracker.has_content, self._tracker.choices())
        ):
            return False
        return self._usage is None or self._usage.completion_tokens == 0

    def _learn(self, choice: JsonObject, data: bytes) -> None:
        """Make a template of a chunk that carried one text and nothing else, if it can be told apart safely."""
        delta = choice.get("delta")
        if not isinstance(delta, dict) or not delta.keys() <= _SIMPLE_KEYS:
            return
        said = [key for key in TEXT_KEYS if delta.get(key)]
        if len(said) != 1 or choice.get("finish_reason") or choice.get("logprobs"):
            return
        index = choice.get("index")
        at = index if isinstance(index, int) else 0
        self._template = template_of(data, said[0], at, _extras(choice, delta)) or self._template

    def _next_run(self) -> Run | None:
        """What the next reads may simply go on with: where frames were cut cleanly and the template's part is open."""
        template, run = self._template, self._run
        if template is None or self._over or not self._sse.is_between_frames:
            return None
        part = self._tracker.open_part(template.choice, "reasoning" if template.is_reasoning else "text")
        if part is None:
            return None
        if run is not None and run.template is template and run.part == part:
            return run
        return run_of(template, part, is_padded=self._is_padded)


def _decode_chunk(data: bytes) -> JsonObject:
    try:
        chunk = _DECODE(data)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        raise BadResponse("The provider's stream is malformed or was cut.") from None
    if not isinstance(chunk, dict):
        raise BadResponse("The provider's stream holds something that is no chunk.")
    return chunk


def _extras(choice: JsonObject, delta: JsonObject) -> JsonObject | None:
    """Fields of a choice and its delta that have no meaning here, under `choice` and `delta`; None where there are none."""
    if choice.keys() <= _CHOICE_KEYS and delta.keys() <= _DELTA_KEYS:
        return None
    of_choice = {
        key: choice[key] for key in choice if key not in _CHOICE_KEYS and choice[key] not in (None, {})
    }
    of_delta = {key: delta[key] for key in delta if key not in _DELTA_KEYS and delta[key] not in (None, {})}
    extras: JsonObject = {}
    if of_choice:
        extras["choice"] = of_choice
    if of_delta:
        extras["delta"] = of_delta
    return extras or None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
