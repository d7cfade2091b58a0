"""Which keys exist: from a nested table to its leaves, refusing what no section knows. Knows no source and no value's type."""

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from msgspec import Struct
from msgspec.structs import fields

from waystation.settings.problem import SettingsError, suggestion
from waystation.settings.structs import SECTIONS, ProviderSettings, Section

KeyPath = tuple[str, ...]
"""`("server", "port")`, `("providers", "openai", "api_key")`; deeper inside lists and tables."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")


class Source(Protocol):
    """Where values come from. `is_text`: numbers and booleans arrive as text, as they do in the environment."""

    @property
    def is_text(self) -> bool: ...

    def origin(self, path: KeyPath) -> str:
        """The place of this key for people: `waystation.toml:12`, `WAYSTATION_SERVER__PORT`."""


class Given(Struct, frozen=True):
    """One value that somebody gave, and who."""

    value: object
    source: Source


Layer = dict[KeyPath, Given]


def dotted(path: KeyPath) -> str:
    """`server.port`."""
    return ".".join(path)


def field_types(section: type[Section]) -> dict[str, object]:
    """The keys of a section and the type of each."""
    return {field.name: field.type for field in fields(section)}


def section_at(path: KeyPath) -> type[Section] | None:
    """The section that this path names, None for a path above or inside one."""
    match path:
        case ("providers", _):
            return ProviderSettings
        case (name,):
            return SECTIONS.get(name)
    return None


def leaves(value: object, source: Source, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Given]]:
    """Every key under `path` with its value; refuses unknown keys and values where a table belongs.

    A provider's row is a leaf too, of no value: an empty one says that the provider is wanted.
    """
    if section_at(path[:-1]) is not None:
        yield path, Given(value, source)
        return
    if not isinstance(value, Mapping):
        raise SettingsError(f"{source.origin(path)}: {dotted(path)}: expected a table")
    if path[:-1] == ("providers",):
        yield path, Given(None, source)
    for name, inner in value.items():
        deeper = (*path, str(name))
        problem = unknown(deeper)
        if problem:
            raise SettingsError(f"{source.origin(deeper)}: {problem}")
        yield from leaves(inner, source, deeper)


def unknown(path: KeyPath) -> str | None:
    """What is wrong with the last word of a path whose other words are known; None where nothing is."""
    *above, name = path
    if above == ["providers"]:
        return (
            None
            if _SLUG.fullmatch(name)
            else f"{dotted(path)}: a provider's slug is lower case, such as my-vllm"
        )
    section = section_at(tuple(above))
    if not above:
        known = {*SECTIONS, "providers"}
        kind = "section"
    elif section is not None:
        known = set(field_types(section))
        kind = "key"
    else:
        return f"{dotted(path)}: lists and tables are given as one JSON value of {dotted(path[:-1])}"
    return None if name in known else f"unknown {kind} {dotted(path)}.{suggestion(name, known)}"
