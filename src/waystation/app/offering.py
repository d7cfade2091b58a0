"""What is on offer: the catalogue with the user's own servers in it, the providers, and which endpoints can be called."""

import logging

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.layers import configured_layer
from waystation.catalog.load import load
from waystation.providers.base import Provider
from waystation.providers.discover import discover
from waystation.providers.own_models import own_models
from waystation.providers.registry import Registry
from waystation.routing.offers import Offers
from waystation.settings import Settings
from waystation.upstream.client import Client

log = logging.getLogger(__name__)


async def catalog_and_providers(settings: Settings, client: Client) -> tuple[Catalog, Registry]:
    """The catalogue, with the models that are configured and those that servers list, and the providers.

    A server whose list cannot be read is logged, and has only the models that are configured.
    """
    registry = Registry.build(settings, _report)
    layers = [own_models(settings)]
    for provider in registry.configured():
        if not _is_asked(provider, settings):
            continue
        found = await discover(client, provider)
        if found.problem:
            log.warning(
                "could not read a provider's models",
                extra={"provider": provider.slug, "why": found.problem},
            )
        layers.append(configured_layer(found.models, f"{provider.slug}'s own list"))
    return load(settings.storage.data_path, layers), registry


def offers_of(settings: Settings, catalog: Catalog, registry: Registry, spoken: frozenset[str]) -> Offers:
    """What plans choose among; `spoken` are the names of all dialects towards providers."""

    def is_callable(endpoint: Endpoint) -> bool:
        provider = registry.get(endpoint.provider)
        return provider is not None and provider.configured and provider.dialect_of(endpoint) in spoken

    def why_not(slug: str) -> str | None:
        return registry.why_not(slug) if registry.get(slug) is not None else None

    listed = {slug: rank for rank, slug in enumerate(settings.providers)}
    return Offers(catalog, is_callable, settings.routing.order, listed, why_not)


def name_of(slug: str, registry: Registry, catalog: Catalog) -> str:
    """A provider's display name."""
    provider = registry.get(slug)
    facts = catalog.providers.get(slug)
    return provider.name if provider is not None else facts.name if facts is not None else slug


def _is_asked(provider: Provider, settings: Settings) -> bool:
    """Whether a provider is asked what it serves: where its row says so, or nothing else tells of its models."""
    row = settings.providers.get(provider.slug)
    if row is None:
        return provider.lists_models
    return row.discover or (provider.lists_models and not row.models)


def _report(message: str) -> None:
    log.info(message)
