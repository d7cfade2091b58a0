"""`ActivityStore` over the database: questions are answered from the sums in `activity`, never from generations."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Float,
    Select,
    Subquery,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import BigInteger

from waystation.generations.activity import (
    DAY,
    HOUR,
    METRICS,
    MINUTE,
    Days,
    EndpointDay,
    Filter,
    Found,
    Granularity,
    Metric,
    Operator,
    Piece,
    Query,
    Row,
    Value,
    range_of,
)
from waystation.storage.engine import reaching
from waystation.storage.tables import activity, endpoint_activity, series

_COLUMNS = {
    "model": series.c.model,
    "provider": series.c.provider,
    "endpoint": series.c.endpoint_id,
    "api_key_id": series.c.key_hash,
    "user": series.c.user_id,
    "workspace": series.c.workspace_id,
    "app": series.c.app,
    "origin": series.c.origin,
    "api_type": series.c.api_type,
    "finish_reason": series.c.finish_reason,
}
_Expression: TypeAlias = ColumnElement[Any]
"""SQLAlchemy's expressions are invariant in their type, so that none of ours has a narrower one."""
_FIRST_MONDAY = 4 * DAY
_WEEK = 7 * DAY
_OF_ENDPOINTS = frozenset({"model", "provider", "endpoint"})
"""What sums in `endpoint_activity` can be told apart by."""
_SHORT = {"minute": MINUTE, "hour": HOUR, "day": DAY}

_OPERATIONS: dict[Operator, Callable[[ColumnElement[str], list[str]], ColumnElement[bool]]] = {
    "eq": lambda column, values: column == values[0],
    "neq": lambda column, values: column != values[0],
    "in": lambda column, values: column.in_(values),
    "not_in": lambda column, values: column.not_in(values),
    "gt": lambda column, values: column > values[0],
    "gte": lambda column, values: column >= values[0],
    "lt": lambda column, values: column < values[0],
    "lte": lambda column, values: column <= values[0],
}


