"""From the sources to one `Settings`: command line over environment over file over default, key by key."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from waystation.settings.assembly import assemble
from waystation.settings.environment import CONFIG_VARIABLE, read_variables
from waystation.settings.keys import KeyPath, Layer, leaves
from waystation.settings.structs import Settings
from waystation.settings.toml_file import read_file

DEFAULT_FILE = "waystation.toml"


class CommandLine:
    """A `Source`: options of the command."""

    is_text = False

    def origin(self, path: KeyPath) -> str:  # noqa: ARG002 -- the command line is one place
        """Always `command line`."""
        return "command line"


def load(
    config_path: str | None,
    environment: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
    known_providers: Iterable[str] = (),
) -> Settings:
    """The configuration, checked, or `SettingsError`.

    `config_path` of None: the file that WAYSTATION_CONFIG names, else `waystation.toml` if there is one. `overrides`
    are dotted keys of the command line; None is not given. `known_providers` helps to read slugs in variable names.
    """
    name, named_by = _choose_file(config_path, environment)
    layer = read_file(name, named_by) if name else {}
    slugs = {*known_providers, *(path[1] for path in layer if path[0] == "providers")}
    layer |= read_variables(environment, slugs)
    layer |= _command_line(overrides or {})
    return assemble(layer, environment, name)


def _choose_file(config_path: str | None, environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    if config_path:
        return config_path, None
    if environment.get(CONFIG_VARIABLE):
        return environment[CONFIG_VARIABLE], CONFIG_VARIABLE
    return (DEFAULT_FILE if Path(DEFAULT_FILE).is_file() else None), None


def _command_line(overrides: Mapping[str, object]) -> Layer:
    layer: Layer = {}
    for key, value in overrides.items():
        if value is None:
            continue
        path = tuple(key.split("."))
        table = value
        for part in reversed(path):
            table = {part: table}
        layer |= leaves(table, CommandLine())
    return layer
