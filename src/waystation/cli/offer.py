"""The catalogue as the gateway would serve it with these settings: its layers, and who of its providers can be called."""

import click
from msgspec import Struct

from waystation.catalog.index import Catalog
from waystation.catalog.layers import Layer, overlay
from waystation.catalog.load import file_layers, load_packaged
from waystation.catalog.model import Model
from waystation.catalog.packed import CatalogError, catalog_of
from waystation.providers.own_models import own_models
from waystation.providers.registry import Registry
from waystation.settings import Settings


class Offer(Struct, frozen=True):
    """`catalog` is `base` with `layers` laid over it, later ones winning."""

    base: Catalog
    layers: list[Layer]
    catalog: Catalog
    registry: Registry

    def why_not(self, slug: str) -> str | None:
        """What would make a provider callable, as half a sentence; None where it is."""
        provider = self.registry.get(slug)
        return "this version cannot call it" if provider is None else provider.missing

    def callable_endpoints(self, model: Model) -> int:
        """How many endpoints of the model requests can be sent to."""
        return sum(self.registry.is_configured(endpoint.provider) for endpoint in model.endpoints)


def read_offer(settings: Settings) -> Offer:
    """Read every layer; a broken file ends the command with its name."""
    try:
        base = catalog_of(load_packaged())
        layers = file_layers(base.generated_at, settings.storage.data_path)
        layers += [own_models(settings)] if any(row.models for row in settings.providers.values()) else []
        return Offer(base, layers, overlay(base, layers), Registry.build(settings))
    except CatalogError as error:
        raise click.ClickException(str(error)) from error


def find(offer: Offer, slug: str) -> Model:
    """The model meant by an id, an old name or a name without its author; else an error with close matches."""
    bare = offer.catalog.bare_name(slug) if "/" not in slug else None
    resolution = offer.catalog.resolve(bare or slug)
    if resolution is not None:
        return resolution.model
    close = offer.catalog.close_matches(slug)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise click.ClickException(f"no model {slug}.{hint}")
