"""What came of a request, and what the caller's own key is: `GET /generation` and `GET /key` (contract 20 and 24)."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import replace

from waystation.accounts.keys import KeyRing
from waystation.api.credentials import account_of
from waystation.api.request_headers import headers_of
from waystation.api.route import route_of
from waystation.credits.money import float_of
from waystation.errors import NotFound
from waystation.generations.log import GenerationLog
from waystation.generations.record import GenerationRecord
from waystation.generations.response import GenerationResponse, response_of
from waystation.operations.parts import JsonObject
from waystation.routing.offers import Offers

LAG = 0.15
"""Seconds within which another worker's record reaches the store, or a little more."""
LOOKS = 3


def generation_routes(
    generations: GenerationLog, keys: KeyRing, offers: Callable[[], Offers], *, alone: bool
) -> list[HTTPRouteHandler]:
    """The records of the caller's own account, and its key. `alone`: no other worker may have a newer record."""

    async def find(generation_id: str) -> GenerationRecord | None:
        record = await generations.get(generation_id)
        for _ in range(0 if alone else LOOKS):
            if record is not None:
                break
            await asyncio.sleep(LAG)
            record = await generations.get(generation_id)
        return record

    @get(
        "/api/v1/generation", operation_id="getGeneration", summary="Get one generation", tags=["Generations"]
    )
    async def generation(request: Request[Any, Any, Any], id: str = "") -> GenerationResponse:  # noqa: A002 - the wire's name
        account = account_of(headers_of(request), keys)
        record = await find(id) if id else None
        if record is None or record.key_hash != account.key_hash:
            raise NotFound(f"Generation {id[:64]} not found")
        data = response_of(record).data
        return GenerationResponse(replace(data, route=route_of(record, offers())))

    @get("/api/v1/key", operation_id="getCurrentKey", summary="Get the caller's key", tags=["Keys"])
    async def key(request: Request[Any, Any, Any]) -> JsonObject:
        account = account_of(headers_of(request), keys)
        spend = await generations.spend(account.key_hash, int(time.time() * 1000))
        row: JsonObject = {
            "label": account.label,
            "limit": None,
            "limit_remaining": None,
            "limit_reset": None,
            "usage": float_of(spend.total),
            "usage_daily": float_of(spend.daily),
            "usage_weekly": float_of(spend.weekly),
            "usage_monthly": float_of(spend.monthly),
            "byok_usage": float_of(spend.byok_total),
            "byok_usage_daily": float_of(spend.byok_daily),
            "byok_usage_weekly": float_of(spend.byok_weekly),
            "byok_usage_monthly": float_of(spend.byok_monthly),
            "include_byok_in_limit": False,
            "is_free_tier": False,
            "is_management_key": account.is_management,
            "is_provisioning_key": account.is_management,
            "creator_user_id": account.creator_user_id,
            "organization_id": None,
            "workspace_id": account.workspace_id,
            "allowed_data_regions": ["global"],
            "budgets": [],
            "effective_budget": None,
            "free_model_daily_requests": {"limit": -1, "used": 0, "remaining": -1},
            "rate_limit": {"requests": -1, "interval": "10s", "note": "deprecated: no limit applies"},
        }
        if account.expires_at is not None:
            row["expires_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(account.expires_at / 1000))
        return {"data": row}

    return [generation, key]
