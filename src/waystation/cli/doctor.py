"""`waystation doctor`: prints the diagnosis."""

from typing import TYPE_CHECKING

import click

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import as_text, print_heading, print_json, print_table

if TYPE_CHECKING:
    from waystation.cli.diagnosis import Diagnosis, ProviderState


@click.command(short_help="Say what is configured, what is missing and what to do next.")
@configured
@json_option
@click.pass_context
def doctor(context: click.Context, config_path: str | None, data_dir: str | None, *, as_json: bool) -> None:
    """Check everything that serving needs and say what to do next.

    Shows each setting with its value and where it came from, each provider with where its key came from or which
    variable would give it one, the data folder, the address, the database, the catalogue and the embedded model.
    Secrets are masked, nothing is changed and no provider is called. The status is 0 when the gateway can serve, 1
    when it cannot, 2 when the configuration is wrong.

    \b
    Examples:
      waystation doctor
      waystation doctor --config waystation.toml
      waystation doctor --json | jq .next
    """
    settings = read_settings(config_path, data_dir)
    from waystation.cli.diagnosis import diagnose

    found = diagnose(settings)
    if as_json:
        print_json(found)
    else:
        _print(found)
    context.exit(0 if found.can_serve else 1)


def _print(found: "Diagnosis") -> None:
    click.echo(f"Waystation {found.version}, configuration file: {found.config_file or 'none'}")
    print_heading("Settings")
    print_table(
        ("key", "value", "from"), [(row.key, as_text(row.value), row.origin) for row in found.settings]
    )
    print_heading("Providers")
    ordered = sorted(found.providers, key=lambda provider: not provider.configured)
    print_table(
        ("provider", "name", "callable", "key", "from, or what to do"), [_row(each) for each in ordered]
    )
    print_heading("Checks")
    print_table(
        ("check", "state", "detail"), [(check.name, check.state, check.detail) for check in found.checks]
    )
    print_heading("What to do next")
    for line in found.next or ["Nothing."]:
        click.echo(f"- {line}")


def _row(provider: "ProviderState") -> tuple[str, ...]:
    callable_now = "yes" if provider.configured else "no"
    return provider.slug, provider.name, callable_now, provider.key, provider.origin
