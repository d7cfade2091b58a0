"""How many tokens a prompt has: by the provider's own count where its wire has one, else by our estimate. Free, and not recorded."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from waystation.codec.dialect import CountsTokens, Outward
from waystation.codec.estimate import estimate_prompt_tokens
from waystation.errors import InvalidRequest, ProviderError
from waystation.exchange import Attempt, Exchange
from waystation.operations.chat import ChatRequest
from waystation.pipeline.dispatch import Dispatch
from waystation.pipeline.planner import Planner
from waystation.routing.plan import PlannedAttempt
from waystation.routing.unavailable import unavailable

PATIENCE: Final = 10.0
"""Seconds for a provider's count; then the estimate has to do."""


class Counted(Struct, frozen=True):
    """Tokens of a prompt; `estimated` where no provider counted them."""

    tokens: int
    estimated: bool


class TokenCount:
    """Counts prompts."""

    def __init__(self, planner: Planner, dispatch: Dispatch, dialects: Mapping[str, Outward]) -> None:
        self._planner = planner
        self._dispatch = dispatch
        self._dialects = dialects

    async def __call__(self, exchange: Exchange, request: ChatRequest, body_bytes: int) -> Counted:
        """The count of the first endpoint that would be asked; `ModelUnavailable` where none would be."""
        plan = self._planner.decide(exchange, request, body_bytes)
        if not plan.attempts:
            raise unavailable(plan.question, plan.excluded)
        tokens = await self._told(request, plan.attempts[0])
        if tokens is not None:
            return Counted(tokens, estimated=False)
        return Counted(estimate_prompt_tokens(request), estimated=True)

    async def _told(self, request: ChatRequest, planned: PlannedAttempt) -> int | None:
        """The provider's own count; None where it has none, or gives none in time."""
        endpoint = planned.endpoint
        try:
            async with asyncio.timeout(PATIENCE):
                provider = await self._dispatch.provider_of(endpoint)
                dialect = self._dialects[provider.dialect_of(endpoint)]
                if not isinstance(dialect, CountsTokens):
                    return None
                rendered = dialect.render_count(request, provider.target(endpoint))
                attempt = Attempt(endpoint, provider.name, time.monotonic())
                response = await self._dispatch.send(
                    provider, attempt, rendered, dialect.parse_error, whole=False
                )
                try:
                    return dialect.parse_count(await response.read())
                finally:
                    response.close()
        except (ProviderError, InvalidRequest, TimeoutError):
            return None
