"""What a batch of records adds to the sums: rows for `series` and `activity`. Run in a thread."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from waystation.generations.activity import MINUTE, SPANS
from waystation.storage.apps import Apps
from waystation.storage.tables import SUMS

Row: TypeAlias = tuple[object, ...]
_Sums: TypeAlias = dict[tuple[int, int, int], list[int]]
"""Sums by span, start and series."""
NAME_LIMIT = 128
"""Characters of an app's name or origin that count: clients choose them."""


class Amounts(Struct, frozen=True, gc=False):
    """What the sums want of a `Cost`."""

    total: int | None = 0
    upstream: int | None = None
    is_byok: bool = False


class Counters(Struct, frozen=True, gc=False):
    """What the sums and columns want of a `Usage`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0


class Columns(Struct, frozen=True, gc=False):
    """What the tables want of a record; the rest of it is not looked at."""

    id: str
    created_at: int
    key_hash: str
    model: str
    provider: str | None = None
    router: str | None = None
    status: int = 200
    cost: Amounts | None = None
    usage: Counters | None = None
    creator_user_id: str | None = None
    workspace_id: str | None = None
    app_title: str | None = None
    http_referer: str | None = None
    provider_name: str | None = None
    endpoint_id: str | None = None
    api_type: str = "completions"
    finish_reasons: tuple[str, ...] = ()
    error_type: str | None = None
    cancelled: bool = False
    latency: int | None = None
    generation_time: int | None = None


class Rollup(Struct, frozen=True):
    """Rows of three tables, each in one order for all writers, so that none waits for another in a circle."""

    series: list[Row]
    activity: list[Row]
    endpoint_activity: list[Row]


def rollup(records: Iterable[Columns], apps: Apps) -> Rollup:
    """What the records add to the sums."""
    known: dict[Row, int] = {}
    sums: dict[tuple[int, int], list[int]] = {}
    for record in records:
        labels = _labels(record, apps)
        identity = known.get(labels)
        if identity is None:
            identity = known[labels] = series_id(labels)
        moment = record.created_at // 1000
        minute = (moment - moment % SPANS[0], identity)
        found = sums.get(minute)
        if found is None:
            sums[minute] = _amounts(record)
        else:
            for position, amount in enumerate(_amounts(record)):
                found[position] += amount
    by_span = _by_span(sums)
    of_endpoint = {identity: endpoint_labels(labels) for labels, identity in known.items()}
    by_endpoint = _by_endpoint(by_span, {one: series_id(labels) for one, labels in of_endpoint.items()})
    known |= {labels: series_id(labels) for labels in of_endpoint.values()}
    return Rollup(
        sorted((identity, *labels) for labels, identity in known.items()), _rows(by_span), _rows(by_endpoint)
    )


def endpoint_labels(labels: Row) -> Row:
    """The labels of the series that a series is part of in `endpoint_activity`: its model and who served it, nothing else."""
    return (*[""] * 5, *labels[5:9], "", "")


@lru_cache(maxsize=8192)
def series_id(labels: Row) -> int:
    """A number of 63 bits that every process gives to this series."""
    digest = blake2b("\0".join(map(str, labels)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def _rows(sums: _Sums) -> list[Row]:
    return [(*key, *amounts) for key, amounts in sorted(sums.items())]


def _by_endpoint(by_span: _Sums, endpoints: dict[int, int]) -> _Sums:
    """The sums of hours and days, of all series of an endpoint together."""
    sums: _Sums = {}
    for (span, start, identity), amounts in by_span.items():
        if span != MINUTE:
            key = (span, start, endpoints[identity])
            found = sums.get(key)
            sums[key] = amounts if found is None else [a + b for a, b in zip(found, amounts, strict=True)]
    return sums


def _by_span(minutes: dict[tuple[int, int], list[int]]) -> _Sums:
    """The sums of minutes, and with them those of hours and days."""
    by_span: _Sums = {}
    for (minute, identity), amounts in minutes.items():
        for span in SPANS:
            key = (span, minute - minute % span, identity)
            found = by_span.get(key)
            by_span[key] = amounts if found is None else [a + b for a, b in zip(found, amounts, strict=True)]
    return by_span


def _labels(record: Columns, apps: Apps) -> Row:
    """In the order of the columns of `series` after its id. Nothing that no endpoint served is told by its model's name,
    which is only what a client wrote."""
    provider = record.provider or ""
    referer = record.http_referer
    name, origin = apps.told(
        record.key_hash, (record.app_title or "")[:NAME_LIMIT], _origin(referer) if referer else ""
    )
    return (
        record.key_hash,
        record.creator_user_id or "",
        record.workspace_id or "",
        name,
        origin,
        record.model if provider else "",
        provider,
        record.provider_name or "",
        record.endpoint_id or "",
        record.api_type,
        record.finish_reasons[0] if record.finish_reasons else "",
    )


@lru_cache(maxsize=1024)
def _origin(referer: str) -> str:
    """The scheme and host of a referer; the text itself where it has none."""
    try:
        parts = urlsplit(referer)
    except ValueError:
        return referer[:NAME_LIMIT]
    return (f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else referer)[:NAME_LIMIT]


def _amounts(record: Columns) -> list[int]:
    """In the order of `SUMS`."""
    cost, usage = record.cost or _NO_COST, record.usage or _NO_USAGE
    answered = record.latency is not None
    return [
        1,
        1 if record.error_type is not None or record.status >= 400 else 0,
        1 if record.cancelled else 0,
        1 if cost.total is None else 0,
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.reasoning_tokens,
        usage.cached_tokens,
        cost.total or 0,
        (cost.upstream or 0) if cost.is_byok else 0,
        1 if answered else 0,
        usage.completion_tokens if answered else 0,
        record.latency or 0,
        (record.generation_time or 0) if answered else 0,
    ]


_NO_COST = Amounts()
_NO_USAGE = Counters()
assert len(_amounts(Columns("", 0, "", ""))) == len(SUMS)  # noqa: S101 - two lists that must go together
