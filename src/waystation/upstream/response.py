"""An answer as its reader sees it: status, headers, and a body that arrives."""

from collections.abc import AsyncIterator

from waystation.errors import BadResponse
from waystation.upstream.body import Body
from waystation.upstream.decoding import Decoded, decoder_for


class Response:
    """One answer. Read it to its end or `close` it; the connection takes care of itself in both cases."""

    __slots__ = ("_body", "_limit", "_source", "headers", "status")

    def __init__(
        self,
        status: int,
        headers: list[tuple[bytes, bytes]],
        body: Body,
        limit: int,
        coding: bytes | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        """As received, names lower-cased; `content-length` counts the bytes before decoding."""
        self._body = body
        self._limit = limit
        decoder = decoder_for(coding) if coding else None
        self._source: AsyncIterator[bytes] = Decoded(body, decoder, limit) if decoder else body

    def header(self, name: bytes) -> bytes | None:
        """Value of the first header with this lower-case name."""
        for given, value in self.headers:
            if given == name:
                return value
        return None

    @property
    def arrived(self) -> float | None:
        """The loop's time at which the last bytes came so far, whenever they were read; None where the reader's
        slowness may have held them up."""
        return None if self._body.held_up else self._body.arrived

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._source

    async def __anext__(self) -> bytes:
        return await anext(self._source)

    def here(self) -> bytes | None:
        """The whole body where it came with the head, as short ones do; else None, and it is to be `read`."""
        body = self._body
        return body.take() if self._source is body and body.here(self._limit) else None

    async def read(self, limit: int | None = None) -> bytes:
        """Read the whole body; BadResponse, and the connection closed, when it is over `limit` bytes."""
        most = self._limit if limit is None else limit
        pieces: list[bytes] = []
        size = 0
        async for piece in self._source:
            size += len(piece)
            if size > most:
                self.close()
                raise BadResponse("The body of the provider's answer is too large.")
            pieces.append(piece)
        return b"".join(pieces)

    def release(self) -> None:
        """The message is complete though the body has not ended yet: its connection stays usable if it soon does."""
        self._body.release()

    def close(self) -> None:
        """Give up what was not read: the connection of an unfinished answer is aborted at once. Idempotent."""
        self._body.close()
