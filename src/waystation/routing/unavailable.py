"""What is said when no endpoint is left before anything was tried (contract 2.4), and what would have helped."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from waystation.catalog.model import Model
from waystation.errors import Availability, Constraint, ModelUnavailable
from waystation.routing.offers import Offers
from waystation.routing.plan import Exclusion, Question

ADVISED = 3
_POLICY = frozenset({"data_policy:zdr", "data_policy:training"})
_REGION = frozenset({"geo", "data_region"})
_OURS = {
    "modality": None,
    "tier": None,
    "distillable": None,
    "free_only": "max_price",
    "preferred_parameters": "require_parameters",
    "allowed_models": "allowed_providers",
}
"""Reasons that `excluded_by` has no word for, and the word that stands for them there, if any."""
_FIELDS = {
    "modality": "messages",
    "quantization": "provider.quantizations",
    "max_price": "provider.max_price",
    "require_parameters": "provider.require_parameters",
    "distillable": "provider.enforce_distillable_text",
    "tier": "service_tier",
}


def unavailable(question: Question, excluded: Sequence[Exclusion]) -> ModelUnavailable:
    """The error for a request that nothing may serve."""
    offers = question.offers
    ids = tuple(candidate.model.id for candidate in question.candidates)
    first = question.candidates[0].model
    if excluded:
        return _filtered(question, ids, excluded)
    operations = {endpoint.operation for endpoint in first.endpoints}
    if operations and offers.operation not in operations:
        return _wrong_endpoint(first, ids, operations, offers.operation)
    providers = tuple(dict.fromkeys(endpoint.provider for endpoint in first.endpoints))
    return ModelUnavailable(
        f"No endpoints found for {first.id}. {_advice(first.author, providers, offers)}",
        availability=Availability(
            "no_endpoints",
            retryable=False,
            requested_models=ids,
            affected_providers=providers,
            fallback_models=_siblings(first, offers),
        ),
    )


def _wrong_endpoint(model: Model, ids: tuple[str, ...], operations: set[str], asked: str) -> ModelUnavailable:
    detail = f"serves {', '.join(sorted(operations))}"
    return ModelUnavailable(
        f"{model.id} does not serve {asked}: it {detail}.",
        status=400,
        error_type="invalid_request",
        availability=Availability(
            "wrong_endpoint", retryable=False, requested_models=ids, constraint=Constraint("model", detail)
        ),
    )


def _filtered(question: Question, ids: tuple[str, ...], excluded: Sequence[Exclusion]) -> ModelUnavailable:
    reasons = tuple(dict.fromkeys(exclusion.reason for exclusion in excluded))
    availability = Availability("", retryable=False, requested_models=ids, excluded_by=excluded_by(reasons))
    if _REGION.issuperset(reasons):
        return ModelUnavailable(
            f"No endpoint of {ids[0]} is in a region that this account may use.",
            status=403,
            error_type="permission_denied",
            availability=replace(availability, code="region_restricted"),
        )
    if _POLICY.issuperset(reasons):
        return ModelUnavailable(
            f"No endpoint of {ids[0]} meets the data policy asked for: {', '.join(reasons)}.",
            availability=replace(availability, code="privacy_restricted"),
        )
    if reasons == ("context_length",):
        message = "The request is too long for every endpoint, or asks for more output than any gives."
    else:
        message = f"No endpoint of {ids[0]} meets the request's requirements: {', '.join(reasons)}."
    return ModelUnavailable(
        message,
        availability=replace(
            availability,
            code="constraint_filtered",
            constraint=Constraint(_field(question, reasons[-1]), message),
        ),
    )


def excluded_by(reasons: Iterable[str]) -> tuple[str, ...]:
    """Reasons in the words of contract 2.4, without those it has none for."""
    return tuple(dict.fromkeys(word for reason in reasons if (word := _OURS.get(reason, reason))))


def _field(question: Question, reason: str) -> str:
    """The request's field behind the filter that removed the last endpoint."""
    request = question.request
    if reason == "context_length":
        return "max_tokens" if request.max_tokens else "messages"
    if reason == "allowed_providers" and request.provider is not None:
        return "provider.only" if request.provider.only else "provider.ignore"
    return _FIELDS.get(reason, "provider")


def _siblings(model: Model, offers: Offers) -> tuple[str, ...]:
    """Models of the same author that can be called."""
    found = (each.model.id for each in offers.every() if each.model.author == model.author)
    return tuple(model_id for _, model_id in zip(range(ADVISED), found, strict=False))


def _advice(author: str, providers: tuple[str, ...], offers: Offers) -> str:
    """What would help: the author's own provider first, then others that this version can call."""
    ranked = sorted(providers, key=lambda slug: not _is_own(author, slug))
    advice = [sentence for slug in ranked if (sentence := offers.why_not(slug)) is not None]
    if advice:
        return " ".join(advice[:ADVISED])
    return f"This version cannot call its providers yet: {', '.join(ranked)}."


def _is_own(author: str, provider: str) -> bool:
    """`x-ai` serves at `xai`, `mistralai` at `mistral`."""
    return author.replace("-", "").startswith(provider.replace("-", ""))
