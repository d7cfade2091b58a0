"""What came of a request: `GET /generation` and `GET /generation/content` (contract section 20)."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import replace

from waystation.accounts.keys import Account
from waystation.api.roles import Role, needs
from waystation.api.route import explanation_of, shown
from waystation.errors import NotFound
from waystation.generations.content import ContentLog, ContentResponse, content_response_of
from waystation.generations.durable import DurableLog, Identified
from waystation.generations.log import GenerationLog
from waystation.generations.response import GenerationResponse, response_of
from waystation.routing.offers import Offers

LAG = 0.15
"""Seconds within which another worker's record reaches the store, or a little more."""
LOOKS = 3

Kept = TypeVar("Kept", bound=Identified)


class Finder:
    """Looks a generation up, more than once where another worker may be about to bring it."""

    def __init__(self, *, alone: bool) -> None:
        self._looks = 1 if alone else 1 + LOOKS

    async def of(self, log: DurableLog[Kept], generation_id: str) -> Kept | None:
        """What the log has of this generation."""
        record = await log.get(generation_id) if generation_id else None
        for _ in range(self._looks - 1 if generation_id else 0):
            if record is not None:
                break
            await asyncio.sleep(LAG)
            record = await log.get(generation_id)
        return record


def generation_routes(
    generations: GenerationLog, contents: ContentLog, offers: Callable[[], Offers], *, alone: bool
) -> list[HTTPRouteHandler]:
    """The records of the caller's own account. `alone`: no other worker may have a newer record."""
    find = Finder(alone=alone)

    @get(
        "/api/v1/generation",
        operation_id="getGeneration",
        summary="Get one generation",
        tags=["Generations"],
        opt=needs(Role.INFERENCE),
    )
    async def generation(request: Request[Any, Account, Any], id: str = "") -> GenerationResponse:  # noqa: A002 - the wire's name
        record = await find.of(generations, id)
        if record is None or record.key_hash != request.auth.key_hash:
            raise not_found(id)
        data = response_of(record).data
        return GenerationResponse(replace(data, route=shown(explanation_of(record, offers()))))

    @get(
        "/api/v1/generation/content",
        operation_id="listGenerationContent",
        summary="Get the stored prompt and answer of a generation",
        tags=["Generations"],
        opt=needs(Role.INFERENCE),
    )
    async def content(request: Request[Any, Account, Any], id: str = "") -> ContentResponse:  # noqa: A002 - the wire's name
        found = await find.of(contents, id)
        if found is None or found.key_hash != request.auth.key_hash:
            raise NotFound(f"No content of generation {id[:64]} is stored")
        return content_response_of(found)

    return [generation, content]


def not_found(generation_id: str) -> NotFound:
    """What is said of a generation that is not there, or somebody else's."""
    return NotFound(f"Generation {generation_id[:64]} not found")