class SqlActivityStore:
    """Sums by series and time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def query(self, query: Query, now: int) -> Found:
        """Answer a query; `now` is Unix seconds."""
        with reaching():
            async with self._engine.connect() as connection:
                oldest = (
                    await connection.execute(
                        select(activity.c.start)
                        .where(activity.c.span == DAY)
                        .order_by(activity.c.start)
                        .limit(1)
                    )
                ).scalar()
                if oldest is None:
                    return Found([], truncated=False, widened=False)
                covered = range_of(max(query.start, oldest), query.end, now, query.granularity)
                if not covered.pieces:
                    return Found([], truncated=False, widened=False)
                found = (await connection.execute(_statement(query, covered.pieces))).all()
        rows = [_row(query, tuple(row)) for row in found[: query.limit]]
        return Found(rows, len(found) > query.limit, covered.widened)

    async def days(self, days: Days) -> Sequence[EndpointDay]:
        """Sums by endpoint and day, newest day first."""
        all_together = days.key_hash is None and days.user is None and days.workspace_id is None
        sums_of = endpoint_activity if all_together and not days.by_workspace else activity
        workspace = series.c.workspace_id if days.by_workspace else literal("")
        tokens = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")
        names = ("requests", *tokens, "cost", "byok_cost")
        labels = (series.c.model, series.c.endpoint_id, series.c.provider_name, workspace)
        statement = (
            select(sums_of.c.start, *labels, *(_sum(sums_of.c[name]) for name in names))
            .join_from(sums_of, series, series.c.id == sums_of.c.series)
            .where(sums_of.c.span == DAY, sums_of.c.start >= days.first * DAY)
            .where(sums_of.c.start < days.end * DAY, series.c.provider != "")
            .group_by(sums_of.c.start, *labels)
            .order_by(sums_of.c.start.desc(), series.c.model, series.c.endpoint_id)
        )
        for column, value in (
            (series.c.key_hash, days.key_hash),
            (series.c.user_id, days.user),
            (series.c.workspace_id, days.workspace_id),
        ):
            if value is not None:
                statement = statement.where(column == value)
        with reaching():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(statement)).all()
        return [
            EndpointDay(start // DAY, model, endpoint, provider, of_workspace or None, *map(int, sums))
            for start, model, endpoint, provider, of_workspace, *sums in rows
        ]


def _statement(query: Query, pieces: Sequence[Piece]) -> Select[*tuple[object, ...]]:
    """The whole question: pieces together, joined to their series, filtered, grouped, ordered and cut."""
    sums = _pieces(query, pieces)
    labelled = bool(query.dimensions or query.filters)
    dimensions = [_COLUMNS[name] for name in query.dimensions]
    keys: list[_Expression] = [sums.c.bucket, *dimensions] if query.granularity else [*dimensions]
    metrics = [_metric(sums, METRICS[name]).label(f"m_{name}") for name in query.metrics]
    order, by = query.order, _order(query, sums)
    descending = order.descending if order is not None else not query.granularity
    statement = (
        select(*keys, *metrics)
        .select_from(sums.join(series, series.c.id == sums.c.series) if labelled else sums)
        .where(*map(_condition, query.filters))
        .group_by(*keys)
        .having(func.count() > 0)
        .order_by(by.desc() if descending else by, *keys)
    )
    if query.group_limit is not None and dimensions:
        place = func.row_number().over(partition_by=dimensions, order_by=by.desc() if descending else by)
        ranked = statement.order_by(None).add_columns(place.label("place"), by.label("by")).subquery()
        kept = [column for column in ranked.c if column.key not in ("place", "by")]
        again = ranked.c.by.desc() if descending else ranked.c.by
        statement = (
            select(*kept).where(ranked.c.place <= query.group_limit).order_by(again, *kept[: len(keys)])
        )
    return statement.limit(query.limit + 1)


def _order(query: Query, sums: Subquery) -> _Expression:
    """What rows are ordered by; unasked, time where there are buckets, else the first metric."""
    field = (
        query.order.field if query.order is not None else "date" if query.granularity else query.metrics[0]
    )
    if field in METRICS:
        return _metric(sums, METRICS[field])
    return _COLUMNS.get(field, sums.c.bucket)


def _pieces(query: Query, pieces: Sequence[Piece]) -> Subquery:
    """Sums of the pieces by bucket and series, added up beforehand where a bucket holds many rows of a series."""
    names = sorted({name for metric in _asked(query) for name in (*metric.of, metric.per) if name})
    labels = {*query.dimensions, *(condition.field for condition in query.filters)}
    parts: list[Select[*tuple[object, ...]]] = []
    for piece in pieces:
        table = endpoint_activity if labels <= _OF_ENDPOINTS and piece.span != MINUTE else activity
        bucket = _bucket(table.c.start, query.granularity, pieces, piece.span)
        keys: list[_Expression] = [bucket, table.c.series] if labels else [bucket]
        within = (table.c.span == piece.span, table.c.start >= piece.start, table.c.start < piece.end)
        if labels and _SHORT.get(query.granularity or "") == piece.span:
            parts.append(select(*keys, *(table.c[name] for name in names)).where(*within))
        else:
            sums = (_sum(table.c[name]).label(name) for name in names)
            grouped = ("bucket", table.c.series) if labels else ("bucket",)
            parts.append(select(*keys, *sums).where(*within).group_by(*grouped))
    whole: Select[*tuple[object, ...]] | CompoundSelect[*tuple[object, ...]] = (
        parts[0] if len(parts) == 1 else union_all(*parts)
    )
    return whole.subquery("sums")


def _asked(query: Query) -> list[Metric]:
    """The metrics of the query and of its order; the count of requests always."""
    order = query.order.field if query.order is not None else ""
    return [METRICS[name] for name in (*query.metrics, order, "request_count") if name in METRICS]


def _bucket(
    start: _Expression, granularity: Granularity | None, pieces: Sequence[Piece], span: int
) -> _Expression:
    """The first second of the bucket that a row of this span falls into, by its own first second."""
    if granularity is None:
        return literal(0).label("bucket")
    if granularity == "week":
        return (start - (start - _FIRST_MONDAY + _WEEK) % _WEEK).label("bucket")
    if granularity == "month":
        months = _months(pieces[0].start, pieces[-1].end)
        return case(*((start >= month, month) for month in months), else_=months[-1]).label("bucket")
    length = _SHORT[granularity]
    return (start if span == length else start - start % length).label("bucket")


def _months(start: int, end: int) -> list[int]:
    """The first seconds of the UTC months from `start` to before `end`, the last first."""
    moment = datetime.fromtimestamp(start, UTC).replace(day=1, hour=0, minute=0, second=0)
    months: list[int] = []
    while moment.timestamp() < end:
        months.append(int(moment.timestamp()))
        moment = moment.replace(year=moment.year + moment.month // 12, month=moment.month % 12 + 1)
    return months[::-1]


def _metric(sums: Subquery, metric: Metric) -> _Expression:
    total = _sum(sums.c[metric.of[0]])
    for name in metric.of[1:]:
        total += _sum(sums.c[name])
    if metric.per is None:
        return total
    return cast(total, Float) * metric.scale / func.nullif(_sum(sums.c[metric.per]), 0)


def _sum(column: ColumnElement[int]) -> _Expression:
    """A sum that stays an integer on both databases."""
    return cast(func.sum(column), BigInteger)


def _condition(condition: Filter) -> ColumnElement[bool]:
    column = _COLUMNS[condition.field]
    given = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    met = _OPERATIONS[condition.operator](column, [_text(value) for value in given])
    return met | (column == "") if condition.include_unset else met & (column != "")


def _text(value: Value) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _row(query: Query, values: tuple[object, ...]) -> Row:
    at = 1 if query.granularity else 0
    split = at + len(query.dimensions)
    start = values[0] if at else None
    metrics = zip(query.metrics, values[split:], strict=False)
    return Row(
        int(start) if isinstance(start, int) else None,
        tuple(str(value) or None for value in values[at:split]),
        tuple(_shown(METRICS[name], value) for name, value in metrics),
    )


def _shown(metric: Metric, value: object) -> float | None:
    """A metric as it is told; money becomes USD here."""
    if not isinstance(value, int | float):
        return None
    return value * metric.scale if metric.format == "currency" else value
