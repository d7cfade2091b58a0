"""The routing decision: a pure function of the candidates, the endpoints that can be called, and the request.

It knows nothing of clocks, sockets or who a provider is: what is callable and how the operator orders endpoints arrive
as `Offers`, randomness as a `Random`.
"""

from decimal import Decimal
from random import Random

from waystation.catalog.endpoint import Endpoint
from waystation.errors import Availability, Constraint, ModelUnavailable
from waystation.operations.chat import ChatRequest
from waystation.operations.preferences import ProviderPreferences, Sort
from waystation.routing.eligible import PromptSize, eligible, matches, may_serve, modalities
from waystation.routing.offers import Offers
from waystation.routing.plan import Candidate, Exclusion, Plan, PlannedAttempt

NO_PREFERENCES = ProviderPreferences()
ADVISED = 3
_EPSILON = Decimal("1e-9")


def select(
    request: ChatRequest,
    candidates: tuple[Candidate, ...],
    prompt: PromptSize,
    offers: Offers,
    random: Random,
) -> Plan:
    """The attempts to make, in order; `ModelUnavailable` where none is left."""
    if len(candidates) == 1 and request.provider is None:
        sole = _sole_endpoint(candidates[0], request, prompt, offers)
        if sole is not None:
            return Plan((PlannedAttempt(candidates[0], sole),))
    attempts: list[PlannedAttempt] = []
    excluded: list[Exclusion] = []
    wants = request.provider or NO_PREFERENCES
    for candidate in candidates:
        available = offers.chat_endpoints(candidate.model)
        kept, removed = eligible(available, request, prompt)
        excluded += removed
        ranked = _ranked(kept, wants, offers, random)
        attempts += [PlannedAttempt(candidate, endpoint) for endpoint in ranked]
    if not attempts:
        raise _unavailable(request, candidates, excluded, offers)
    if wants.allow_fallbacks is False:
        attempts = _without_fallbacks(attempts, wants)
    return Plan(tuple(attempts), tuple(excluded))


def _sole_endpoint(
    candidate: Candidate, request: ChatRequest, prompt: PromptSize, offers: Offers
) -> Endpoint | None:
    """The one endpoint that can be called, where there is just one and it will do: then there is nothing to order."""
    available = offers.chat_endpoints(candidate.model)
    if len(available) != 1 or not may_serve(available[0], modalities(request), request, prompt):
        return None
    return available[0]


def blended_price(endpoint: Endpoint) -> Decimal | None:
    """USD per token, prompt and completion three to one (contract 8.2, step 7e); None where either is unknown."""
    prompt, completion = endpoint.pricing.prompt, endpoint.pricing.completion
    if prompt is None or completion is None:
        return None
    return (3 * prompt + completion) / 4


def _ranked(
    endpoints: list[Endpoint],
    wants: ProviderPreferences,
    offers: Offers,
    random: Random,
) -> list[Endpoint]:
    if len(endpoints) <= 1:
        return endpoints
    by = wants.sort.by if isinstance(wants.sort, Sort) else wants.sort
    if by == "price" or (by is None and offers.order == "price"):
        ranked = sorted(endpoints, key=_price_key)
    elif by is None and offers.order == "listed":
        last = len(offers.listed)
        ranked = sorted(endpoints, key=lambda endpoint: offers.listed.get(endpoint.provider, last))
    else:
        ranked = _drawn(endpoints, random)
    if not wants.order:
        return ranked
    named = [endpoint for name in wants.order for endpoint in ranked if matches(endpoint.tag, (name,))]
    first = list({endpoint.tag: endpoint for endpoint in named}.values())
    return first + [endpoint for endpoint in ranked if endpoint not in first]


def _price_key(endpoint: Endpoint) -> tuple[bool, Decimal]:
    price = blended_price(endpoint)
    return (price is None, price or Decimal(0))


def _drawn(endpoints: list[Endpoint], random: Random) -> list[Endpoint]:
    """All endpoints, drawn one after another with weight 1/price²; those of unknown price come last."""
    priced = [(endpoint, price) for endpoint in endpoints if (price := blended_price(endpoint)) is not None]
    unpriced = [endpoint for endpoint in endpoints if blended_price(endpoint) is None]
    # A draw without replacement by weight w is an order by u^(1/w), u uniform; logarithms keep the numbers in range.
    keyed = [
        (random.expovariate(1.0) * float(max(price, _EPSILON)) ** 2, endpoint) for endpoint, price in priced
    ]
    return [endpoint for _, endpoint in sorted(keyed, key=lambda pair: pair[0])] + unpriced


def _without_fallbacks(attempts: list[PlannedAttempt], wants: ProviderPreferences) -> list[PlannedAttempt]:
    if wants.order:
        named = [attempt for attempt in attempts if matches(attempt.endpoint.tag, wants.order)]
        return named or attempts[:1]
    return attempts if wants.only else attempts[:1]


def _unavailable(
    request: ChatRequest,
    candidates: tuple[Candidate, ...],
    excluded: list[Exclusion],
    offers: Offers,
) -> ModelUnavailable:
    ids = tuple(candidate.model.id for candidate in candidates)
    first = candidates[0].model
    if excluded:
        return _filtered(request, ids, excluded)
    operations = {endpoint.operation for endpoint in first.endpoints}
    if operations and "chat" not in operations:
        detail = f"serves {', '.join(sorted(operations))}"
        return ModelUnavailable(
            f"{first.id} is not a chat model: it {detail}.",
            status=400,
            error_type="invalid_request",
            availability=Availability(
                "wrong_endpoint",
                retryable=False,
                requested_models=ids,
                constraint=Constraint("model", detail),
            ),
        )
    providers = tuple(dict.fromkeys(endpoint.provider for endpoint in first.endpoints))
    return ModelUnavailable(
        f"No endpoints found for {first.id}. {_advice(first.author, providers, offers)}",
        availability=Availability(
            "no_endpoints", retryable=False, requested_models=ids, affected_providers=providers
        ),
    )


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


def _filtered(request: ChatRequest, ids: tuple[str, ...], excluded: list[Exclusion]) -> ModelUnavailable:
    reasons = tuple(dict.fromkeys(exclusion.reason for exclusion in excluded))
    if reasons == ("context_length",):
        message = "The request is too long for every endpoint, or asks for more output than any gives."
    else:
        message = f"No endpoint of {ids[0]} meets the request's requirements: {', '.join(reasons)}."
    field = {
        "context_length": "max_tokens" if request.max_tokens else "messages",
        "modality": "messages",
    }.get(reasons[-1], "provider")
    return ModelUnavailable(
        message,
        availability=Availability(
            "constraint_filtered",
            retryable=False,
            requested_models=ids,
            excluded_by=reasons,
            constraint=Constraint(field, message),
        ),
    )
