"""What every parser of a provider's stream does: read frames one by one until an end or an error, and nothing after it."""

from collections.abc import Iterable
from typing import Final, Generic, Protocol, TypeVar

from msgspec import DecodeError, json

from waystation.codec.part_tracker import PartTracker
from waystation.errors import BadResponse, ProviderError
from waystation.operations.chat_events import Event, StreamError
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage

Frame = TypeVar("Frame")
Framed_co = TypeVar("Framed_co", covariant=True)
_DECODE: Final = json.Decoder().decode


class Framing(Protocol[Framed_co]):
    """Bytes -> the frames they complete. Correct for any split; `BadResponse` where they make no sense."""

    def feed(self, data: bytes) -> Iterable[Framed_co]:
        """Frames completed by this piece."""
        ...

    def close(self) -> Iterable[Framed_co]:
        """The stream ended: the frame that nothing ended, if its wire allows one."""
        ...


class FrameReader(Generic[Frame]):
    """One stream. A dialect says in `_read` what a frame means, puts events on `_tracker`, and sets `_over` at the end."""

    def __init__(self, frames: Framing[Frame]) -> None:
        self._frames = frames
        self._tracker = PartTracker()
        self._over = False

    def feed(self, data: bytes) -> list[Event]:
        """Events completed by this piece; nothing after the end."""
        if self._over:
            return []
        try:
            for frame in self._frames.feed(data):
                self._take(frame)
        except ProviderError as error:
            self._fail(error)
        return self._tracker.take()

    def close(self) -> list[Event]:
        """The provider has no more: what is left, or the error that its stream was cut."""
        if self._over:
            return []
        try:
            for frame in self._frames.close():
                self._take(frame)
            if not self._over:
                self._end()
        except ProviderError as error:
            self._fail(error)
        return self._tracker.take()

    def _take(self, frame: Frame) -> None:
        if not self._over:
            self._read(frame)

    def _read(self, frame: Frame) -> None:
        """What one frame says; a `ProviderError` ends the stream with it."""
        raise NotImplementedError

    def _end(self) -> None:
        """The bytes ended and no frame had said so: most wires promise one that does."""
        raise BadResponse("The provider's stream was cut before its end.")

    def _used(self) -> Usage | None:
        """What the provider said it used before it broke off, where it did."""
        return None

    def _fail(self, error: ProviderError) -> None:
        self._over = True
        self._tracker.out.append(StreamError(error, self._used()))


def decode_event(data: bytes) -> JsonObject:
    """The JSON object in a frame; `BadResponse` where it holds none."""
    try:
        event = _DECODE(data)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        raise BadResponse("The provider's stream holds an event that is not JSON.") from None
    if not isinstance(event, dict):
        raise BadResponse("The provider's stream holds an event that is no JSON object.")
    return event
