"""`waystation migrate`: the database's schema, seen or brought up to date."""

from typing import TYPE_CHECKING

import click

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import print_json

if TYPE_CHECKING:
    from waystation.storage.migrations import SchemaState


@click.command(short_help="Bring the database's schema up to date.")
@configured
@json_option
@click.option("--check", is_flag=True, help="Change nothing; end with status 1 where migrations are pending.")
@click.pass_context
def migrate(
    context: click.Context, config_path: str | None, data_dir: str | None, *, as_json: bool, check: bool
) -> None:
    """Bring the database's schema up to date, making the database where there is none.

    "waystation serve" does this by itself. A migration that fails leaves the database as it was.

    \b
    Examples:
      waystation migrate
      waystation migrate --check
    """
    settings = read_settings(config_path, data_dir)
    from waystation.storage.migrations import migrate as bring_up_to_date
    from waystation.storage.migrations import state

    url, folder = settings.storage.database_url, settings.storage.data_path
    before = state(url, folder) if check else bring_up_to_date(url, folder)
    after = before if check else state(url, folder)
    if as_json:
        facts = {"database": after.where, "revision": after.revision, "pending": after.pending}
        print_json(facts | {"applied": [] if check else before.pending})
    else:
        click.echo(_sentence(before, after))
    context.exit(0 if after.is_current else 1)


def _sentence(before: "SchemaState", after: "SchemaState") -> str:
    if not after.is_current:
        return f"{after.where}: pending migrations: {', '.join(after.pending)}"
    done = f"; applied: {', '.join(before.pending)}" if before.pending else ""
    return f"{after.where}: revision {after.revision}, current{done}"
