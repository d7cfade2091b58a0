"""Which layer of the catalogue each fact of a model came from: the layers are laid on one by one and compared."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct

from waystation.catalog.index import Catalog
from waystation.catalog.layers import Layer, overlay
from waystation.catalog.model import Model

PACKAGED = "packaged"


class Fact(Struct, frozen=True):
    """One field, dotted (`endpoints[openai].pricing.prompt`), its value in JSON types, and the layer that said so."""

    field: str
    value: object
    layer: str


def explain(model_id: str, base: Catalog, layers: Iterable[Layer]) -> list[Fact]:
    """Every fact of the model of exactly this id, in the order of the structs; empty where no layer knows it."""
    catalog = base
    facts = _facts(base.get(model_id), {}, PACKAGED)
    for layer in layers:
        catalog = overlay(catalog, [layer])
        facts = _facts(catalog.get(model_id), facts, layer.name)
    return list(facts.values())


def plain(model: Model) -> dict[str, object]:
    """The model in JSON types: prices as decimal strings, sets in order."""
    built: dict[str, object] = msgspec.json.decode(msgspec.json.encode(model, order="deterministic"))
    return built


def _facts(model: Model | None, earlier: Mapping[str, Fact], layer: str) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for field, value in _leaves(plain(model), "") if model is not None else ():
        known = earlier.get(field)
        found[field] = known if known is not None and known.value == value else Fact(field, value, layer)
    return found


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict) and "tag" in value[0]:
        for endpoint in value:
            yield from _leaves(endpoint, f"{path}[{endpoint['tag']}]")
    else:
        yield path, value
