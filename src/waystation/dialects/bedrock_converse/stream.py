"""A stream of ConverseStream -> events. Correct for any split; ends in exactly one end.

The wire ends with `messageStop` and then `metadata`; without both it was cut. Exceptions may come at any time.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Final

from msgspec import DecodeError, Struct, field, json

from waystation.codec.event_stream import EventMessage, EventStreamParser
from waystation.codec.frame_reader import FrameReader
from waystation.dialects.bedrock_converse.citations import annotation_of
from waystation.dialects.bedrock_converse.errors import parse_exception
from waystation.dialects.bedrock_converse.finish import finish_reason
from waystation.dialects.bedrock_converse.media import data_url_of_image
from waystation.dialects.bedrock_converse.reasoning import redacted_part
from waystation.dialects.bedrock_converse.response import BROKEN_OFF, is_empty, make_call_id
from waystation.dialects.bedrock_converse.tools import is_servers
from waystation.dialects.bedrock_converse.usage import parse_usage
from waystation.dialects.bedrock_converse.wire import (
    ANSWER_TOOL,
    CLAUDE_FORMAT,
    NAME,
    object_of,
    rest_of,
    text_of,
)
from waystation.errors import BadResponse
from waystation.operations.chat_events import Annotation, MessageEnd, MessageStart
from waystation.operations.parts import JsonObject, Reasoning

_DECODE: Final = json.Decoder().decode
_STOP_KEYS: Final = frozenset({"stopReason", "p"})
_METADATA_KEYS: Final = frozenset({"usage", "serviceTier", "p"})
"""`p` is padding, against guessing texts by their length."""


class _Block(Struct):
    """An open content block. `kind`: text, call, answer (our tool's input), or other (nothing to show)."""

    start: int
    kind: str = "text"
    has_thought: bool = False
    has_arguments: bool = False
    citations: list[JsonObject] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    image_format: str | None = None
    image_bytes: list[str] = field(default_factory=list)


class ConverseStreamParser(FrameReader[EventMessage]):
    """One stream. `feed` bytes as they come; `close` when the provider has no more."""

    def __init__(self) -> None:
        super().__init__(EventStreamParser())
        self._blocks: dict[int, _Block] = {}
        self._length = 0
        self._stop: JsonObject | None = None
        self._metadata: JsonObject | None = None
        self._started = False
        self._readers: dict[str, Callable[[JsonObject], None]] = {
            "messageStart": self._message_start,
            "contentBlockStart": self._block_start,
            "contentBlockDelta": self._block_delta,
            "contentBlockStop": self._block_stop,
            "messageStop": self._message_stop,
            "metadata": self._read_metadata,
        }
        """Events that say something; others, of later versions of the wire, are left alone."""

    def _read(self, message: EventMessage) -> None:
        headers = message.headers
        if headers.get(":message-type", "event") != "event":
            raise parse_exception(headers, message.payload)
        event = headers.get(":event-type", "")
        if event.endswith("Exception"):
            raise parse_exception({**headers, ":exception-type": event}, message.payload)
        read = self._readers.get(event)
        if read is not None:
            read(_payload(message.payload))

    def _message_start(self, _: JsonObject) -> None:
        self._start()

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self._tracker.out.append(MessageStart(dialect=NAME))
            self._tracker.touch(0)

    def _block(self, payload: JsonObject) -> tuple[int, _Block]:
        self._start()
        number = payload.get("contentBlockIndex")
        index = number if isinstance(number, int) else 0
        block = self._blocks.get(index)
        if block is None:
            block = self._blocks[index] = _Block(self._length)
        return index, block

    def _block_start(self, payload: JsonObject) -> None:
        index, block = self._block(payload)
        start = object_of(payload.get("start"))
        call = object_of(start.get("toolUse"))
        if "toolResult" in start or is_servers(call):
            block.kind = "other"
        elif call:
            name = text_of(call.get("name"))
            if name is None:
                raise BadResponse("The provider's stream calls a tool without a name.")
            block.kind = "answer" if name == ANSWER_TOOL else "call"
            if name != ANSWER_TOOL:
                self._tracker.start_call(0, index, text_of(call.get("toolUseId")) or make_call_id(), name)
        elif "image" in start:
            block.image_format = text_of(object_of(start["image"]).get("format"))

    def _block_delta(self, payload: JsonObject) -> None:
        index, block = self._block(payload)
        delta = object_of(payload.get("delta"))
        text = delta.get("text")
        if isinstance(text, str):
            if text:
                self._say(text)
        elif "toolUse" in delta:
            self._call_delta(index, block, text_of(object_of(delta["toolUse"]).get("input")) or "")
        elif "reasoningContent" in delta:
            self._think(index, block, object_of(delta["reasoningContent"]))
        elif "citation" in delta:
            block.citations.append(object_of(delta["citation"]))
        elif "image" in delta:
            block.image_bytes.append(
                text_of(object_of(object_of(delta["image"]).get("source")).get("bytes")) or ""
            )

    def _say(self, text: str) -> None:
        self._length += len(text)
        self._tracker.text(0, text)

    def _call_delta(self, index: int, block: _Block, fragment: str) -> None:
        if block.kind == "answer" and fragment:
            self._say(fragment)
        elif block.kind == "text":
            raise BadResponse("The provider's stream has arguments of a call that never began.")
        elif block.kind == "call" and fragment:
            block.has_arguments = True
            if not self._tracker.call_arguments(0, index, fragment):
                raise BadResponse("The provider's stream continues a call that is over.")

    def _think(self, index: int, block: _Block, value: JsonObject) -> None:
        text, signature = value.get("text"), text_of(value.get("signature"))
        if isinstance(text, str) and text:
            block.has_thought = True
            self._tracker.reasoning(0, text, (Reasoning(text=text, index=index),))
        if signature is not None:
            signed = Reasoning(
                text=None if block.has_thought else "", signature=signature, origin=CLAUDE_FORMAT, index=index
            )
            self._tracker.reasoning(0, "", (signed,))
        if (blob := text_of(value.get("redactedContent"))) is not None:
            block.blobs.append(blob)

    def _block_stop(self, payload: JsonObject) -> None:
        index, _ = self._block(payload)
        self._end_block(index)

    def _end_block(self, index: int) -> None:
        """What can be told only now that the block is whole."""
        block = self._blocks.pop(index)
        if block.kind == "call" and not block.has_arguments:
            self._tracker.call_arguments(0, index, "{}")
        if block.blobs:
            self._tracker.reasoning(0, "", (redacted_part(_joined(block.blobs), index),))
        if block.image_bytes:
            image: JsonObject = {
                "format": block.image_format,
                "source": {"bytes": _joined(block.image_bytes)},
            }
            url = data_url_of_image(image)
            if url is not None:
                self._tracker.image(0, {"type": "image_url", "image_url": {"url": url}})
        for citation in block.citations:
            annotation = annotation_of(citation, block.start, self._length)
            if annotation is not None:
                self._tracker.out.append(Annotation(0, annotation))

    def _message_stop(self, payload: JsonObject) -> None:
        self._stop = payload
        self._finish()

    def _read_metadata(self, payload: JsonObject) -> None:
        self._metadata = payload
        self._finish()

    def _finish(self) -> None:
        """Once both ends came: the end of the choice, and of the message."""
        if self._stop is None or self._metadata is None:
            return
        self._start()
        for index in sorted(self._blocks):
            self._end_block(index)
        native = text_of(self._stop.get("stopReason"))
        reason = finish_reason(native, has_calls=self._tracker.has_calls(0))
        usage = parse_usage(self._metadata.get("usage"))
        if reason == "error":
            raise BadResponse(BROKEN_OFF)
        if not self._tracker.has_content(0) and is_empty(reason, usage):
            raise BadResponse("The provider's answer is empty.")
        self._tracker.end_choice(0, reason, native)
        rest = {**(rest_of(self._stop, _STOP_KEYS) or {}), **(rest_of(self._metadata, _METADATA_KEYS) or {})}
        tier = text_of(object_of(self._metadata.get("serviceTier")).get("type"))
        self._tracker.out.append(MessageEnd(usage=usage, service_tier=tier, extras=rest or None))
        self._over = True


def _payload(data: bytes) -> JsonObject:
    try:
        return object_of(_DECODE(data))
    except (DecodeError, RecursionError, UnicodeDecodeError):
        raise BadResponse("The provider sent an event that is not valid JSON.") from None


def _joined(pieces: list[str]) -> str:
    """Base64 of the bytes that these pieces of base64 hold together."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return base64.b64encode(b"".join([base64.b64decode(piece) for piece in pieces])).decode()
    except (binascii.Error, ValueError):
        raise BadResponse("The provider sent bytes that are not base64.") from None
