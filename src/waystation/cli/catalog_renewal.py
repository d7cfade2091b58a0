"""The commands of `waystation catalog` that make or renew facts."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import print_json, print_table
from waystation.settings import Settings, SourceKind, SourceSettings
from waystation.settings.problem import suggestion

if TYPE_CHECKING:
    from waystation.catalog.refresh import RefreshReport

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(short_help="Make the facts of the packaged catalogue from source files.")
@json_option
@click.option(
    "--output", type=_FOLDER, help="Write the tree of facts here (default: the one this program runs from)."
)
@click.option(
    "--as-of", metavar="YYYY-MM-DD", help="Take this day for today (default: the day of the source files)."
)
@click.argument("sources", type=click.Path(path_type=Path, file_okay=False, exists=True))
def generate(sources: Path, output: Path | None, as_of: str | None, *, as_json: bool) -> None:
    """Make the tree of facts from the source files in the folder SOURCES. This is for developers of the gateway.

    The same files give the same facts, byte for byte. What is left out is reported with its reason.

    \b
    Example:
      waystation catalog generate ../shared/data/catalog --output /tmp/facts
    """
    from waystation.catalog.generate.run import generate as make
    from waystation.catalog.generate.sources import AS_OF
    from waystation.catalog.load import DATA

    report = make(sources, output or DATA, as_of or AS_OF)
    if as_json:
        print_json(report)
        return
    click.echo(
        f"{report.models} models, {report.endpoints} endpoints, {report.providers} providers,"
        f" {report.aliases} aliases in {output or DATA}"
    )
    rows = [(each.slug, each.provider, each.native_id, each.reason) for each in report.refused]
    print_table(("left out", "provider", "native id", "reason"), rows)


@click.command(short_help="Renew models and prices from the configured sources.")
@configured
@json_option
@click.option(
    "--source",
    "named",
    multiple=True,
    metavar="NAME|URL|FILE",
    help="Only this source: a name from catalog.sources, or a URL or file of the --kind. May be given several times.",
)
@click.option(
    "--kind",
    type=click.Choice(get_args(SourceKind)),
    default="catalog",
    help="What a --source that is a URL or a file holds (default: catalog, a packed catalogue file of Waystation).",
)
@click.option("--check", is_flag=True, help="Only ask whether a source has anything new.")
@click.option("--dry-run", is_flag=True, help="Read and compare, and write nothing.")
@click.pass_context
def refresh(
    context: click.Context,
    config_path: str | None,
    data_dir: str | None,
    named: tuple[str, ...],
    kind: SourceKind,
    *,
    as_json: bool,
    check: bool,
    dry_run: bool,
) -> None:
    """Renew models and prices from the sources in catalog.sources, and keep the result in the data folder.

    A source that cannot be read, or whose changes are too large to be true, is refused whole; the others go on. What the
    operator wrote in catalog.d/ still wins. A running gateway takes the result up when it is started again. The status
    is 1 where a source was refused.

    \b
    Examples:
      waystation catalog refresh --dry-run
      waystation catalog refresh --source prices.json --kind litellm
      waystation catalog refresh --source team --check
    """
    settings = read_settings(config_path, data_dir)
    sources = _chosen(settings, named, kind)
    report = _refresh(settings, sources, check=check, dry_run=dry_run)
    if as_json:
        print_json(report)
    else:
        _print_report(report)
    context.exit(1 if any(each.outcome == "refused" for each in report.sources) else 0)


@click.command(short_help="Go back to the catalogue before the last refresh.")
@configured
def rollback(config_path: str | None, data_dir: str | None) -> None:
    """Go back to the refresh before the last one, or to the facts that this version came with.

    \b
    Example:
      waystation catalog rollback
    """
    from waystation.catalog.versions import rollback as go_back

    settings = read_settings(config_path, data_dir)
    try:
        version = go_back(settings.storage.data_path)
    except FileNotFoundError:
        raise click.ClickException("there was no refresh to go back from") from None
    click.echo(
        "Back to the packaged facts." if version == "packaged" else f"Back to the refresh of {version}."
    )


def _chosen(settings: Settings, named: tuple[str, ...], kind: SourceKind) -> list[SourceSettings]:
    configured_sources = {source.name: source for source in settings.catalog.sources}
    if not named and not configured_sources:
        raise click.ClickException("no source: name one with --source, or list some in catalog.sources")
    if not named:
        return list(configured_sources.values())
    return [configured_sources.get(name) or _unlisted(name, kind, configured_sources) for name in named]


def _unlisted(location: str, kind: SourceKind, known: Iterable[str]) -> SourceSettings:
    if "://" not in location and not Path(location).is_file():
        raise click.ClickException(f"{location} is no source, URL or file.{suggestion(location, known)}")
    words = re.sub(r"[^a-z0-9._-]+", "-", location.lower().rpartition("://")[2]).strip("-._")
    return SourceSettings(name=words or "source", kind=kind, location=location)


def _refresh(
    settings: Settings, sources: list[SourceSettings], *, check: bool, dry_run: bool
) -> "RefreshReport":
    import asyncio

    from msgspec import convert, to_builtins

    from waystation.app.upstreams import client_settings
    from waystation.catalog.refresh import refresh as renew
    from waystation.catalog.refresh_read import RefreshSource
    from waystation.cli.fetching import fetching

    today = datetime.now(UTC).date().isoformat()
    wanted = [convert(to_builtins(source), RefreshSource) for source in sources]

    async def work() -> "RefreshReport":
        async with fetching(client_settings(settings)) as fetch:
            return await renew(
                wanted, fetch, settings.storage.data_path, today=today, check=check, dry_run=dry_run
            )

    return asyncio.run(work())


def _print_report(report: "RefreshReport") -> None:
    rows = [(each.name, each.outcome, each.reason or "") for each in report.sources]
    print_table(("source", "outcome", "reason"), rows)
    changes = [("changed", each) for each in report.changes]
    changes += [("held back: too large a step", each) for each in report.quarantined]
    changes += [("held back: would become free", each) for each in report.zeroed]
    if changes:
        columns = ("price", "endpoint", "rate", "before", "after")
        print_table(
            columns,
            [
                (word, f"{each.model_id} {each.tag}", each.rate, _rate(each.before), _rate(each.after))
                for word, each in changes
            ],
        )
    lists = (("new", report.added), ("hidden", report.hidden), ("unknown author", report.unknown_authors))
    listed = [(word, entry) for word, entries in lists for entry in entries]
    if listed:
        print_table(("what", "endpoint"), listed)
    click.echo("The result was written." if report.written else "Nothing was written.")


def _rate(rate: Decimal | None) -> str:
    return "?" if rate is None else f"{rate:f}"
