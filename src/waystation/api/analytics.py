"""`/analytics`: what can be asked of the sums over generations, and the answers (contract 31)."""

import time
from datetime import UTC, datetime
from typing import Literal

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, Struct, UnsetType

from waystation.api.analytics_query import QueryBody, query_of
from waystation.api.roles import Role, needs
from waystation.generations.activity import (
    DIMENSIONS,
    GRANULARITIES,
    METRICS,
    OPERATORS,
    ActivityStore,
    Format,
    Granularity,
    Operator,
    Query,
    Row,
)
from waystation.generations.log import GenerationLog
from waystation.operations.parts import JsonObject

WIDENED = "The time range was widened to whole minutes, hours or days: finer sums are kept for 2 days, hourly ones for 92."


class Named(Struct, frozen=True):
    """A dimension and its label."""

    name: str
    display_label: str


class NamedGranularity(Struct, frozen=True):
    """A granularity and its label."""

    name: Granularity
    display_label: str


class NamedMetric(Struct, frozen=True):
    """A metric, and how it is shown."""

    name: str
    display_label: str
    is_rate: bool
    display_format: Format


class NamedOperator(Struct, frozen=True):
    """A filter's operator, and whether it wants one value or a list."""

    name: Operator
    value_type: Literal["scalar", "array"]


class Meta(Struct, frozen=True):
    """What can be asked."""

    metrics: list[NamedMetric]
    dimensions: list[Named]
    operators: list[NamedOperator]
    granularities: list[NamedGranularity]


class MetaResponse(Struct, frozen=True):
    """The body of `GET /analytics/meta`."""

    data: Meta


class QueryMetadata(Struct, frozen=True):
    """How the answer came to be; `truncated`: there are more rows than the limit."""

    query_time_ms: float
    row_count: int
    truncated: bool


class QueryResult(Struct, frozen=True):
    """Rows of metrics and dimensions by name, `date__<granularity>` with them where one was asked for."""

    data: list[JsonObject]
    metadata: QueryMetadata
    warnings: list[str] | UnsetType = UNSET


class QueryResponse(Struct, frozen=True):
    """The body of `POST /analytics/query`."""

    data: QueryResult


META = Meta(
    [NamedMetric(name, row.label, row.per is not None, row.format) for name, row in METRICS.items()],
    [Named(name, label) for name, label in DIMENSIONS.items()],
    [NamedOperator(name, kind) for name, kind in OPERATORS.items()],
    [NamedGranularity(name, label) for name, label in GRANULARITIES.items()],
)


def analytics_routes(store: ActivityStore, generations: GenerationLog) -> list[HTTPRouteHandler]:
    """`/analytics/meta` and `/analytics/query`, for management keys."""

    @get(
        "/api/v1/analytics/meta",
        operation_id="getAnalyticsMeta",
        summary="Get available analytics metrics and dimensions",
        tags=["Analytics"],
        opt=needs(Role.MANAGEMENT),
    )
    async def meta() -> MetaResponse:
        return MetaResponse(META)

    @post(
        "/api/v1/analytics/query",
        operation_id="queryAnalytics",
        summary="Query analytics data",
        tags=["Analytics"],
        opt=needs(Role.MANAGEMENT),
        status_code=200,
    )
    async def query(data: QueryBody) -> QueryResponse:
        began = time.perf_counter()
        now = int(time.time())
        asked = query_of(data, now)
        await generations.flush()
        found = await store.query(asked, now)
        took = round((time.perf_counter() - began) * 1000, 3)
        return QueryResponse(
            QueryResult(
                [_row(asked, row) for row in found.rows],
                QueryMetadata(took, len(found.rows), found.truncated),
                [WIDENED] if found.widened else UNSET,
            )
        )

    return [meta, query]


def _row(query: Query, row: Row) -> JsonObject:
    shown: JsonObject = {}
    if row.start is not None:
        moment = datetime.fromtimestamp(row.start, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        shown[f"date__{query.granularity}"] = moment
    shown.update(zip(query.dimensions, row.dimensions, strict=True))
    shown.update(zip(query.metrics, row.metrics, strict=True))
    return shown
