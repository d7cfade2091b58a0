"""The configuration that an import writes: providers, their models, and a few settings, as TOML."""

import json
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

_BARE = re.compile(r"[A-Za-z0-9_-]+")
HEADING = "# Written by `waystation import litellm`. Keys stand in the environment, under the names that are told here.\n"


class ModelRow(Struct):
    """One entry of a provider's `models`; prices are decimal strings in USD per token."""

    id: str
    native_id: str
    context_length: int | None = None
    max_completion_tokens: int | None = None
    prompt: str | None = None
    completion: str | None = None
    input_cache_read: str | None = None
    input_cache_write: str | None = None


class ProviderRow(Struct):
    """One `[providers.SLUG]` table. `variables` are the names of those that hold its keys."""

    slug: str
    variables: list[str] = []
    base_url: str | None = None
    region: str | None = None
    headers: dict[str, str] = {}
    timeouts: dict[str, float] = {}
    models: dict[tuple[str, str], ModelRow] = {}


class Fragment:
    """What is to be written."""

    def __init__(self) -> None:
        self.providers: dict[str, ProviderRow] = {}
        self.sections: dict[str, dict[str, object]] = {}
        self.aliases: dict[str, str] = {}
        """Names that clients use, and the models they mean: a file of the catalogue."""

    def provider(self, slug: str) -> ProviderRow:
        """The row of this provider, made where there is none."""
        return self.providers.setdefault(slug, ProviderRow(slug))

    def set(self, section: str, key: str, value: object) -> None:
        """A key of a section."""
        self.sections.setdefault(section, {})[key] = value

    def alias_toml(self) -> str:
        """The text of the catalogue's file."""
        return "\n".join((HEADING.partition(" Keys")[0], "[aliases]", *_lines(self.aliases), ""))

    def toml(self) -> str:
        """The text of the configuration."""
        parts = [HEADING]
        for section, values in sorted(self.sections.items()):
            parts.append("\n".join((f"[{section}]", *_lines(values), "")))
        parts += [
            "\n".join((f"[providers.{_key(slug)}]", *_lines(_of_row(self.providers[slug])), ""))
            for slug in sorted(self.providers)
        ]
        return "\n".join(parts)


def _of_row(row: ProviderRow) -> dict[str, object]:
    keys: list[str] = [f"env:{name}" for name in row.variables]
    values: dict[str, object] = {}
    if keys:
        values["api_key"] = keys[0] if len(keys) == 1 else keys
    if row.base_url:
        values["base_url"] = row.base_url
    if row.region:
        values["region"] = row.region
    if row.headers:
        values["headers"] = row.headers
    values |= row.timeouts
    if row.models:
        values["models"] = [
            {name: value for name in model.__struct_fields__ if (value := getattr(model, name)) is not None}
            for model in row.models.values()
        ]
    return values


def _lines(values: Mapping[str, object]) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{_key(key)} = ["
            yield from (f"  {_value(item)}," for item in value)
            yield "]"
        else:
            yield f"{_key(key)} = {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(str(key))} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    return str(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)
