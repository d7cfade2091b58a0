"""What of the settings may be shown: every key with its value for people and its origin, secrets masked."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from waystation.settings.keys import field_types
from waystation.settings.masks import MASK, harmless
from waystation.settings.structs import SECTIONS, Section, Settings


class Shown(Struct, frozen=True):
    """One row of the report: the dotted key, the value (JSON types, masked), where it came from."""

    key: str
    value: object
    origin: str


def show(settings: Settings) -> list[Shown]:
    """Every key of every section, and of every provider's row those that were given."""
    rows = [row for name in SECTIONS for row in _section(settings, name, getattr(settings, name))]
    for slug, provider in settings.providers.items():
        rows += [
            row for row in _section(settings, f"providers.{slug}", provider) if row.key in settings.origins
        ]
    return rows


def _section(settings: Settings, path: str, section: Section) -> Iterator[Shown]:
    for key in field_types(type(section)):
        name = f"{path}.{key}"
        value = getattr(section, key)
        if key in section.secrets:
            value = MASK if value else ""
        yield Shown(name, harmless(msgspec.to_builtins(value)), settings.origins.get(name, "default"))
