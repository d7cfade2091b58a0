"""Access tokens: fetched once for all who wait, and renewed ahead of their end while the old one still serves.

Which request brings a token is the credentials' affair, and how it is sent the caller's.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeAlias

from msgspec import DecodeError, Struct, ValidationError, json

from waystation.errors import BadResponse, CredentialRejected, Overloaded, ProviderError
from waystation.providers.base import Configuration
from waystation.upstream.client import Client, ClientSettings, Timeouts

RENEW_AHEAD: Final = 300.0
"""Seconds before its end that a token is renewed; Google's own libraries begin 225 s ahead."""
PAUSE: Final = 30.0
"""Seconds until the next try where a renewal failed while the old token still serves."""
Post: TypeAlias = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]
"""Sends a form to a URL; the status and the body of the answer."""


_FORM: Final = [("content-type", "application/x-www-form-urlencoded")]
_TIMEOUTS: Final = Timeouts(first_byte=20.0, idle=20.0, total=30.0)
_MAX_TOKEN_BYTES: Final = 256 * 1024


class Credentials(Protocol):
    """What tokens are asked for with."""

    @property
    def token_uri(self) -> str:
        """Where they are given."""
        ...

    def form(self, now: float) -> bytes:
        """The body of the request; `now` in Unix seconds."""
        ...


def unix_time() -> float:
    """The clock that tokens are dated by."""
    return time.time()


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


class TokenClient:
    """Asks token endpoints, over connections of its own: with the operator's trust and proxies."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._client: Client | None = None

    async def post(self, url: str, form: bytes) -> tuple[int, bytes]:
        """A `Post`."""
        if self._client is None:
            self._client = Client(self._settings())
        response = await self._client.send("POST", url, _FORM, form, _TIMEOUTS)
        try:
            return response.status, await response.read(_MAX_TOKEN_BYTES)
        finally:
            response.close()

    async def aclose(self) -> None:
        """Close the connections, where there are any."""
        if self._client is not None:
            await self._client.aclose()

    def _settings(self) -> ClientSettings:
        environment = self._configuration.environment

        def variable(name: str) -> str:
            return (environment.get(name) or environment.get(name.lower()) or "").strip()

        upstream = self._configuration.upstream
        return ClientSettings(
            http_proxy=variable("HTTP_PROXY"),
            https_proxy=variable("HTTPS_PROXY"),
            no_proxy=tuple(host.strip() for host in variable("NO_PROXY").split(",") if host.strip()),
            ca_file=upstream.ca_file,
            verify=upstream.verify,
        )
