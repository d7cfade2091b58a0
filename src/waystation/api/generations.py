"""What came of a request: `GET /generation` (contract section 20)."""

import asyncio
from collections.abc import Callable
from typing import Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import replace

from waystation.accounts.keys import Account
from waystation.api.roles import Role, needs
from waystation.api.route import explanation_of, shown
from waystation.errors import NotFound
from waystation.generations.log import GenerationLog
from waystation.generations.record import GenerationRecord
from waystation.generations.response import GenerationResponse, response_of
from waystation.routing.offers import Offers

LAG = 0.15
"""Seconds within which another worker's record reaches the store, or a little more."""
LOOKS = 3


def generation_routes(
    generations: GenerationLog, offers: Callable[[], Offers], *, alone: bool
) -> list[HTTPRouteHandler]:
    """The records of the caller's own account. `alone`: no other worker may have a newer record."""

    async def find(generation_id: str) -> GenerationRecord | None:
        record = await generations.get(generation_id)
        for _ in range(0 if alone else LOOKS):
            if record is not None:
                break
            await asyncio.sleep(LAG)
            record = await generations.get(generation_id)
        return record

    @get(
        "/api/v1/generation",
        operation_id="getGeneration",
        summary="Get one generation",
        tags=["Generations"],
        opt=needs(Role.INFERENCE),
    )
    async def generation(request: Request[Any, Account, Any], id: str = "") -> GenerationResponse:  # noqa: A002 - the wire's name
        record = await find(id) if id else None
        if record is None or record.key_hash != request.auth.key_hash:
            raise NotFound(f"Generation {id[:64]} not found")
        data = response_of(record).data
        return GenerationResponse(replace(data, route=shown(explanation_of(record, offers()))))

    return [generation]
