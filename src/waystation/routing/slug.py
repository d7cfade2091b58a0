"""From the names in a request to catalogue models (contract section 7), or an error that says what would have worked."""

from waystation.catalog.index import Catalog
from waystation.errors import Availability, InvalidRequest, ModelUnavailable
from waystation.operations.chat import ChatRequest
from waystation.routing.offers import Offers
from waystation.routing.plan import Candidate


def names_of(request: ChatRequest) -> tuple[str, ...]:
    """What the caller asked for: `model`, then `models`."""
    if not request.models:
        return (request.model,) if request.model else ()
    return tuple(name for name in (request.model, *request.models) if name)


def resolve(names: tuple[str, ...], offers: Offers) -> tuple[Candidate, ...]:
    """The models asked for, in order and without repeats; unknown ones are skipped while others remain."""
    if not names:
        raise InvalidRequest("model: required; name one as `author/name`")
    found: dict[str, Candidate] = {}
    for name in names:
        candidate = _candidate(name, offers)
        if candidate is not None:
            found.setdefault(candidate.model.id, candidate)
    if not found:
        raise _not_found(names, offers.catalog)
    return tuple(found.values())


def _candidate(name: str, offers: Offers) -> Candidate | None:
    catalog = offers.catalog
    if name.startswith("~"):
        model = catalog.latest(name, lambda model: bool(offers.chat_endpoints(model))) or catalog.latest(name)
        return Candidate(model, "latest") if model is not None else None
    resolution = catalog.resolve(name)
    return Candidate(resolution.model, resolution.strategy) if resolution is not None else None


def _not_found(names: tuple[str, ...], catalog: Catalog) -> ModelUnavailable:
    name = names[0]
    base, _, variant = name.rpartition(":")
    if variant == "free" and base and catalog.resolve(base):
        return _gone(f"{name} is no longer offered for free; {base} is.", "free_variant_ended", names, base)
    successor = catalog.successor(name)
    if successor is not None:
        return _gone(f"{name} is no longer served; use {successor}.", "model_deprecated", names, successor)
    prefixed = catalog.bare_name(name)
    matches = (prefixed,) if prefixed else catalog.close_matches(name)
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
