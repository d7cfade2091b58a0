"""`waystation generations`: what records hold, found again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import print_json, print_table

if TYPE_CHECKING:
    from waystation.generations.record import GenerationRecord
    from waystation.operations.usage import Cost
    from waystation.settings import Settings

_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
_MOST = 1000


class Difference(Struct, frozen=True):
    """A charge that is not what usage and prices say. Nano-dollars, None is unknown."""

    id: str
    model: str
    charged: int | None
    found: int | None


class Findings(Struct):
    """Of a period: how many charges were looked at, the sums of both, and the first of those that differ.

    `without_prices` are not looked at: they were charged elsewhere and taken over.
    """

    records: int = 0
    without_prices: int = 0
    charged: int = 0
    found: int = 0
    unknown: int = 0
    estimated: int = 0
    differing: int = 0
    differences: list[Difference] = []


@click.group(short_help="Find charges again.")
def generations() -> None:
    """The records of generations."""


@generations.command(short_help="Recompute the charges of a period.")
@configured
@json_option
@click.option("--from", "start", type=_DAY, help="Records from here on, UTC (default: the first).")
@click.option("--to", "end", type=_DAY, help="Records before this, UTC (default: the last).")
@click.pass_context
def recompute(
    context: click.Context,
    config_path: str | None,
    data_dir: str | None,
    start: datetime | None,
    end: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Recompute every charge of a period from the usage and the prices that its record holds, and print what differs.

    Nothing is changed. The status is 1 where any charge differs.

    \b
    Examples:
      waystation generations recompute
      waystation generations recompute --from 2026-01-01 --to 2026-02-01 --json
    """
    settings = read_settings(config_path, data_dir)
    findings = _recomputed(settings, _moment(start, 0), _moment(end, 2**62))
    if as_json:
        print_json(findings)
    else:
        _print(findings)
    context.exit(1 if findings.differing else 0)


def _print(findings: Findings) -> None:
    if findings.differences:
        rows = [(one.id, one.model, _usd(one.charged), _usd(one.found)) for one in findings.differences]
        print_table(("generation", "model", "charged USD", "found USD"), rows)
    click.echo(
        f"{findings.records} charges, {findings.differing} differ. Charged {_usd(findings.charged)} USD, found "
        f"{_usd(findings.found)} USD; {findings.unknown} of unknown cost, {findings.estimated} estimated."
    )
    if findings.without_prices:
        click.echo(
            f"{findings.without_prices} that were taken over from elsewhere have no prices to find them again with."
        )


def _recomputed(settings: "Settings", start: int, end: int) -> Findings:
    import asyncio

    from waystation.storage.charges import SqlCharges
    from waystation.storage.engine import open_engine
    from waystation.storage.migrations import migrate

    url, data_dir = settings.storage.database_url, settings.storage.data_path
    migrate(url, data_dir)

    async def work() -> Findings:
        engine = open_engine(url, data_dir)
        try:
            return await _compared(SqlCharges(engine).between(start, end))
        finally:
            await engine.dispose()

    return asyncio.run(work())


async def _compared(records: "AsyncIterator[GenerationRecord]") -> Findings:
    from waystation.generations.record import NO_PRICING

    findings = Findings()
    async for record in records:
        if record.usage is None or record.cost is None:
            continue
        if record.pricing == NO_PRICING:
            findings.without_prices += 1
            continue
        charged, found = record.cost.total, _again(record).total
        findings.records += 1
        findings.charged += charged or 0
        findings.found += found or 0
        findings.unknown += charged is None
        findings.estimated += record.estimated
        if charged != found:
            findings.differing += 1
            if len(findings.differences) < _MOST:
                findings.differences.append(Difference(record.id, record.model, charged, found))
    return findings


def _again(record: "GenerationRecord") -> "Cost":
    from waystation.credits.cost import recompute as cost_of
    from waystation.operations.usage import Usage

    finish = record.finish_reasons[0] if record.finish_reasons else None
    is_byok = record.cost is not None and record.cost.is_byok
    usage = record.usage or Usage()
    made = record.num_media_completion or 0
    return cost_of(usage, record.pricing, record.created_at / 1000, finish, is_byok=is_byok, images=made)


def _moment(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _usd(nano: int | None) -> str:
    from waystation.credits.money import decimal_of

    return "unknown" if nano is None else f"{decimal_of(nano):f}"
