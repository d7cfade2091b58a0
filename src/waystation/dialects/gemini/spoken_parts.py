"""One part of a candidate -> events. Signatures become reasoning details, so that they come back byte for byte.

A signature on a function call is an encrypted detail with the call's id; one on an image has `image_<number>`; one on text
has no id. A part of the provider's own tools (code it ran, searches) is an encrypted detail that holds the whole part.
"""

import secrets
from typing import Final

from msgspec import Struct, field, json

from waystation.codec.part_tracker import PartTracker
from waystation.dialects.gemini.media import data_url
from waystation.dialects.gemini.partial_arguments import set_partial
from waystation.dialects.gemini.wire import ORIGIN, SERVER_SIDE, object_of, objects_of, text_of
from waystation.operations.parts import JsonObject, Reasoning

_ENCODE: Final = json.Encoder().encode


class Speech(Struct):
    """What one choice said so far, as far as later parts depend on it."""

    choice: int
    said: bool = False
    texts: list[str] = field(default_factory=list)
    images: int = 0
    calls: int = 0
    details: int = 0
    thinking: bool = False
    open_call: JsonObject | None = None
    """The arguments of a call that comes in pieces (`willContinue`)."""

    def end_call(self, tracker: PartTracker) -> None:
        """The call that came in pieces is whole."""
        if self.open_call is not None:
            arguments, self.open_call = self.open_call, None
            tracker.call_arguments(self.choice, self.calls, _ENCODE(arguments).decode())


def hear(
    tracker: PartTracker, speech: Speech, part: JsonObject, logprobs: JsonObject | None
) -> JsonObject | None:
    """Tell of one part. Returns the log probabilities, None once they went out with a text."""
    signature = text_of(part.get("thoughtSignature"))
    call = part.get("functionCall")
    if isinstance(call, dict):
        _call(tracker, speech, call, signature)
        return logprobs
    speech.end_call(tracker)
    text = part.get("text")
    if SERVER_SIDE & part.keys():
        _encrypted(tracker, speech, _ENCODE(part).decode(), None)
    elif isinstance(part.get("inlineData"), dict):
        _media(tracker, speech, part, signature)
    elif part.get("thought") is True:
        _thought(tracker, speech, text if isinstance(text, str) else "", signature)
    else:
        if signature is not None:
            _encrypted(tracker, speech, signature, None)
        if isinstance(text, str) and text:
            speech.said, speech.thinking = True, False
            speech.texts.append(text)
            tracker.text(speech.choice, text, logprobs)
            return None
    return logprobs


def _call(tracker: PartTracker, speech: Speech, call: JsonObject, signature: str | None) -> None:
    name = text_of(call.get("name"))
    if name is not None:
        speech.end_call(tracker)
        call_id = text_of(call.get("id")) or f"call_{secrets.token_hex(12)}"
        if signature is not None:
            _encrypted(tracker, speech, signature, call_id)
        speech.said, speech.thinking = True, False
        speech.calls += 1
        tracker.start_call(speech.choice, speech.calls, call_id, name)
        speech.open_call = dict(object_of(call.get("args")))
    elif speech.open_call is not None:
        speech.open_call |= object_of(call.get("args"))
    if speech.open_call is None:
        return
    for piece in objects_of(call.get("partialArgs")):
        set_partial(speech.open_call, piece)
    if call.get("willContinue") is not True:
        speech.end_call(tracker)


def _media(tracker: PartTracker, speech: Speech, part: JsonObject, signature: str | None) -> None:
    """An image or a sound. Pictures of the model's thinking are drafts, and not shown."""
    blob = object_of(part.get("inlineData"))
    kind, data = text_of(blob.get("mimeType")) or "", text_of(blob.get("data"))
    if data is None or part.get("thought") is True:
        return
    if kind.startswith("image/"):
        if signature is not None:
            _encrypted(tracker, speech, signature, f"image_{speech.images}")
        speech.said, speech.thinking = True, False
        speech.images += 1
        tracker.image(speech.choice, {"type": "image_url", "image_url": {"url": data_url(kind, data)}})
    elif kind.startswith("audio/"):
        speech.said, speech.thinking = True, False
        tracker.audio(speech.choice, {"data": data})


def _thought(tracker: PartTracker, speech: Speech, text: str, signature: str | None) -> None:
    if not text and signature is None:
        return
    if not speech.thinking:
        speech.thinking = True
        speech.details += 1
    speech.said = speech.said or bool(text)
    detail = Reasoning(text=text, signature=signature, origin=ORIGIN, index=speech.details - 1)
    tracker.reasoning(speech.choice, text, (detail,))
    if signature is not None:
        speech.thinking = False


def _encrypted(tracker: PartTracker, speech: Speech, data: str, belongs_to: str | None) -> None:
    speech.thinking = False
    detail = Reasoning("encrypted", data=data, id=belongs_to, origin=ORIGIN, index=speech.details)
    speech.details += 1
    tracker.reasoning(speech.choice, "", (detail,))
