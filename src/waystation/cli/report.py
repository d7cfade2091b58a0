"""`waystation report`: what was used and what it cost, from the sums in the database, beside a gateway that runs or not."""

import csv
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import print_json, print_table

if TYPE_CHECKING:
    from waystation.generations.activity import Found, Granularity, Query
    from waystation.settings import Settings

_DAY = 86_400
_PERIODS: "tuple[Granularity, ...]" = ("hour", "day", "week", "month")
_GROUPS = {
    "model": "model",
    "provider": "provider",
    "key": "api_key_id",
    "app": "app",
    "user": "user",
    "workspace": "workspace",
    "origin": "origin",
    "finish": "finish_reason",
}
_METRICS = (
    "request_count",
    "error_count",
    "prompt_tokens",
    "completion_tokens",
    "cost",
    "byok_cost",
    "unpriced_count",
)
_HEADINGS = (
    "requests",
    "errors",
    "prompt tokens",
    "completion tokens",
    "cost USD",
    "own keys USD",
    "no price",
)
_STAMPS = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m"}
_SHOWN_HASH = 12
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How texts begin that spreadsheets compute."""

_day = click.DateTime(["%Y-%m-%d"])


@click.command(short_help="Show what was used and what it cost.")
@configured
@click.option(
    "--by",
    "groups",
    multiple=True,
    type=click.Choice([*_PERIODS, *_GROUPS]),
    help="What rows are made of: one period and up to two other words, each with a --by of its own (default: model).",
)
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=30,
    show_default=True,
    help="The last so many days, today included.",
)
@click.option("--since", type=_day, metavar="YYYY-MM-DD", help="From this day on, UTC, instead of --days.")
@click.option("--until", type=_day, metavar="YYYY-MM-DD", help="To the end of this day, UTC (default: now).")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="At most so many rows."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values with a heading.")
@json_option
def report(  # noqa: PLR0917 - click gives them by name
    config_path: str | None,
    data_dir: str | None,
    groups: tuple[str, ...],
    days: int,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    *,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show requests, tokens and cost of a period, by what is asked for. Days are UTC.

    "no price" counts generations that nobody knows the price of: their cost is not in the sum.

    \b
    Examples:
      waystation report
      waystation report --by day --by model --days 7
      waystation report --by key --since 2026-01-01 --until 2026-01-31 --csv
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json cannot go together")
    words = groups or ("model",)
    period = next((name for name in _PERIODS if name in words), None)
    names = tuple(dict.fromkeys(word for word in words if word in _GROUPS))
    if len(names) > 2 or sum(word in _PERIODS for word in set(words)) > 1:
        raise click.UsageError("--by takes one period and up to two other words")
    settings = read_settings(config_path, data_dir)
    query = _query(period, names, _range(days, since, until), limit)
    found, keys = _ask(settings, query)
    rows = [_row(period, names, keys, row.start, row.dimensions, row.metrics) for row in found.rows]
    columns = [*([period] if period else []), *names, *_HEADINGS]
    if as_json:
        print_json([dict(zip([*columns[: -len(_METRICS)], *_METRICS], row, strict=True)) for row in rows])
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[_inert(value) for value in row] for row in rows])
    else:
        table = [[_cell(value) for value in row] for row in [*rows, *_total(rows, columns)]]
        print_table(columns, table)
    if found.truncated:
        click.echo(f"There are more than {limit} rows; --limit shows more.", err=True)


def _range(days: int, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Unix seconds; the second is not included."""
    now = int(time.time())
    start = now // _DAY * _DAY - (days - 1) * _DAY if since is None else _seconds(since)
    end = now + 1 if until is None else _seconds(until) + _DAY
    if start >= end:
        raise click.UsageError("the period is empty: --since is after --until")
    return start, end


def _seconds(day: datetime) -> int:
    return int(day.replace(tzinfo=UTC).timestamp())


def _query(period: "Granularity | None", names: Sequence[str], span: tuple[int, int], limit: int) -> "Query":
    from waystation.generations.activity import Order, Query

    order = Order("date", descending=False) if period else Order("cost", descending=True)
    dimensions = tuple(_GROUPS[name] for name in names)
    return Query(_METRICS, *span, dimensions, granularity=period, order=order, limit=limit)


def _ask(settings: "Settings", query: "Query") -> "tuple[Found, dict[str, str]]":
    """The answer, and the names of keys by their hashes."""
    import asyncio

    from waystation.storage.activity import SqlActivityStore
    from waystation.storage.engine import open_engine
    from waystation.storage.keys import SqlKeyStore
    from waystation.storage.migrations import migrate

    url, folder = settings.storage.database_url, settings.storage.data_path
    migrate(url, folder)

    async def work() -> "tuple[Found, dict[str, str]]":
        engine = open_engine(url, folder)
        try:
            found = await SqlActivityStore(engine).query(query, int(time.time()))
            return found, {account.key_hash: account.name for account in await SqlKeyStore(engine).all()}
        finally:
            await engine.dispose()

    return asyncio.run(work())


def _row(  # noqa: PLR0917 - the parts of one row
    period: str | None,
    names: Sequence[str],
    keys: dict[str, str],
    start: int | None,
    dimensions: Sequence[str | None],
    metrics: Sequence[float | None],
) -> list[str | float | None]:
    row: list[str | float | None] = []
    if period is not None and start is not None:
        row.append(datetime.fromtimestamp(start, UTC).strftime(_STAMPS[period]))
    for name, value in zip(names, dimensions, strict=True):
        known = value is not None and name == "key"
        row.append(keys.get(value or "", (value or "")[:_SHOWN_HASH]) if known else value)
    return [*row, *(round(value, 9) if isinstance(value, float) else value for value in metrics)]


def _total(
    rows: Sequence[Sequence[str | float | None]], columns: Sequence[str]
) -> list[list[str | float | None]]:
    """A last row of sums, where there is more than one row."""
    if len(rows) < 2:
        return []
    labels = len(columns) - len(_METRICS)
    sums = [
        sum(value for row in rows if isinstance(value := row[at], int | float))
        for at in range(labels, len(columns))
    ]
    return [["total", *[""] * (labels - 1), *sums]]


def _inert(value: str | float | None) -> str | float | None:
    """Clients choose the names of apps and users: none may be a formula to the program that opens the table."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6f}"
