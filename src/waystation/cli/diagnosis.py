"""What `waystation doctor` finds out: settings, providers and checks, as data. Changes nothing and calls no provider."""

from typing import Literal

from msgspec import Struct

from waystation import __version__
from waystation.catalog.index import Catalog
from waystation.catalog.load import load as load_catalog
from waystation.catalog.packed import CatalogError
from waystation.cli.checks import (
    Check,
    check_address,
    check_catalog,
    check_data_dir,
    check_database,
    check_embedded_model,
    check_providers,
    check_upstream,
)
from waystation.providers.base import Provider
from waystation.providers.registry import Registry
from waystation.settings import OTHER_VARIABLES, Settings, Shown, show


class ProviderState(Struct, frozen=True):
    """One provider: whether requests can be sent, and where its key came from or what would give it one."""

    slug: str
    name: str
    configured: bool
    key: Literal["yes", "no", "not needed"]
    origin: str


class Diagnosis(Struct, frozen=True):
    """Everything found. `next` is what to do, most urgent first."""

    version: str
    can_serve: bool
    config_file: str | None
    checks: list[Check]
    settings: list[Shown]
    providers: list[ProviderState]
    next: list[str]


def diagnose(settings: Settings) -> Diagnosis:
    """Look at everything that serving needs."""
    catalog, problem = _load_catalog(settings)
    registry = Registry.build(settings)
    checks = [
        check_data_dir(settings.storage.data_path),
        check_address(settings.server.host, settings.server.port),
        check_database(settings.storage.database_url, settings.storage.data_path),
        check_catalog(catalog, registry, problem),
        check_providers(settings, registry),
        check_embedded_model(settings),
        check_upstream(settings),
    ]
    can_serve = all(check.state != "failed" for check in checks)
    return Diagnosis(
        version=__version__,
        can_serve=can_serve,
        config_file=settings.config_path,
        checks=checks,
        settings=[*_other_variables(settings), *show(settings)],
        providers=[_state(settings, provider) for provider in registry.all()],
        next=_what_to_do(checks, can_serve=can_serve),
    )


def _what_to_do(checks: list[Check], *, can_serve: bool) -> list[str]:
    """What keeps the gateway from serving comes first; what is in order has something to say only when nothing does."""
    states = ("failed", "warning", "ok") if can_serve else ("failed", "warning")
    return [check.next for state in states for check in checks if check.state == state and check.next]


def _load_catalog(settings: Settings) -> tuple[Catalog, str | None]:
    try:
        return load_catalog(settings.storage.data_path), None
    except CatalogError as error:
        return Catalog(), str(error)


def _other_variables(settings: Settings) -> list[Shown]:
    given = [name for name in OTHER_VARIABLES if settings.environment.get(name)]
    return [Shown(name, settings.environment[name], "environment") for name in given]


def _state(settings: Settings, provider: Provider) -> ProviderState:
    origin = key_origin(settings, provider)
    key: Literal["yes", "no", "not needed"] = (
        "yes" if origin else "no" if provider.needs_key else "not needed"
    )
    return ProviderState(
        provider.slug, provider.name, provider.configured, key, origin or provider.missing or ""
    )


def key_origin(settings: Settings, provider: Provider) -> str | None:
    """Where the provider's key came from: the configuration's place or the variable; None where it has none."""
    row = settings.providers.get(provider.slug)
    if row is not None and row.api_keys:
        return settings.origins.get(f"providers.{provider.slug}.api_key")
    found = (name for name in provider.key_variables if settings.environment.get(name, "").strip())
    return next(found, None)
