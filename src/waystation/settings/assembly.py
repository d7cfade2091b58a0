"""From a layer of values to `Settings`: `env:` references followed, every value checked against its key's type."""

import re
from collections.abc import Mapping
from typing import TypeVar, get_args

from msgspec import ValidationError, convert

from waystation.settings.keys import Given, KeyPath, Layer, dotted, field_types
from waystation.settings.problem import SettingsError, in_words, inner_path, suggestion
from waystation.settings.structs import (
    EXPLAINED,
    SECTIONS,
    CatalogSettings,
    CreditSettings,
    KeySettings,
    LimitSettings,
    LocalSettings,
    LoggingSettings,
    MediaSettings,
    ModelSettings,
    ProviderSettings,
    RateSettings,
    RecordSettings,
    RoutingSettings,
    Section,
    ServerSettings,
    Settings,
    SourceSettings,
    StorageSettings,
    UpstreamSettings,
)

_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")

AnySection = TypeVar("AnySection", bound=Section)


def assemble(layer: Layer, environment: Mapping[str, str], config_path: str | None) -> Settings:
    """The settings that this layer and the defaults make; `SettingsError` for the first value that does not fit."""
    work = _Assembly(layer, environment)
    slugs = dict.fromkeys(path[1] for path in layer if path[0] == "providers")
    return Settings(
        server=work.section(("server",), ServerSettings),
        storage=work.section(("storage",), StorageSettings),
        keys=work.section(("keys",), KeySettings),
        credits=work.section(("credits",), CreditSettings),
        records=work.section(("records",), RecordSettings),
        limits=work.section(("limits",), LimitSettings),
        providers={slug: work.section(("providers", slug), ProviderSettings) for slug in slugs},
        upstream=work.section(("upstream",), UpstreamSettings),
        media=work.section(("media",), MediaSettings),
        routing=work.section(("routing",), RoutingSettings),
        catalog=work.section(("catalog",), CatalogSettings),
        logging=work.section(("logging",), LoggingSettings),
        local=work.section(("local",), LocalSettings),
        environment=dict(environment),
        origins=work.origins,
        unset=work.unset,
        config_path=config_path,
    )


class _Assembly:
    """The sources, and what is learned of each key while its value is made."""

    def __init__(self, layer: Layer, environment: Mapping[str, str]) -> None:
        self._layer = layer
        self._environment = environment
        self.origins = {
            dotted((name, key)): "default" for name, kind in SECTIONS.items() for key in field_types(kind)
        }
        self.unset: dict[str, str] = {}

    def section(self, path: KeyPath, kind: type[AnySection]) -> AnySection:
        """One section of the values given for it."""
        types = field_types(kind)
        given = {key: self._layer[(*path, key)] for key in types if (*path, key) in self._layer}
        values = {key: self._value((*path, key), entry, types[key]) for key, entry in given.items()}
        try:
            return kind(**values)
        except ValueError as error:
            raise SettingsError(f"[{dotted(path)}]: {error}") from None

    def _value(self, path: KeyPath, given: Given, kind: object) -> object:
        self.origins[dotted(path)] = given.source.origin(path)
        value = self._followed(given.value, path, given)
        try:
            return convert(value, type=kind, strict=not given.source.is_text)
        except ValidationError as problem:
            raise SettingsError(_refusal(str(problem), path, given, kind)) from None

    def _followed(self, value: object, path: KeyPath, given: Given) -> object:
        """The value with every `env:NAME` in it replaced by that variable's value."""
        match value:
            case str():
                return self._variable(value, path, given) if value.startswith("env:") else value
            case list():
                return [self._followed(element, path, given) for element in value]
            case dict():
                return {key: self._followed(inner, path, given) for key, inner in value.items()}
        return value

    def _variable(self, reference: str, path: KeyPath, given: Given) -> str:
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise SettingsError(
                f"{given.source.origin(path)}: {dotted(path)}: after env: comes the name of a variable"
            )
        name = found[1]
        value = self._environment.get(name, "")
        if value:
            self.origins[dotted(path)] += f" ({name})"
        elif path[-1] == "api_key" and path[0] == "providers":
            self.unset[dotted(path)] = name
        else:
            raise SettingsError(
                f"{given.source.origin(path)}: {dotted(path)}: the variable {name} is not set"
            )
        return value


def _refusal(message: str, path: KeyPath, given: Given, kind: object) -> str:
    inside = (*path, *inner_path(message))
    place = f"{given.source.origin(inside)}: "
    stray = re.search(r"unknown field `([^`]*)`", message)
    if stray is not None:
        deeper = (*inside, stray[1])
        known = suggestion(stray[1], field_types(_inner_section(path)))
        return f"{given.source.origin(deeper)}: unknown key {dotted(deeper)}.{known}"
    choices = [choice for choice in get_args(kind) if isinstance(choice, str)]
    if choices and isinstance(given.value, str):
        listed = ", ".join(choices)
        return f'{place}{dotted(path)}: "{given.value}" is none of {listed}.{_close(given.value, choices)}'
    return f"{place}{dotted(inside)}: {in_words(message, EXPLAINED)}"


def _inner_section(path: KeyPath) -> type[Section]:
    """The section of the tables inside this key."""
    if path[0] == "limits":
        return RateSettings
    return ModelSettings if path[-1] == "models" else SourceSettings


def _close(word: str, choices: list[str]) -> str:
    guess = suggestion(word, choices)
    return guess if "Did you mean" in guess else ""
