"""From the names in a request to catalogue models (contract section 7), or an error that says what would have worked.

Order: presets, dynamic variants from the right, routers, `~author/family-latest`, then the catalogue's own lookup, where
static variants (`:free`) are rows.
"""

from collections.abc import Mapping
from typing import Final

from waystation.catalog.index import Catalog
from waystation.errors import Availability, InvalidRequest, ModelUnavailable, NotFound
from waystation.operations.chat import ChatRequest
from waystation.operations.preferences import OrderBy
from waystation.routing.offers import Offers
from waystation.routing.plan import Candidate
from waystation.routing.routers import ROUTERS, Asking, Router

_DYNAMIC: Final[dict[str, tuple[OrderBy | None, str | None]]] = {
    "nitro": ("throughput", "priority"),
    "floor": ("price", "flex"),
    "exacto": ("exacto", None),
    "online": (None, None),
}
"""Variants that are no rows: the sort they ask for, and the service tier they admit."""
_PRESET: Final = "@preset/"
_NICKNAMES: Final = {"auto": "openrouter/auto", "waystation/auto": "openrouter/auto"}
PICKING: Final = frozenset({"auto", "free", "pareto"})
"""The strategies of routers (contract 19)."""
LONGEST: Final = 256
"""Characters of an unknown name that are looked at and said again."""
_PLAIN: Final[tuple[OrderBy | None, str | None]] = (None, None)


def names_of(request: ChatRequest) -> tuple[str, ...]:
    """What the caller asked for: `model`, then `models`."""
    if not request.models:
        return (request.model,) if request.model else ()
    return tuple(name for name in (request.model, *request.models) if name)


def resolve(asking: Asking, routers: Mapping[str, Router] = ROUTERS) -> tuple[Candidate, ...]:
    """The models asked for, in order and without repeats; unknown ones are skipped while others remain.

    `routers` are those that pick models themselves, by slug.
    """
    names = names_of(asking.request)
    if asking.request.preset:
        raise _no_preset(asking.request.preset)
    if not names:
        raise InvalidRequest("model: required; name one as `author/name`")
    if len(names) == 1:
        found = _candidates(names[0], asking, routers)
        if not found:
            raise _not_found(names, asking.offers.catalog)
        return found
    return _several(names, asking, routers)


def router_of(requested: str, strategy: str) -> str | None:
    """The slug of the router that picked the model, as a generation's record names it; None where none did."""
    if strategy not in PICKING:
        return None
    base, _ = _peeled(requested)
    return _NICKNAMES.get(base, base)


def _several(names: tuple[str, ...], asking: Asking, routers: Mapping[str, Router]) -> tuple[Candidate, ...]:
    found: dict[str, Candidate] = {}
    refused: ModelUnavailable | None = None
    for name in names:
        try:
            candidates = _candidates(name, asking, routers)
        except ModelUnavailable as error:  # a router that finds nothing leaves the others their turn
            refused = refused or error
            continue
        for candidate in candidates:
            found.setdefault(candidate.model.id, candidate)
    if not found:
        raise refused or _not_found(names, asking.offers.catalog)
    return tuple(found.values())


def _candidates(name: str, asking: Asking, routers: Mapping[str, Router]) -> tuple[Candidate, ...]:
    """What one name means; empty where nobody knows it."""
    catalog = asking.offers.catalog
    model = catalog.get(name)
    if model is not None:
        return (Candidate(model, "direct", name),)
    base, (sort, tier) = _peeled(name)
    router = routers.get(_NICKNAMES.get(base, base))
    if router is not None:
        return router(asking, name, sort)
    if base.startswith("~"):
        return _latest(name, base, asking.offers, (sort, tier))
    resolution = catalog.resolve(base)
    if resolution is None:
        return ()
    return (Candidate(resolution.model, resolution.strategy, name, sort, tier),)


def _peeled(name: str) -> tuple[str, tuple[OrderBy | None, str | None]]:
    """The slug without its dynamic variants, and what the last of them that sorts asks for."""
    slug, mark, preset = name.partition(_PRESET)
    if mark:
        raise _no_preset(preset)
    wishes = _PLAIN
    while True:
        base, _, variant = slug.rpartition(":")
        wish = _DYNAMIC.get(variant.lower()) if base else None
        if wish is None:
            return slug, wishes
        if variant.lower() == "online":
            raise InvalidRequest(
                f"model: {name} asks for the plugin `web`, which this gateway does not have."
            )
        slug, wishes = base, wishes if wishes is not _PLAIN else wish


def _latest(
    name: str, base: str, offers: Offers, wishes: tuple[OrderBy | None, str | None]
) -> tuple[Candidate, ...]:
    """The newest of a family, of those that can be called if any can."""
    catalog = offers.catalog
    model = catalog.latest(base, lambda model: bool(offers.of(model).base)) or catalog.latest(base)
    return (Candidate(model, "latest", name, *wishes),) if model is not None else ()


def _no_preset(name: str) -> NotFound:
    return NotFound(f"There is no preset {name}.")


def _not_found(asked: tuple[str, ...], catalog: Catalog) -> ModelUnavailable:
    names = tuple(name[:LONGEST] for name in asked)
    name = names[0]
    slug, _ = _peeled(name)
    base, _, variant = slug.rpartition(":")
    if variant == "free" and base and catalog.resolve(base):
        return _gone(f"{name} is no longer offered for free; {base} is.", "free_variant_ended", names, base)
    successor = catalog.successor(slug)
    if successor is not None:
        return _gone(f"{name} is no longer served; use {successor}.", "model_deprecated", names, successor)
    prefixed = catalog.bare_name(slug)
    matches = (prefixed,) if prefixed else catalog.close_matches(slug)
    hint = f" Did you mean {' or '.join(matches)}?" if matches else " See GET /api/v1/models."
    return ModelUnavailable(
        f"{name} is not a valid model ID.{hint}",
        status=400,
        error_type="invalid_request",
        availability=Availability(
            "model_not_found", retryable=False, requested_models=names, fallback_models=matches
        ),
    )


def _gone(message: str, code: str, names: tuple[str, ...], instead: str) -> ModelUnavailable:
    return ModelUnavailable(
        message,
        availability=Availability(code, retryable=False, requested_models=names, fallback_models=(instead,)),
    )
