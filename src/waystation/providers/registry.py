"""Every provider that can be named: those with a file of their own, the compatible rows, and the user's own servers.

Built once from the settings; says who is configured and what the others lack. Chooses nothing and calls nobody.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules

from waystation import providers
from waystation.providers.base import Configuration, Provider, Report, Secret, Timeouts, silent
from waystation.providers.compatible import CompatibleProvider, OwnServer, Row, rows
from waystation.providers.manners import Manners
from waystation.settings import ProviderSettings, Settings
from waystation.settings.problem import SettingsError, suggestion

_NOTHING_SAID = ProviderSettings()


class Registry:
    """Providers by slug. Build it with `Registry.build`; close it with `aclose`."""

    def __init__(self, known: Iterable[Provider]) -> None:
        self._by_slug = {provider.slug: provider for provider in sorted(known, key=lambda one: one.slug)}

    @classmethod
    def build(cls, settings: Settings, report: Report = silent) -> "Registry":
        """All providers with the operator's configuration; `SettingsError` for a row that names no known provider."""
        own_files, table = provider_classes(), rows()
        known: list[Provider] = [
            kind(
                _configuration(
                    settings,
                    slug,
                    kind.keys_in(settings.environment),
                    kind.manners,
                    report,
                    enabled=kind.enabled_by(settings),
                )
            )
            for slug, kind in own_files.items()
        ]
        known += [
            CompatibleProvider(
                slug, row, _configuration(settings, slug, _keys_of(row, settings), row, report)
            )
            for slug, row in table.items()
        ]
        for slug in settings.providers.keys() - own_files.keys() - table.keys():
            if not settings.providers[slug].base_url:
                hint = suggestion(slug, [*own_files, *table])
                raise SettingsError(
                    f"[providers.{slug}]: a server of your own needs `base_url`; no known provider has this name.{hint}"
                )
            known.append(OwnServer(slug, _configuration(settings, slug, (), Manners(), report)))
        return cls(known)

    def get(self, slug: str) -> Provider | None:
        """The provider with this slug, configured or not."""
        return self._by_slug.get(slug)

    def all(self) -> list[Provider]:
        """Every known provider, configured or not, by slug."""
        return list(self._by_slug.values())

    def configured(self) -> list[Provider]:
        """The providers that requests may be sent to, by slug."""
        return [provider for provider in self._by_slug.values() if provider.configured]

    def is_configured(self, slug: str) -> bool:
        """Whether requests may be sent to this provider."""
        provider = self._by_slug.get(slug)
        return provider is not None and provider.configured

    def why_not(self, slug: str) -> str:
        """A sentence for the operator: what would switch this provider on; empty where it is on."""
        provider = self._by_slug.get(slug)
        if provider is None:
            return f"This version cannot call the provider {slug}."
        return f"To use {provider.name}, {provider.missing}." if provider.missing else ""

    async def aclose(self) -> None:
        """Let every provider end what it started."""
        for provider in self._by_slug.values():
            await provider.aclose()

    def __iter__(self) -> Iterator[Provider]:
        return iter(self._by_slug.values())

    def __repr__(self) -> str:
        return f"<Registry of {len(self._by_slug)}, configured: {[one.slug for one in self.configured()]}>"


def known_slugs() -> list[str]:
    """Slugs of all providers that need no row in the configuration to be known."""
    return sorted([*provider_classes(), *rows()])


def provider_classes() -> dict[str, type[Provider]]:
    """Providers with a file (or a folder with `provider.py`) here: those modules whose `PROVIDER` is a provider."""
    found: dict[str, type[Provider]] = {}
    for module in iter_modules(providers.__path__, f"{providers.__name__}."):
        kind = getattr(
            import_module(f"{module.name}.provider" if module.ispkg else module.name), "PROVIDER", None
        )
        if isinstance(kind, type) and issubclass(kind, Provider):
            found[kind.slug] = kind
    return found


def _configuration(
    settings: Settings,
    slug: str,
    keys_in_environment: tuple[str, ...],
    manners: Manners,
    report: Report,
    *,
    enabled: bool = True,
) -> Configuration:
    said = settings.providers.get(slug, _NOTHING_SAID)
    keys = said.api_keys or keys_in_environment
    return Configuration(
        keys=tuple(Secret(key) for key in keys),
        base_url=said.base_url,
        dialect=said.dialect,
        headers=tuple(said.headers.items()),
        timeouts=Timeouts(
            connect_timeout=said.connect_timeout,
            first_byte_timeout=said.first_byte_timeout,
            answer_timeout=said.answer_timeout,
            idle_timeout=said.idle_timeout,
            total_timeout=said.total_timeout,
        ),
        manners=_merged(manners, said),
        enabled=said.enabled and enabled,
        unset_variable=_unset_variable(settings, slug),
        report=report,
        region=said.region,
        environment=settings.environment,
        upstream=settings.upstream,
    )


def _keys_of(row: Row, settings: Settings) -> tuple[str, ...]:
    found = (settings.environment.get(variable, "").strip() for variable in row.key_variables)
    return next(((key,) for key in found if key), ())


def _unset_variable(settings: Settings, slug: str) -> str | None:
    """The variable that the row's `api_key = "env:..."` names, where it is not set."""
    key = f"providers.{slug}.api_key"
    return next((variable for path, variable in settings.unset.items() if path.startswith(key)), None)


def _merged(manners: Manners, said: ProviderSettings) -> Manners:
    """The operator's manners over the provider's: verbs are added, facts replace."""
    return Manners(
        rename=manners.rename | said.rename,
        drop=manners.drop | set(said.drop),
        default=manners.default | said.default,
        reasoning_field=said.reasoning_field or manners.reasoning_field,
        nested_reasoning=manners.nested_reasoning if said.nested_reasoning is None else said.nested_reasoning,
        max_tokens_field=manners.max_tokens_field,
        developer_role=manners.developer_role,
        efforts=manners.efforts,
    )
