"""`GET /activity`: what each endpoint did on each of the last 30 completed UTC days (contract 31, `getUserActivity`)."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Literal

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, Struct, UnsetType

from waystation.api.roles import Role, needs
from waystation.credits.money import float_of
from waystation.errors import InvalidRequest
from waystation.generations.activity import DAY, ActivityStore, Days, EndpointDay
from waystation.generations.log import GenerationLog

DAYS = 30
_EPOCH = date(1970, 1, 1)


class ActivityItem(Struct, frozen=True):
    """Spec `ActivityItem`, and `cached_tokens` as the official SDK wants it. Money is USD."""

    date: str
    model: str
    model_permaslug: str
    endpoint_id: str
    provider_name: str
    usage: float
    byok_usage_inference: float
    requests: int
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cached_tokens: int
    workspace_id: str | UnsetType = UNSET


class ActivityResponse(Struct, frozen=True):
    """The body of `GET /activity`."""

    data: list[ActivityItem]


def activity_routes(
    store: ActivityStore, generations: GenerationLog, canonical: Callable[[str], str]
) -> list[HTTPRouteHandler]:
    """`canonical` knows the permanent slug of a model."""

    @get(
        "/api/v1/activity",
        operation_id="getUserActivity",
        summary="Get user activity grouped by endpoint",
        tags=["Analytics"],
        opt=needs(Role.MANAGEMENT),
    )
    async def activity(
        date: str | None = None,
        api_key_hash: str | None = None,
        user_id: str | None = None,
        workspace_id: str | None = None,
        group_by: Literal["workspace"] | None = None,
    ) -> ActivityResponse:
        by_workspace = group_by == "workspace"
        first, end = _days(date, int(time.time()) // DAY)
        await generations.flush()
        rows = await store.days(Days(first, end, api_key_hash, user_id, workspace_id, by_workspace))
        return ActivityResponse([_item(row, canonical, by_workspace=by_workspace) for row in rows])

    return [activity]


def _days(asked: str | None, today: int) -> tuple[int, int]:
    """The days asked for: one of the last 30 that are completed, or all of them. The second is not included."""
    if asked is None:
        return today - DAYS, today
    try:
        day = (datetime.strptime(asked, "%Y-%m-%d").replace(tzinfo=UTC).date() - _EPOCH).days
    except ValueError:
        raise InvalidRequest("date: expected YYYY-MM-DD") from None
    if not today - DAYS <= day < today:
        raise InvalidRequest(f"date: expected one of the last {DAYS} completed UTC days")
    return day, day + 1


def _item(row: EndpointDay, canonical: Callable[[str], str], *, by_workspace: bool) -> ActivityItem:
    return ActivityItem(
        date=time.strftime("%Y-%m-%d", time.gmtime(row.day * DAY)),
        model=row.model,
        model_permaslug=canonical(row.model),
        endpoint_id=row.endpoint_id,
        provider_name=row.provider_name,
        usage=float_of(row.cost),
        byok_usage_inference=float_of(row.byok_cost),
        requests=row.requests,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        reasoning_tokens=row.reasoning_tokens,
        cached_tokens=row.cached_tokens,
        workspace_id=(row.workspace_id or "default") if by_workspace else UNSET,
    )
