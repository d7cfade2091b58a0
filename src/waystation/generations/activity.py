"""What generations amount to, over time and by what they have in common: the words of `/activity` and `/analytics`.

Sums are kept by minute, hour and day (`Span`) for each *series*, a set of generations that agree in every dimension.
Knows no SQL and no HTTP; `storage.activity` answers, `api` asks.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

MINUTE, HOUR, DAY = 60, 3600, 86_400
SPANS = (MINUTE, HOUR, DAY)
"""Seconds that one row of sums covers."""
KEPT: Mapping[int, int] = {MINUTE: 2 * DAY, HOUR: 92 * DAY}
"""Seconds for which sums of a span are kept; those of days stay."""

Granularity: TypeAlias = Literal["minute", "hour", "day", "week", "month"]
Operator: TypeAlias = Literal["eq", "neq", "in", "not_in", "gt", "gte", "lt", "lte"]
Format: TypeAlias = Literal["number", "currency", "percent", "latency", "throughput"]

GRANULARITIES: Mapping[Granularity, str] = {
    "minute": "Minute",
    "hour": "Hour",
    "day": "Day",
    "week": "Week",
    "month": "Month",
}
OPERATORS: Mapping[Operator, Literal["scalar", "array"]] = {
    "eq": "scalar",
    "neq": "scalar",
    "in": "array",
    "not_in": "array",
    "gt": "scalar",
    "gte": "scalar",
    "lt": "scalar",
    "lte": "scalar",
}
DIMENSIONS: Mapping[str, str] = {
    "model": "Model",
    "provider": "Provider",
    "endpoint": "Endpoint",
    "api_key_id": "API key",
    "user": "User",
    "workspace": "Workspace",
    "app": "App",
    "origin": "Origin",
    "api_type": "API type",
    "finish_reason": "Finish reason",
}
"""What generations can be grouped and filtered by, with a label for people."""


class Metric(Struct, frozen=True):
    """What can be asked: the sum of `of`, or with `per` its ratio to another sum, times `scale`."""

    label: str
    format: Format
    of: tuple[str, ...]
    per: str | None = None
    scale: float = 1.0


METRICS: Mapping[str, Metric] = {
    "request_count": Metric("Requests", "number", ("requests",)),
    "error_count": Metric("Errors", "number", ("errors",)),
    "cancelled_count": Metric("Cancelled", "number", ("cancelled",)),
    "unpriced_count": Metric("Cost unknown", "number", ("unpriced",)),
    "cost": Metric("Cost", "currency", ("cost",), scale=1e-9),
    "byok_cost": Metric("Cost at own credentials", "currency", ("byok_cost",), scale=1e-9),
    "prompt_tokens": Metric("Prompt tokens", "number", ("prompt_tokens",)),
    "completion_tokens": Metric("Completion tokens", "number", ("completion_tokens",)),
    "reasoning_tokens": Metric("Reasoning tokens", "number", ("reasoning_tokens",)),
    "cached_tokens": Metric("Cached tokens", "number", ("cached_tokens",)),
    "total_tokens": Metric("Tokens", "number", ("prompt_tokens", "completion_tokens")),
    "error_rate": Metric("Error rate", "percent", ("errors",), "requests"),
    "cache_hit_rate": Metric("Cached share of prompts", "percent", ("cached_tokens",), "prompt_tokens"),
    "latency": Metric("Time to first content", "latency", ("latency",), "answered"),
    "generation_time": Metric("Time of generation", "latency", ("generation_time",), "answered"),
    "throughput": Metric("Tokens per second", "throughput", ("answered_tokens",), "generation_time", 1000.0),
}
"""Rates are ratios of sums, so that they are right for any grouping. Latencies are milliseconds."""

Value: TypeAlias = str | float


class Filter(Struct, frozen=True):
    """Which series count: those whose `field` stands in this relation to `value`.

    Series without a value for the field count with `include_unset` only.
    """

    field: str
    operator: Operator
    value: Value | tuple[Value, ...]
    include_unset: bool = False


class Order(Struct, frozen=True):
    """`field` is a metric, a dimension of the query, or `date`."""

    field: str
    descending: bool


class Query(Struct, frozen=True):
    """Sums over `start <= moment < end` (Unix seconds), for each bucket of `granularity` and value of `dimensions`."""

    metrics: tuple[str, ...]
    start: int
    end: int
    dimensions: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    granularity: Granularity | None = None
    order: Order | None = None
    limit: int = 1000
    group_limit: int | None = None


class Row(Struct, frozen=True):
    """One row of an answer: the beginning of its bucket (Unix seconds), dimensions (None: no value), metrics in order."""

    start: int | None
    dimensions: tuple[str | None, ...]
    metrics: tuple[float | None, ...]


class Found(Struct, frozen=True):
    """`truncated`: there are more rows than the limit. `widened`: the range was rounded outward to sums that are kept."""

    rows: list[Row]
    truncated: bool
    widened: bool


class EndpointDay(Struct, frozen=True):
    """What one endpoint did on one UTC day (`day` is days since 1970-01-01). Money is nano-dollars."""

    day: int
    model: str
    endpoint_id: str
    provider_name: str
    workspace_id: str | None
    requests: int
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cached_tokens: int
    cost: int
    byok_cost: int


class Days(Struct, frozen=True):
    """Which days of `/activity`: `first <= day < end`, and of whom; `by_workspace` splits rows by workspace."""

    first: int
    end: int
    key_hash: str | None = None
    user: str | None = None
    workspace_id: str | None = None
    by_workspace: bool = False


class ActivityStore(Protocol):
    """Where sums are kept. Every method raises `Unavailable` where the store cannot be reached."""

    async def query(self, query: Query, now: int) -> Found:
        """Answer a query; `now` is Unix seconds."""
        ...

    async def days(self, days: Days) -> Sequence[EndpointDay]:
        """Sums by endpoint and day, newest day first."""
        ...


class Piece(Struct, frozen=True):
    """A part of a range that rows of one span cover exactly."""

    span: int
    start: int
    end: int


class Range(Struct, frozen=True):
    """How a range is read: the pieces, and whether they cover more than was asked for."""

    pieces: tuple[Piece, ...]
    widened: bool


def range_of(start: int, end: int, now: int, granularity: Granularity | None) -> Range:
    """The fewest rows that cover a range: whole days in its middle, finer sums toward its ends, as far as they are kept.

    An end that is not past is moved to the end of its day, which costs nothing: there is nothing there yet.
    """
    if end >= now:
        end = (now // DAY + 1) * DAY
    longest = {"minute": MINUTE, "hour": HOUR}.get(granularity or "day", DAY)
    first = start // _finest(start, now, longest) * _finest(start, now, longest)
    last = -(-end // _finest(end, now, longest)) * _finest(end, now, longest)
    spans = tuple(span for span in reversed(SPANS) if span <= longest)
    return Range(tuple(_cover(first, last, spans)), first < start or last > end)


def _finest(moment: int, now: int, longest: int) -> int:
    """The shortest span whose sums of this moment are kept, never longer than is asked for."""
    return next((span for span, kept in KEPT.items() if moment >= now - kept or span == longest), DAY)


def _cover(start: int, end: int, spans: tuple[int, ...]) -> list[Piece]:
    if start >= end:
        return []
    span, shorter = spans[0], spans[1:]
    if not shorter:
        return [Piece(span, start, end)]
    first, last = -(-start // span) * span, end // span * span
    if first >= last:
        return _cover(start, end, shorter)
    return [*_cover(start, first, shorter), Piece(span, first, last), *_cover(last, end, shorter)]
