"""Nearly every chunk of a stream differs from the one before in its text alone: such chunks are told by their bytes.

A shortcut for `stream.ChunkParser` and nothing more: what does not fit exactly is left to it, and what fits means the
same. It rests on one fact: a valid JSON string holds no raw line break and no bare quote, so bytes that decode as one
cannot hide the end of a chunk.
"""

import re
from typing import Final

from msgspec import DecodeError, Struct, json

from waystation.operations.chat_events import Event, ReasoningDelta, TextDelta
from waystation.operations.parts import JsonObject

TEXT_KEYS: Final = ("content", "reasoning", "reasoning_content")
_DECODE_TEXT: Final = json.Decoder(str).decode
_JSON_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
PADDING_KEYS: Final = ("obfuscation", "p")
"""OpenAI's word and Mistral's for text of random length, which hides how long the answer's pieces are."""
_PADDING: Final = re.compile(rb'"(?:obfuscation|p)":"[^"\\\n]*')
_NO_PADDING: Final = b'"obfuscation":"'


class Template(Struct, frozen=True, gc=False):
    """What stands before and after the text of a chunk, and what such a chunk means."""

    head: bytes
    tail: bytes
    choice: int
    is_reasoning: bool
    extras: JsonObject | None

    def text_of(self, data: bytes) -> str | None:
        """The text of a chunk that fits; None for one that does not."""
        if not (data.startswith(self.head) and data.endswith(self.tail)):
            return None
        try:
            return _DECODE_TEXT(data[len(self.head) : -len(self.tail)])
        except (DecodeError, UnicodeDecodeError):
            return None


class Run(Struct, frozen=True, gc=False):
    """A part that goes on: reads of whole frames that all fit one template are so many deltas of it."""

    template: Template
    part: int
    is_padded: bool
    opening: bytes
    closing: bytes
    seam: bytes

    def events_of(self, data: bytes) -> list[Event] | None:
        """The deltas of such a read, one a frame; None for any other."""
        if self.is_padded:
            data = without_padding(data)
        if not (data.startswith(self.opening) and data.endswith(self.closing)):
            return None
        template = self.template
        events: list[Event] = []
        try:
            for value in data[len(self.opening) : -len(self.closing)].split(self.seam):
                text = _DECODE_TEXT(value)
                if not text:
                    return None
                if template.is_reasoning:
                    events.append(ReasoningDelta(template.choice, self.part, text, (), template.extras))
                else:
                    events.append(TextDelta(template.choice, self.part, text, None, template.extras))
        except (DecodeError, UnicodeDecodeError):
            return None
        return events


def run_of(template: Template, part: int, *, is_padded: bool) -> Run | None:
    """The run of this template in an open part; None where its frames have more than one line of data."""
    if b"\n" in template.head or b"\n" in template.tail:
        return None
    opening, closing = b"data: " + template.head, template.tail + b"\n\n"
    return Run(template, part, is_padded, opening, closing, closing + opening)


def template_of(data: bytes, key: str, choice: int, extras: JsonObject | None) -> Template | None:
    """The template that a chunk with one text, under `key`, is an example of; None where it cannot be told safely."""
    mark = b'"%b":' % key.encode()
    start = data.find(mark) + len(mark)
    if data.count(mark) != 1:
        return None
    start += len(data[start:]) - len(data[start:].lstrip())
    match = _JSON_STRING.match(data, start)
    if match is None or match.end() >= len(data):
        return None
    return Template(data[:start], data[match.end() :], choice, key != "content", extras)


def without_padding(data: bytes) -> bytes:
    """The same with an empty `obfuscation` for any padding, whose random length would keep chunks from resembling each other.

    Quotes inside a JSON string are escaped, so these bytes can only be the key itself.
    """
    return _PADDING.sub(_NO_PADDING, data)
