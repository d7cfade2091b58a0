"""Carry one streamed generation from the provider to the client.

Until the first content event nothing is committed: lifecycle frames are held back, so an attempt that fails before it
leaves no trace. After a grace period the headers go out and comments keep the connection alive; from then on a
failure can only be said inside the stream.
"""

import asyncio
from collections.abc import Sequence

from waystation.codec.dialect import StreamParser, StreamRenderer
from waystation.errors import BadResponse, ProviderError
from waystation.operations.chat_events import ChoiceEnd, Event, MessageEnd, StreamError, is_content
from waystation.pipeline.caller import Caller, Headers
from waystation.pipeline.meter import Meter
from waystation.providers.base import AmendEvents
from waystation.upstream.client import Response

EVENT_STREAM = b"text/event-stream"


class Source:
    """A provider's stream as events: parsed, amended by its provider, and metered."""

    __slots__ = ("_amend", "_meter", "_parser", "_response", "ended")

    def __init__(
        self, response: Response, parser: StreamParser, meter: Meter, amend: AmendEvents | None
    ) -> None:
        self._response = response
        self._parser = parser
        self._meter = meter
        self._amend = amend
        self.ended = False

    @property
    def arrived(self) -> float | None:
        """When the provider's last bytes came so far (`Response.arrived`)."""
        return self._response.arrived

    async def first(self) -> list[Event]:
        """All events up to the read that brought the first content; a `ProviderError` where none ever comes."""
        held: list[Event] = []
        while not self.ended:
            events = await self.next()
            held += events
            for event in events:
                if isinstance(event, StreamError):
                    raise _as_provider_error(event)
                if is_content(event):
                    return held
        if isinstance(held[-1] if held else None, MessageEnd) and _is_finished_without_content(held):
            return held
        raise BadResponse("The provider's answer was empty.")

    async def next(self) -> list[Event]:
        """The events of the next read; those of the end once, then `ended` is true."""
        try:
            data = await anext(self._response)
        except StopAsyncIteration:
            events = self._parser.close()
            self.ended = True
        except ProviderError as error:
            events = [StreamError(error)]
            self.ended = True
        else:
            events = self._parser.feed(data)
        if self._amend is not None:
            events = self._amend(events)
        if events and isinstance(events[-1], (StreamError, MessageEnd)):
            self.ended = True
            if isinstance(events[-1], MessageEnd):
                self._response.release()
        return self._meter.feed(events)

    def close(self) -> None:
        """Stop the provider if it is still sending."""
        self._response.close()


class Delivery:
    """The client's side of a stream: when it is committed, and how it ends."""

    __slots__ = ("_caller", "_headers", "_opening", "_renderer")

    def __init__(self, caller: Caller, headers: Headers) -> None:
        self._caller = caller
        self._headers = headers
        self._renderer: StreamRenderer | None = None
        self._opening: asyncio.Task[None] | None = None

    @property
    def speaking(self) -> bool:
        """Whether a comment is on its way, so that the stream is as good as committed."""
        return self._opening is not None

    def speak(self, comment: bytes) -> None:
        """Commit if need be and send one keep-alive comment, beside whatever the exchange is waiting for."""
        if self._opening is None or self._opening.done():
            self._opening = asyncio.ensure_future(self._speak(comment))

    async def begin(self, renderer: StreamRenderer, held: Sequence[Event]) -> None:
        """Commit, and send what was held back."""
        await self._quiet()
        self._renderer = renderer
        if not self._caller.started:
            self._caller.start(200, EVENT_STREAM, self._headers)
        await self._caller.send(renderer.feed(held))

    async def carry(self, source: Source) -> None:
        """The rest of the stream, one write for each read."""
        renderer = self._renderer
        if renderer is None:
            raise RuntimeError("a delivery carries only after it began")
        data = b""
        while not source.ended:
            if data:
                await self._caller.send(data)
            data = renderer.feed(await source.next())
        self._caller.finish(data + renderer.close())

    async def fail(self, renderer: StreamRenderer, error: StreamError) -> None:
        """End a committed stream with an error frame."""
        await self._quiet()
        active = self._renderer or renderer
        self._caller.finish(active.feed([error]) + active.close())

    async def abandon(self) -> None:
        """The client is gone: nothing more is said."""
        await self._quiet()

    async def _speak(self, comment: bytes) -> None:
        if not self._caller.started:
            self._caller.start(200, EVENT_STREAM, self._headers)
        await self._caller.send(comment)

    async def _quiet(self) -> None:
        """Comments are over; wait for one that is being written."""
        if self._opening is not None:
            opening, self._opening = self._opening, None
            await opening


def _as_provider_error(event: StreamError) -> ProviderError:
    error = event.error
    return error if isinstance(error, ProviderError) else BadResponse("The provider's stream failed.")


def _is_finished_without_content(held: list[Event]) -> bool:
    """A stream may rightly end without content: cut short while thinking, stopped by a filter, or tokens spent unseen."""
    for event in held:
        if isinstance(event, ChoiceEnd) and event.reason in ("length", "content_filter"):
            return True
        if isinstance(event, MessageEnd) and event.usage is not None and not event.usage.estimated:
            return event.usage.completion_tokens > 0
    return False
