"""The commands of `waystation catalog` that make or renew facts."""

from pathlib import Path

import click

from waystation.cli.options import json_option
from waystation.cli.output import print_json, print_table

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
