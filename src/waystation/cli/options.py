"""Options that several commands share, and how they become settings."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from waystation.settings import Settings, load, read_environment

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

config_option = click.option(
    "--config",
    "config_path",
    metavar="FILE",
    help="Read this configuration file. Without it: the file that WAYSTATION_CONFIG names, else waystation.toml in the "
    "working directory, if there is one.",
)
data_dir_option = click.option(
    "--data-dir",
    metavar="DIRECTORY",
    help="Keep state here instead of in storage.data_dir (default: ./data).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for machines.")


def configured(command: AnyFunction) -> AnyFunction:
    """The options --config and --data-dir."""
    return config_option(data_dir_option(command))


def read_settings(config_path: str | None, data_dir: str | None, **server: object) -> Settings:
    """The settings with what the command line said; `server` are keys of that section, None for not given."""
    overrides: dict[str, object] = {f"server.{key}": value for key, value in server.items()}
    return load(config_path, read_environment(), overrides | {"storage.data_dir": data_dir})
