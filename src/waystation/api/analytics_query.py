"""The body of `POST /analytics/query`, and the query that it asks for; what is wrong with it is said by name."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from waystation.errors import InvalidRequest
from waystation.generations.activity import (
    DAY,
    DIMENSIONS,
    GRANULARITIES,
    METRICS,
    OPERATORS,
    Filter,
    Granularity,
    Operator,
    Order,
    Query,
)
from waystation.operations.parts import JsonObject

LIMIT = 1000
MOST = 10_000
DEFAULT_DAYS = 30

MOST_VALUES = 1000
"""Of one filter: databases bound how many values a question may hold."""

_Scalar = str | float


class FilterBody(Struct, frozen=True):
    """One condition."""

    field: str
    operator: str
    value: _Scalar | Annotated[list[_Scalar], Meta(max_length=MOST_VALUES)]
    include_unset: bool = False


class OrderBody(Struct, frozen=True):
    """What rows are ordered by."""

    field: str
    direction: Literal["asc", "desc"]


class TimeRange(Struct, frozen=True):
    """From `start` to before `end`; both say their offset from UTC."""

    start: Annotated[datetime, Meta(tz=True)]
    end: Annotated[datetime, Meta(tz=True)]


class QueryBody(Struct, frozen=True):
    """Spec `queryAnalytics`. Without a time range: the last 30 days, today with them."""

    metrics: Annotated[list[str], Meta(min_length=1)]
    dimensions: Annotated[list[str], Meta(max_length=2)] = []
    filters: Annotated[list[FilterBody], Meta(max_length=20)] = []
    granularity: str | None = None
    order_by: OrderBody | None = None
    time_range: TimeRange | None = None
    limit: int | None = None
    group_limit: int | None = None
    classifier_dimensions: JsonObject | None = None
    classifier_filters: JsonObject | None = None


def query_of(body: QueryBody, now: int) -> Query:
    """The query; `InvalidRequest` for words that are unknown and ranges that hold nothing. `now` is Unix seconds."""
    if body.classifier_dimensions is not None or body.classifier_filters is not None:
        raise InvalidRequest("classifier_dimensions, classifier_filters: no classifier is active")
    start, end = _range(body.time_range, now)
    return Query(
        metrics=_known("metrics", dict.fromkeys(body.metrics), METRICS),
        start=start,
        end=end,
        dimensions=_known("dimensions", dict.fromkeys(body.dimensions), DIMENSIONS),
        filters=tuple(_filter(condition, at) for at, condition in enumerate(body.filters)),
        granularity=_granularity(body.granularity),
        order=_order(body),
        limit=_count("limit", body.limit) or LIMIT,
        group_limit=_count("group_limit", body.group_limit),
    )


def _known(what: str, names: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    words = tuple(names)
    for word in words:
        if word not in known:
            raise InvalidRequest(f"{what}: {word[:64]!r} is unknown; known are {', '.join(known)}")
    return words


def _filter(body: FilterBody, at: int) -> Filter:
    where = f"filters[{at}]"
    _known(f"{where}.field", (body.field,), DIMENSIONS)
    operator: Operator | None = next((name for name in OPERATORS if name == body.operator), None)
    if operator is None:
        raise InvalidRequest(f"{where}.operator: expected one of {', '.join(OPERATORS)}")
    if isinstance(body.value, list) != (OPERATORS[operator] == "array"):
        raise InvalidRequest(f"{where}.value: {operator} wants {_WANTS[OPERATORS[operator]]}")
    value = tuple(body.value) if isinstance(body.value, list) else body.value
    return Filter(body.field, operator, value, body.include_unset)


_WANTS = {"array": "a list", "scalar": "one value"}


def _granularity(asked: str | None) -> Granularity | None:
    if asked is None:
        return None
    found: Granularity | None = next((name for name in GRANULARITIES if name == asked), None)
    if found is None:
        raise InvalidRequest(f"granularity: expected one of {', '.join(GRANULARITIES)}")
    return found


def _order(body: QueryBody) -> Order | None:
    asked = body.order_by
    if asked is None:
        return None
    possible = [*body.metrics, *body.dimensions, "request_count", *(["date"] if body.granularity else [])]
    if asked.field not in possible:
        raise InvalidRequest(f"order_by.field: expected one of {', '.join(dict.fromkeys(possible))}")
    return Order(asked.field, asked.direction == "desc")


def _count(name: str, asked: int | None) -> int | None:
    if asked is not None and asked < 1:
        raise InvalidRequest(f"{name}: expected 1 or more")
    return None if asked is None else min(asked, MOST)


def _range(asked: TimeRange | None, now: int) -> tuple[int, int]:
    if asked is None:
        return now - now % DAY - DEFAULT_DAYS * DAY, now + 1
    start, end = int(asked.start.timestamp()), int(-(-asked.end.timestamp() // 1))
    if start >= end:
        raise InvalidRequest("time_range: start must be before end")
    return start, end
