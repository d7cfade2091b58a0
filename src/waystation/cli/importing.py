"""`waystation import`: what another gateway was told, and what it recorded, taken over as far as it has a counterpart."""

import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import print_heading, print_json, print_table

if TYPE_CHECKING:
    from waystation.cli.litellm.outcome import Report
    from waystation.settings import Settings

BATCH = 512
FRAGMENT = "waystation.litellm.toml"
NAMES = "litellm.toml"
"""The catalogue's file with the names that clients go on using."""

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("import", short_help="Take over from another gateway.")
def importing() -> None:
    """Take over what another gateway was told and recorded.

    What has no counterpart here is told, with the reason.
    """


@importing.command(short_help="Take over a LiteLLM proxy.")
@configured
@json_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=FRAGMENT,
    show_default=True,
    help="Write the configuration here.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option(
    "--keys",
    "keys_path",
    type=_file,
    help="An export of LiteLLM_VerificationToken, CSV or JSON: keys go on working.",
)
@click.option(
    "--spend", "spend_path", type=_file, help="An export of LiteLLM_SpendLogs, CSV or JSON, as generations."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.argument("path", metavar="CONFIG", type=_file)
def litellm(  # noqa: PLR0917 - click gives them by name
    config_path: str | None,
    data_dir: str | None,
    output: Path,
    keys_path: Path | None,
    spend_path: Path | None,
    path: Path,
    *,
    as_json: bool,
    force: bool,
    dry_run: bool,
) -> None:
    """Turn CONFIG, the config.yaml of a LiteLLM proxy, into a configuration for Waystation, and take over keys and spend from exported tables.

    Names that clients use become aliases, in catalog.d/litellm.toml of the data folder.
    No secret is written anywhere: keys of providers are told as the variables that have to hold them. Importing the
    same tables again changes nothing that is there.

    \b
    Examples:
      waystation import litellm config.yaml --dry-run
      waystation import litellm config.yaml --keys keys.csv --spend spend.csv
    """
    from waystation.catalog.load import load
    from waystation.cli.litellm.config import convert, read
    from waystation.cli.litellm.outcome import Report

    settings = read_settings(config_path, data_dir)
    if output.exists() and not (force or dry_run):
        raise click.ClickException(
            f"{output} is there already; --force writes over it, --output names another"
        )
    report = Report()
    names = settings.storage.data_path / "catalog.d" / NAMES
    fragment = convert(read(path), load(settings.storage.data_path), report)
    if not dry_run:
        output.write_text(fragment.toml(), encoding="utf-8")
        if fragment.aliases:
            names.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            names.write_text(fragment.alias_toml(), encoding="utf-8")
    if keys_path is not None:
        _take_keys(settings, keys_path, report, dry_run=dry_run)
    if spend_path is not None:
        _take_spend(settings, spend_path, report, dry_run=dry_run)
    written = [] if dry_run else [output, *([names] if fragment.aliases else [])]
    _tell(report, written, as_json=as_json)


def _take_keys(settings: "Settings", path: Path, report: "Report", *, dry_run: bool) -> None:
    import asyncio

    from waystation.cli.litellm.tables import account_of, rows_of
    from waystation.storage.engine import open_engine
    from waystation.storage.keys import SqlKeyStore
    from waystation.storage.migrations import migrate

    now = int(time.time() * 1000)
    accounts = [account for row in rows_of(path) if (account := account_of(row, report, now)) is not None]
    if dry_run:
        return
    url, folder = settings.storage.database_url, settings.storage.data_path
    migrate(url, folder)

    async def work() -> None:
        engine = open_engine(url, folder)
        store = SqlKeyStore(engine)
        try:
            for account in accounts:
                if await store.get(account.key_hash) is None:
                    await store.add(account)
        finally:
            await engine.dispose()

    asyncio.run(work())


def _take_spend(settings: "Settings", path: Path, report: "Report", *, dry_run: bool) -> None:
    import asyncio

    import msgspec

    from waystation.cli.litellm.tables import generation_of, rows_of
    from waystation.storage.engine import open_engine
    from waystation.storage.generations import SqlGenerationStore
    from waystation.storage.migrations import migrate

    records = [generation_of(row) for row in rows_of(path)]
    encoded = (msgspec.json.encode(record) for record in records if record is not None)
    if not dry_run:
        url, folder = settings.storage.database_url, settings.storage.data_path
        migrate(url, folder)

        async def work() -> None:
            engine = open_engine(url, folder)
            store = SqlGenerationStore(engine)
            try:
                while batch := list(islice(encoded, BATCH)):
                    await store.add(batch)
            finally:
                await engine.dispose()

        asyncio.run(work())
    known = sum(record is not None for record in records)
    if known:
        report.partly(
            f"{known} rows of spend",
            "as many generations",
            "tokens and cost as they stand there, no prices to recompute from",
        )
    unknown = sum(record is not None and record.cost_unknown for record in records)
    if unknown:
        report.partly(f"{unknown} of them", "generations of unknown cost", "their spend cannot be read")
    if len(records) > known:
        report.dropped(f"{len(records) - known} rows of spend", "they have no startTime or no request_id")


def _tell(report: "Report", written: list[Path], *, as_json: bool) -> None:
    counts = {fate: report.count(fate) for fate in ("mapped", "partly", "not mapped")}
    if as_json:
        print_json(
            {"written": [str(path) for path in written], "counts": counts, "outcomes": report.outcomes}
        )
        return
    rows = [(one.fate, one.where, one.became or "-", one.why or "-") for one in report.outcomes]
    print_table(("fate", "what", "became", "why"), rows)
    print_heading(", ".join(f"{count} {fate}" for fate, count in counts.items()))
    click.echo(f"Written: {', '.join(map(str, written))}." if written else "Nothing was written.")
