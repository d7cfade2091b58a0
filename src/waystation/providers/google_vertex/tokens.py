"""Access tokens: fetched once for all who wait, and renewed ahead of their end while the old one still serves.

Which request brings a token is the credentials' affair, and how it is sent the caller's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from msgspec import DecodeError, Struct, ValidationError, json

from waystation.errors import BadResponse, CredentialRejected, Overloaded, ProviderError
from waystation.providers.google_vertex.credentials import Credentials, unix_time

RENEW_AHEAD: Final = 300.0
"""Seconds before its end that a token is renewed; Google's own libraries begin 225 s ahead."""
PAUSE: Final = 30.0
"""Seconds until the next try where a renewal failed while the old token still serves."""
Post: TypeAlias = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]
"""Sends a form to a URL; the status and the body of the answer."""


class _Grant(Struct, frozen=True):
    access_token: str
    expires_in: float = 3600.0


_DECODER: Final = json.Decoder(_Grant)


class TokenSource:
    """One credential's token. `value` is empty until `ready` was awaited."""

    def __init__(self, credentials: Credentials, post: Post, clock: Callable[[], float] = unix_time) -> None:
        self.value = ""
        self._credentials = credentials
        self._post = post
        self._clock = clock
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._renewal: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Wait only where there is no valid token; else a renewal that is due goes on beside. `ProviderError` if it fails."""
        now = self._clock()
        if now < self._renew_at:
            return
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(self._renew())
            self._renewal.add_done_callback(self._done)
        if now >= self._ends_at:
            await asyncio.shield(self._renewal)

    async def aclose(self) -> None:
        """End a renewal that is under way."""
        if self._renewal is not None:
            self._renewal.cancel()

    async def _renew(self) -> None:
        now = self._clock()
        status, body = await self._post(self._credentials.token_uri, self._credentials.form(now))
        grant = _granted(status, body)
        self.value = grant.access_token
        self._ends_at = now + grant.expires_in
        self._renew_at = now + max(grant.expires_in - RENEW_AHEAD, grant.expires_in / 2)

    def _done(self, renewal: asyncio.Task[None]) -> None:
        """Whoever waits gets the error; here it is only looked at, so that a failure beside requests is no surprise."""
        self._renewal = None
        if renewal.cancelled() or renewal.exception() is None:
            return
        now = self._clock()
        if now < self._ends_at:
            self._renew_at = min(now + PAUSE, self._ends_at)


def _granted(status: int, body: bytes) -> _Grant:
    if status == 200:
        try:
            grant = _DECODER.decode(body)
        except (ValidationError, DecodeError, UnicodeDecodeError):
            raise BadResponse("The provider gave no access token.") from None
        if not grant.access_token:
            raise BadResponse("The provider gave no access token.")
        return grant
    raise _refusal(status)


def _refusal(status: int) -> ProviderError:
    if 400 <= status < 500 and status != 429:
        return CredentialRejected("The provider rejected the gateway's credential.", upstream_status=status)
    return Overloaded("The provider gives no access tokens now.", upstream_status=status)
