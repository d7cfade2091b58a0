"""`waystation serve`: read the settings and hand them to the application."""

import click

from waystation.cli.options import configured, read_settings


@click.command(short_help="Start the gateway.")
@configured
@click.option(
    "--host", metavar="ADDRESS", help="Listen on this address (default: 127.0.0.1, this machine only)."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen on this port (default: 8787); 0 takes any free one."
)
@click.option("--workers", type=click.IntRange(1), help="Start this many processes (default: 1).")
@click.pass_context
def serve(
    context: click.Context,
    config_path: str | None,
    data_dir: str | None,
    host: str | None,
    *,
    port: int | None,
    workers: int | None,
) -> None:
    """Start the gateway and serve until SIGTERM or Ctrl-C.

    Pending database migrations are run first. The first start makes an inference key and a management key and prints
    them. Options win over the environment, the environment over the file, the file over the defaults.

    \b
    Examples:
      waystation serve
      waystation serve --host 0.0.0.0 --port 8080 --workers 4
      OPENAI_API_KEY=... waystation serve --config waystation.toml
    """
    settings = read_settings(config_path, data_dir, host=host, port=port, workers=workers)
    from waystation.app import run

    context.exit(run(settings))
