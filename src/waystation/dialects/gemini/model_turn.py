"""The model's own turns, back to it: thoughts, text, calls, and the signatures where they belong (contract section 11).

Only details that Gemini made carry signatures that it takes; of other models' reasoning the readable text is said as a thought.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import DecodeError, json

from waystation.dialects.gemini.families import Family
from waystation.dialects.gemini.media import render_media
from waystation.dialects.gemini.tools import arguments_object
from waystation.dialects.gemini.wire import ORIGIN, PART, object_of, text_of
from waystation.operations.parts import (
    Audio,
    AudioOutput,
    Image,
    ImageOutput,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)

UNSIGNED: Final = "skip_thought_signature_validator"
"""What Google's guide gives as the signature of a call that another model made."""


def render_model_parts(
    parts: Sequence[Part], family: Family, *, same_dialect: bool, drop: Callable[[str], None]
) -> list[JsonObject]:
    """`parts` of a `model` turn."""
    turn = _Turn(parts, same_dialect=same_dialect, drop=drop)
    for part in parts:
        turn.add(part)
    return turn.finish(needs_signature=family.signs_calls and not same_dialect)


class _Turn:
    """One turn while it is put together. Signatures without an owner wait for the next text."""

    def __init__(self, parts: Sequence[Part], *, same_dialect: bool, drop: Callable[[str], None]) -> None:
        self._out: list[JsonObject] = []
        self._waiting: list[str] = []
        self._images = 0
        self._same_dialect = same_dialect
        self._drop = drop
        details = [part for part in parts if isinstance(part, Reasoning) and not part.plain]
        self._has_details = any(detail.text for detail in details)
        self._signatures = {
            detail.id: detail.data
            for detail in details
            if detail.origin == ORIGIN and detail.kind == "encrypted" and detail.id and detail.data
        }
        self._owners = {part.id for part in parts if isinstance(part, ToolCall)}
        images = sum(isinstance(part, ImageOutput) for part in parts)
        self._owners |= {f"image_{number}" for number in range(images)}

    def add(self, part: Part) -> None:
        """The next part."""
        match part:
            case Reasoning():
                self._reasoning(part)
            case Text(text=text):
                self._text(text)
            case Refusal(text=text):
                self._text(text)
            case ToolCall():
                self._call(part)
            case ImageOutput(url=url):
                self._signed(render_media(Image(url)), self._signatures.get(f"image_{self._images}"))
                self._images += 1
            case AudioOutput(value=value):
                self._sound(value)
            case Opaque(kind=kind, value=value) if kind == PART and self._same_dialect:
                self._out.append(value)
            case Opaque(kind=kind):
                self._drop(f"messages.{kind}")
            case _:
                self._drop("messages.content")

    def finish(self, *, needs_signature: bool) -> list[JsonObject]:
        """The parts. A signature that found no text stands on the last one, or on an empty one."""
        for signature in self._waiting:
            unsigned = [part for part in self._out if "text" in part and len(part) == 1]
            if unsigned:
                unsigned[-1]["thoughtSignature"] = signature
            else:
                self._out.append({"text": "", "thoughtSignature": signature})
        calls = [part for part in self._out if "functionCall" in part]
        if needs_signature and calls and "thoughtSignature" not in calls[0]:
            calls[0]["thoughtSignature"] = UNSIGNED
        return self._out

    def _reasoning(self, part: Reasoning) -> None:
        if part.plain:
            if not self._has_details and part.text:
                self._out.append({"text": part.text, "thought": True})
        elif part.origin != ORIGIN:
            if part.signature or part.data or (part.extras and not part.text):
                self._drop("messages.reasoning_details")
            if part.text:
                self._out.append({"text": part.text, "thought": True})
        elif part.kind == "encrypted":
            self._encrypted(part)
        elif part.text or part.signature is None:
            if part.text:
                self._signed({"text": part.text, "thought": True}, part.signature)
        elif part.text is None:
            self._waiting.append(part.signature)
        else:
            self._signed({"thought": True}, part.signature)

    def _encrypted(self, part: Reasoning) -> None:
        """A whole part of the provider's own tools, or a signature: of a call or image by its id, else of the next text."""
        data = part.data or ""
        whole = _decoded(data) if data.startswith("{") else None
        if whole is not None:
            self._out.append(whole)
        elif part.id is None:
            if data:
                self._waiting.append(data)
        elif part.id not in self._owners:
            self._drop("messages.reasoning_details")

    def _text(self, text: str) -> None:
        if not text and not self._same_dialect:
            return
        while len(self._waiting) > 1:
            self._out.append({"text": "", "thoughtSignature": self._waiting.pop(0)})
        self._signed({"text": text}, self._waiting.pop() if self._waiting else None)

    def _call(self, call: ToolCall) -> None:
        value: JsonObject = {"id": call.id, "name": call.name, "args": arguments_object(call.arguments)}
        self._signed({"functionCall": value}, self._signatures.get(call.id) or _carried(call))

    def _sound(self, value: JsonObject) -> None:
        """What the model said aloud: as sound where this dialect made it, else its words."""
        data, name = text_of(value.get("data")), text_of(value.get("format"))
        if data is not None and name is not None and self._same_dialect:
            self._signed(render_media(Audio(data, name)), None)
        elif (transcript := text_of(value.get("transcript"))) is not None:
            self._text(transcript)
        else:
            self._drop("messages.audio")

    def _signed(self, part: JsonObject, signature: str | None) -> None:
        if signature is not None:
            part["thoughtSignature"] = signature
        self._out.append(part)


def _carried(call: ToolCall) -> str | None:
    """The signature as Google's own OpenAI-compatible API puts it onto a call: `extra_content.google.thought_signature`."""
    google = object_of(object_of((call.extras or {}).get("extra_content")).get("google"))
    return text_of(google.get("thought_signature"))


def _decoded(data: str) -> JsonObject | None:
    try:
        value = json.decode(data)
    except (DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
