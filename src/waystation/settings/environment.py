"""The environment: the only place that reads it, and how its `WAYSTATION_*` variables become a layer of values."""

import os
import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import inspect

from waystation.settings.keys import KeyPath, Layer, dotted, field_types, leaves, section_at, unknown
from waystation.settings.problem import SettingsError, suggestion
from waystation.settings.structs import SECTIONS

PREFIX = "WAYSTATION_"
CONFIG_VARIABLE = "WAYSTATION_CONFIG"
OTHER_VARIABLES = {
    CONFIG_VARIABLE: "the configuration file",
    "WAYSTATION_SHARED": "where tests and tools find the shared reference material; the gateway does not read it",
}
"""Variables with the prefix that are no keys."""

_CONTAINERS = (inspect.ListType, inspect.VarTupleType, inspect.DictType)


def read_environment() -> dict[str, str]:
    """A snapshot of the process's environment; nothing else in the program reads it."""
    return dict(os.environ)


class Variable:
    """A `Source`: one environment variable."""

    is_text = True

    def __init__(self, name: str) -> None:
        self._name = name

    def origin(self, path: KeyPath) -> str:  # noqa: ARG002 -- a variable is one place, whatever is inside
        """The variable's name."""
        return self._name


def read_variables(environment: Mapping[str, str], slugs: Iterable[str]) -> Layer:
    """The values of all `WAYSTATION_*` variables that are not empty; a more specific one wins over a whole table.

    `slugs` are provider slugs that are known: a variable's name cannot tell `-` from `_`.
    """
    folded = {_folded(slug): slug for slug in slugs}
    layer: Layer = {}
    names = [name for name, value in environment.items() if name.startswith(PREFIX) and value.strip()]
    for name in sorted(set(names) - OTHER_VARIABLES.keys(), key=lambda name: (name.count("__"), name)):
        path = _path(name, folded)
        layer |= leaves(_value(name, environment[name], path), Variable(name), path)
    return layer


def variable_for(path: KeyPath) -> str:
    """The variable that sets this key: `WAYSTATION_PROVIDERS__MY_VLLM__BASE_URL`."""
    return PREFIX + "__".join(_folded(part) for part in path)


def _path(name: str, folded_slugs: Mapping[str, str]) -> KeyPath:
    words = name.removeprefix(PREFIX).split("__")
    path = tuple(word.lower() for word in words)
    if path[0] == "providers" and len(path) > 1:
        slug = folded_slugs.get(words[1], path[1].replace("_", "-"))
        path = ("providers", slug, *path[2:])
    for end in range(1, len(path) + 1):
        problem = unknown(path[:end])
        if problem:
            raise SettingsError(f"{name}: {_hint(name, path) or problem}")
    return path


def _hint(name: str, path: KeyPath) -> str | None:
    """For a name of one level, such as a misspelt WAYSTATION_CONFIG or WAYSTATION_PORT, what was most likely meant."""
    if len(path) > 1:
        return None
    known = {
        *OTHER_VARIABLES,
        *(variable_for((s, key)) for s, cls in SECTIONS.items() for key in field_types(cls)),
    }
    endings = [variable for variable in sorted(known) if variable.endswith(f"__{_folded(path[0])}")]
    guess = f' Did you mean "{endings[0]}"?' if endings else suggestion(name, known)
    return "unknown variable." + (guess if "Did you mean" in guess else " See docs/configuration.md.")


def _value(name: str, text: str, path: KeyPath) -> object:
    section = section_at(path[:-1])
    if section is None:
        return _from_json(name, text, f"{dotted(path)} is a table and is given as JSON")
    kinds = _kinds(inspect.type_info(field_types(section)[path[-1]]))
    if not any(isinstance(kind, _CONTAINERS) for kind in kinds):
        return text
    if any(isinstance(kind, inspect.StrType) for kind in kinds) and not text.lstrip().startswith("["):
        return text
    return _from_json(name, text, f"{dotted(path)} is a list or a table and is given as JSON")


def _kinds(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _from_json(name: str, text: str, rule: str) -> object:
    try:
        value: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise SettingsError(f"{name}: not valid JSON; {rule}") from None
    return value


def _folded(word: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", word.upper())
