"""From the names in a request to catalogue models (contract section 7), or an error that says what would have worked."""

from waystation.catalog.index import Catalog
from waystation.errors import Availability, InvalidRequest, ModelUnavailable
from waystation.routing.plan import Candidate


def resolve(names: tuple[str, ...], catalog: Catalog) -> tuple[Candidate, ...]:
    """The models asked for, in order and without repeats; unknown ones are skipped while others remain."""
    if not names:
        raise InvalidRequest("model: required; name one as `author/name`")
    found: dict[str, Candidate] = {}
    for name in names:
        candidate = _candidate(name, catalog)
        if candidate is not None:
            found.setdefault(candidate.model.id, candidate)
    if not found:
        raise _not_found(names, catalog)
    return tuple(found.values())


def _candidate(name: str, catalog: Catalog) -> Candidate | None:
    if name.startswith("~"):
        model = catalog.latest(name, lambda model: bool(model.endpoints))
        return Candidate(model, "latest") if model is not None else None
    resolution = catalog.resolve(name)
    return Candidate(resolution.model, resolution.strategy) if resolution is not None else None


def _not_found(names: tuple[str, ...], catalog: Catalog) -> ModelUnavailable:
    name = names[0]
    base, _, variant = name.rpartition(":")
    if variant == "free" and base and catalog.resolve(base):
        return ModelUnavailable(
            f"{name} is no longer offered for free; {base} is.",
            availability=Availability(
                "free_variant_ended", retryable=False, requested_models=names, fallback_models=(base,)
            ),
        )
    prefixed = catalog.bare_name(name)
    matches = (prefixed,) if prefixed else catalog.close_matches(name)
    hint = f" Did you mean {' or '.join(matches)}?" if matches else " See GET /api/v1/models."
    return ModelUnavailable(
        f"{name} is not a valid model ID.{hint}",
        status=400,
        error_type="invalid_request",
        availability=Availability(
            "model_not_found", retryable=False, requested_models=names, fallback_models=tuple(matches)
        ),
    )
