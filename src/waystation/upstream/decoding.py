"""Content codings of an answer's body, undone piece by piece with a bound on what they may grow to."""

import zlib
from collections.abc import AsyncIterator
from typing import Final, Protocol, Self

from waystation.errors import BadResponse
from waystation.upstream.body import Body

_PIECE: Final = 256 * 1024
"""The most that one step gives, in bytes: a bomb costs its reader this much memory, no more."""
_GZIP: Final = 16 + zlib.MAX_WBITS


class Decoder(Protocol):
    """One coding. `decode` gives at most a piece; call it with b"" until `hungry`."""

    @property
    def hungry(self) -> bool:
        """All input so far is decoded."""

    def decode(self, data: bytes) -> bytes:
        """Decode the next of the input, or more of what was held back."""

    def close(self) -> None:
        """Refuse an input that stops short of its end."""


class Gzip:
    """RFC 1952: one member, or several one after the other."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._rest = b""
        self._begun = False

    @property
    def hungry(self) -> bool:
        """All input so far is decoded."""
        return not self._rest

    def decode(self, data: bytes) -> bytes:
        """Decode the next of the input, or more of what was held back; BadResponse where it is not gzip."""
        data = self._rest + data
        self._begun = self._begun or bool(data)
        if self._member.eof and data:
            self._member = zlib.decompressobj(_GZIP)
        try:
            decoded = self._member.decompress(data, _PIECE)
        except zlib.error:
            raise BadResponse("The provider's answer is not the gzip it claims to be.") from None
        self._rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return decoded

    def close(self) -> None:
        """Refuse a cut member; no bytes at all are an empty body."""
        if self._begun and not self._member.eof:
            raise BadResponse("The provider's compressed answer was cut.")


class Decoded(AsyncIterator[bytes]):
    """A body, decoded as it is read."""

    def __init__(self, body: Body, decoder: Decoder, limit: int) -> None:
        self._body = body
        self._decoder = decoder
        self._room = limit

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._next()
        except BadResponse:
            self._body.close()
            raise

    async def _next(self) -> bytes:
        """Give the next piece that is not empty."""
        while True:
            if self._decoder.hungry:
                try:
                    data = await anext(self._body)
                except StopAsyncIteration:
                    self._decoder.close()
                    raise
            else:
                data = b""
            piece = self._decoder.decode(data)
            self._room -= len(piece)
            if self._room < 0:
                raise BadResponse("The provider's compressed answer is too large.")
            if piece:
                return piece


def decoder_for(coding: bytes) -> Decoder | None:
    """Decoder of a `content-encoding`, None where there is nothing to undo; BadResponse for one we do not speak."""
    match coding.strip().lower():
        case b"" | b"identity":
            return None
        case b"gzip" | b"x-gzip":
            return Gzip()
        case _:
            raise BadResponse("The provider used a content coding that was not asked for.")
