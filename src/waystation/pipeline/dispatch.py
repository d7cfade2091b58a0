"""One attempt: say the request in the endpoint's dialect, send it, and read the answer up to its first content.

`attempt_each` moves on to the next endpoint while another may help; nothing here has reached the client yet.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from waystation.codec.dialect import Outward
from waystation.errors import (
    BadResponse,
    ConnectionFailed,
    GatewayError,
    InvalidRequest,
    ProviderError,
    TimedOut,
)
from waystation.exchange import Attempt, Exchange
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject
from waystation.pipeline.media import MediaFetch
from waystation.pipeline.verdict import verdict
from waystation.pipeline.watch import Reason, Watched
from waystation.providers.base import Amendment, Provider
from waystation.providers.registry import Registry
from waystation.routing.plan import Plan, PlannedAttempt
from waystation.upstream.client import Client, Response, Timeouts

T = TypeVar("T")
MAX_ERROR_BYTES = 256 * 1024
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
        self._by_provider: dict[str, Timeouts] = {}

    async def attempt_each(
        self,
        exchange: Exchange,
        plan: Plan,
        watched: Watched,
        attempt_one: Callable[[PlannedAttempt, Attempt], Awaitable[T]],
    ) -> T:
        """What the first successful attempt brings; the error that the failures add up to where none succeeds."""
        refused: set[str] = set()
        for planned in plan.attempts:
            model = planned.candidate.model.id
            if model in refused:
                continue
            provider = self._registry.get(planned.endpoint.provider)
            name = provider.name if provider is not None else planned.endpoint.provider
            attempt = Attempt(planned.endpoint, name, time.monotonic())
            exchange.attempts.append(attempt)
            watched.content_by = attempt.started + self.timeouts_of(planned.endpoint.provider).first_byte
            try:
                result = await attempt_one(planned, attempt)
            except ProviderError as error:
                attempt.error = error
                if not (error.another_endpoint_may_help or error.error_type == "context_length_exceeded"):
                    refused.add(model)
            except InvalidRequest as error:
                attempt.error = error  # this wire cannot say it; another endpoint's may
            except asyncio.CancelledError:
                if watched.reason is not Reason.NO_CONTENT:
                    raise
                watched.forgive()
                attempt.error = TimedOut("The provider did not begin its answer in time.")
            else:
                exchange.endpoint = planned.endpoint
                exchange.provider_name = name
                return result
            finally:
                watched.content_by = None
                attempt.ended = time.monotonic()
        raise verdict(exchange.request, exchange.attempts)

    async def open(
        self, exchange: Exchange, request: ChatRequest, planned: PlannedAttempt, attempt: Attempt
    ) -> Opened:
        """Send the request to one endpoint; a `ProviderError` unless it answers with a success."""
        endpoint = planned.endpoint
        provider = self._registry.get(endpoint.provider)
        if provider is None:
            raise ConnectionFailed("The provider is not known any more.")
        if provider.needs_preparation:
            await provider.prepare()
        dialect = self._dialects[provider.dialect_for(endpoint)]
        if self._media is not None and dialect.bytes_only:
            request = await self._media.inlined(request, dialect.bytes_only, exchange.fetched)
        rendered = dialect.render_request(request, provider.target(endpoint))
        amendment = provider.amend_request(rendered.body, endpoint)
        exchange.dropped = [*rendered.dropped, *(amendment.dropped if amendment else ())]
        key = provider.next_key()
        headers = [("content-type", "application/json"), *provider.authorize(key), *rendered.headers]
        path = (amendment and amendment.path) or rendered.path
        url, body = provider.url_for(path, endpoint), _encoded(rendered.body)
        if provider.signs:
            headers += provider.sign("POST", url, headers, body, key)
        response = await self._client.send(
            "POST",
            url,
            headers,
            body,
            self.timeouts_of(endpoint.provider),
        )
        attempt.status = response.status
        if response.status != 200:
            raise await self._refusal(provider, dialect, response)
        return Opened(planned, provider, dialect, response, amendment)

    def timeouts_of(self, slug: str) -> Timeouts:
        """The deadlines of one attempt at this provider, in seconds."""
        kept = self._by_provider.get(slug)
        if kept is None:
            kept = self._by_provider[slug] = self._merged(slug)
        return kept

    def _merged(self, slug: str) -> Timeouts:
        provider = self._registry.get(slug)
        if provider is None:
            return self._timeouts
        own, general = provider.timeouts, self._timeouts
        return Timeouts(
            connect=own.connect_timeout or general.connect,
            first_byte=own.first_byte_timeout or general.first_byte,
            idle=own.idle_timeout or general.idle,
            total=own.total_timeout or general.total,
        )

    @staticmethod
    async def _refusal(provider: Provider, dialect: Outward, response: Response) -> GatewayError:
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
        return dialect.parse_error(response.status, response.headers, provider.without_secrets(body))


def _encoded(body: JsonObject) -> bytes:
    try:
        return _encode(body)
    except RecursionError:
        raise InvalidRequest("The request is nested too deeply.") from None
