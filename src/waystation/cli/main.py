"""The command `waystation` itself: its subcommands, and how a refusal is printed."""

import click

from waystation import __version__
from waystation.cli.auto import auto
from waystation.cli.catalog import catalog
from waystation.cli.credits import credit
from waystation.cli.doctor import doctor
from waystation.cli.explain import explain
from waystation.cli.generations import generations
from waystation.cli.importing import importing
from waystation.cli.keys import keys
from waystation.cli.local import local
from waystation.cli.migrate import migrate
from waystation.cli.report import report
from waystation.cli.serve import serve
from waystation.errors import GatewayError
from waystation.settings import SettingsError


class WrongSettings(click.ClickException):
    """The configuration cannot be used: one plain line, exit status 2. Other failures end with 1."""

    exit_code = 2


class Root(click.Group):
    """The group of all commands; an error that is meant for the operator is printed without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except SettingsError as refusal:
            raise WrongSettings(refusal.message) from refusal
        except GatewayError as error:
            raise click.ClickException(error.message) from error


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="waystation", message="%(prog)s %(version)s")
def main() -> None:
    """Waystation: one OpenAI-compatible API in front of many models at many providers.

    Start with "waystation serve"; where something is amiss, "waystation doctor" says what to do next. Every command
    explains itself with --help.
    """


COMMANDS = (
    serve, doctor, explain, local, catalog, auto, keys, credit, generations, report, importing, migrate,
)  # fmt: skip
for command in COMMANDS:
    main.add_command(command)
