"""One attempt: say the request in the endpoint's dialect, send it, and see that the provider took it.

Which attempts are made, and what follows a failure, is `attempts`' affair.
"""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from waystation.catalog.endpoint import Endpoint
from waystation.codec.dialect import Headers, Outward, RenderedRequest
from waystation.errors import (
    BadResponse,
    ConnectionFailed,
    GatewayError,
    InvalidRequest,
    ProviderError,
)
from waystation.exchange import Attempt, Exchange
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject
from waystation.pipeline.echo import body_shown
from waystation.pipeline.media import MediaFetch
from waystation.providers.base import Amendment, Provider
from waystation.providers.registry import Registry
from waystation.routing.plan import PlannedAttempt
from waystation.routing.tier import at_tier
from waystation.upstream.client import Client, Response, Timeouts

ParseError = Callable[[int, Headers, bytes], ProviderError]
"""What an answer with an error status means, by status, headers and body."""
MAX_ERROR_BYTES = 256 * 1024
TOO_DEEP = "The request is nested too deeply."
_encode = msgspec.json.Encoder().encode


class Opened(msgspec.Struct):
    """A provider that said 200: its response, unread, and what reading it takes."""

    planned: PlannedAttempt
    provider: Provider
    dialect: Outward
    response: Response
    amendment: Amendment | None


class Dispatch:
    """Sends attempts. Holds what is the same for all: providers, dialects, the client and its deadlines."""

    def __init__(
        self,
        registry: Registry,
        dialects: Mapping[str, Outward],
        client: Client,
        timeouts: Timeouts,
        media: MediaFetch | None = None,
    ) -> None:
        self._registry = registry
        self._dialects = dialects
        self._client = client
        self._timeouts = timeouts
        self._media = media
        self._by_provider: dict[str, tuple[Timeouts, Timeouts]] = {}

    async def open(
        self, exchange: Exchange, request: ChatRequest, planned: PlannedAttempt, attempt: Attempt
    ) -> Opened:
        """Send the request to one endpoint; a `ProviderError` unless it answers with a success."""
        endpoint = planned.endpoint
        provider = self._registry.get(endpoint.provider)
        if provider is None or provider.needs_preparation:
            provider = await self.provider_of(endpoint)
        dialect = self._dialects[provider.dialect_for(endpoint)]
        if self._media is not None and dialect.bytes_only:
            request = await self._media.inlined(request, dialect.bytes_only, exchange.fetched)
        try:
            rendered = dialect.render_request(at_tier(request, planned), provider.target(endpoint))
        except RecursionError:
            raise InvalidRequest(TOO_DEEP) from None
        amendment = provider.amend_request(rendered.body, endpoint)
        exchange.dropped = [*rendered.dropped, *(amendment.dropped if amendment else ())]
        if amendment is not None and amendment.path:
            rendered.path = amendment.path
        if request.echo_upstream_body and request.stream:
            attempt.sent = body_shown(rendered.body, provider)
        response = await self._sent(provider, attempt, rendered, whole=not request.stream)
        attempt.status = response.status
        if response.status != 200:
            raise await self._refusal(provider, dialect.parse_error, response)
        return Opened(planned, provider, dialect, response, amendment)

    async def provider_of(self, endpoint: Endpoint) -> Provider:
        """Who serves an endpoint, ready to be called."""
        provider = self._registry.get(endpoint.provider)
        if provider is None:
            raise ConnectionFailed("The provider is not known any more.")
        if provider.needs_preparation:
            await provider.prepare()
        return provider

    async def send(
        self,
        provider: Provider,
        attempt: Attempt,
        rendered: RenderedRequest,
        parse_error: ParseError,
        *,
        whole: bool,
    ) -> Response:
        """Send a rendered request to the attempt's endpoint; the answer, unread, where it is a success.

        `whole`: it is asked at once, not as a stream.
        """
        response = await self._sent(provider, attempt, rendered, whole=whole)
        attempt.status = response.status
        if response.status != 200:
            raise await self._refusal(provider, parse_error, response)
        return response

    def _sent(
        self, provider: Provider, attempt: Attempt, rendered: RenderedRequest, *, whole: bool
    ) -> Awaitable[Response]:
        """The answer to come, whatever its status."""
        endpoint = attempt.endpoint
        key = provider.key_at(attempt.key)
        headers = [("content-type", "application/json"), *provider.authorize(key), *rendered.headers]
        url, body = provider.url_for(rendered.path, endpoint), _encoded(rendered.body)
        if provider.signs:
            headers += provider.sign("POST", url, headers, body, key)
        timeouts = self.timeouts_of(endpoint.provider, whole=whole)
        return self._client.send("POST", url, headers, body, timeouts)

    def timeouts_of(self, slug: str, *, whole: bool) -> Timeouts:
        """The deadlines of one attempt at this provider, in seconds, for an answer asked whole or for a stream."""
        kept = self._by_provider.get(slug)
        if kept is None:
            merged = self._merged(slug)
            kept = self._by_provider[slug] = (merged, merged.for_whole())
        return kept[whole]

    def _merged(self, slug: str) -> Timeouts:
        provider = self._registry.get(slug)
        if provider is None:
            return self._timeouts
        own, general = provider.timeouts, self._timeouts
        return Timeouts(
            connect=own.connect_timeout or general.connect,
            first_byte=own.first_byte_timeout or general.first_byte,
            answer=own.answer_timeout or own.first_byte_timeout or general.answer,
            idle=own.idle_timeout or general.idle,
            total=own.total_timeout or general.total,
        )

    @staticmethod
    async def _refusal(provider: Provider, parse_error: ParseError, response: Response) -> GatewayError:
        try:
            body = await response.read(MAX_ERROR_BYTES)
        except ProviderError:
            body = b""
        finally:
            response.close()
        if response.status < 400:
            return BadResponse(
                "The provider answered with an unexpected status.", upstream_status=response.status
            )
        return parse_error(response.status, response.headers, provider.without_secrets(body))


def _encoded(body: JsonObject) -> bytes:
    try:
        return _encode(body)
    except RecursionError:
        raise InvalidRequest(TOO_DEEP) from None
