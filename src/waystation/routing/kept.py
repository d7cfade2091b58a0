"""A plan as it is kept with its generation, small and quickly made; and told in full when somebody asks later.

An explanation costs more than the plan it explains (30 us and up), so what happens on every request is `keep`: the
few facts of the moment that cannot be found again. The rest is in the catalogue.
"""

from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from waystation.catalog.endpoint import Endpoint
from waystation.operations.chat import ChatRequest, Tool
from waystation.operations.preferences import OrderBy, ProviderPreferences
from waystation.routing.clock import clock_at
from waystation.routing.explain import Considered, Explanation, explain, shown
from waystation.routing.offers import UNKNOWN_PRICE, Offer, Offers, blended
from waystation.routing.plan import Candidate, Exclusion, Plan, PlannedAttempt, Question, RouterStage
from waystation.routing.prompt import PromptSize
from waystation.routing.standing import UNTRIED, EndpointHealth, HealthSnapshot, endpoint_key
from waystation.routing.sticky import StickyUse


class KeptCandidate(Struct, frozen=True, array_like=True, gc=False):
    """A `Candidate` by its model's id."""

    model_id: str
    strategy: str
    requested: str
    sort: OrderBy | None
    tier: str | None
    free_only: bool
    stage: RouterStage | None = None


class KeptRow(Struct, frozen=True, array_like=True, gc=False):
    """One endpoint, in the order of attempts, then those left out. `price` is blended, USD per token; None: unknown."""

    model_id: str
    tag: str
    price: float | None
    health: EndpointHealth | None
    excluded_by: str | None


class KeptPlan(Struct, frozen=True, omit_defaults=True):
    """What a plan was made from and came to, without the prompt. `now` is Unix seconds."""

    seed: int
    now: float
    candidates: tuple[KeptCandidate, ...]
    rows: tuple[KeptRow, ...]
    names: tuple[str, ...] = ()
    provider: ProviderPreferences | None = None
    tools: bool = False
    service_tier: str | None = None
    route: str | None = None
    sticky: StickyUse | None = None


def keep(plan: Plan) -> KeptPlan:
    """The plan's facts. About 2 us, and 1 us more for each endpoint."""
    question = plan.question
    request = question.request
    offered = {
        offer.key: offer for candidate in question.candidates for offer in _offers(question.offers, candidate)
    }
    rows = [
        _row(attempt.endpoint.model_id, attempt.endpoint.tag, question, offered, None)
        for attempt in plan.attempts
    ]
    rows += [_row(left.model_id, left.tag, question, offered, left.reason) for left in plan.excluded]
    return KeptPlan(
        question.seed,
        question.now,
        tuple(
            [
                KeptCandidate(
                    one.model.id, one.strategy, one.requested, one.sort, one.tier, one.free_only, one.stage
                )
                for one in question.candidates
            ]
        ),
        tuple(rows),
        tuple([name for name in (request.model, *request.models) if name]),
        request.provider,
        bool(request.tools),
        request.service_tier,
        request.route,
        plan.sticky,
    )


def tell(kept: KeptPlan, offers: Offers) -> Explanation:
    """The plan in full, by the catalogue of today.

    Of an endpoint whose price is another now the price is the one it had, and its chance and score are not told; one
    that is not offered any more is told by what was kept.
    """
    candidates = tuple(
        Candidate(model, one.strategy, one.requested, one.sort, one.tier, one.free_only, one.stage)
        for one in kept.candidates
        if (model := offers.catalog.get(one.model_id)) is not None
    )
    if not candidates:
        told = Explanation(kept.names, _strategy(kept), offers.order, kept.seed, (), kept.sticky)
    else:
        health = _health(kept)
        question = Question(
            _request(kept), candidates, PromptSize(0, int), offers, kept.seed, kept.now, health
        )
        told = explain(Plan(_attempts(kept, question), question, _exclusions(kept), kept.sticky))
    places = {(row.model_id, row.tag): (place, row) for place, row in enumerate(kept.rows, 1)}
    rows = [_as_it_was(row, *places.pop((row.model, row.tag))) for row in told.considered]
    rows += [_gone(row, place, kept.now) for place, row in places.values()]
    in_order = sorted(rows, key=lambda row: (row.attempt is None, row.attempt or 0))
    return replace(told, strategy=_strategy(kept), considered=tuple(in_order))


def tell_of_one(endpoint: Endpoint, names: tuple[str, ...], strategy: str, offers: Offers) -> Explanation:
    """Where nothing was kept because there was nothing to decide: no draw, so the seed is 0."""
    price = blended(endpoint.pricing)
    known = None if price == UNKNOWN_PRICE else round(price * 1e6, 6)
    row = Considered(endpoint.model_id, endpoint.provider, endpoint.tag, 1, price=known)
    return Explanation(names, strategy, offers.order, 0, (row,))


def _offers(offers: Offers, candidate: Candidate) -> tuple[Offer, ...]:
    found = offers.of(candidate.model)
    return found.base + found.tiers if found.tiers else found.base


def _row(
    model_id: str, tag: str, question: Question, offered: dict[str, Offer], reason: str | None
) -> KeptRow:
    key = endpoint_key(model_id, tag)
    offer = offered.get(key)
    price = _price(offer, question) if offer is not None else None
    return KeptRow(model_id, tag, price, question.health.endpoints.get(key), reason)


def _price(offer: Offer, question: Question) -> float | None:
    price, pricing = offer.price, offer.endpoint.pricing
    if pricing.overrides:
        price = blended(pricing.at(question.prompt.tokens, clock_at(question.now)))
    return None if price == UNKNOWN_PRICE else price


def _request(kept: KeptPlan) -> ChatRequest:
    """As much of the request as routing depended on."""
    return ChatRequest(
        "",
        kept.names[0] if kept.names else None,
        (),
        models=kept.names[1:],
        provider=kept.provider,
        tools=(Tool("tool"),) if kept.tools else (),
        service_tier=kept.service_tier,
        route=kept.route,
    )


def _health(kept: KeptPlan) -> HealthSnapshot:
    known = {endpoint_key(row.model_id, row.tag): row.health for row in kept.rows if row.health is not None}
    return HealthSnapshot(MappingProxyType(known), MappingProxyType(known))


def _attempts(kept: KeptPlan, question: Question) -> tuple[PlannedAttempt, ...]:
    offered = {
        offer.key: PlannedAttempt(candidate, offer.endpoint)
        for candidate in reversed(question.candidates)
        for offer in _offers(question.offers, candidate)
    }
    keys = (endpoint_key(row.model_id, row.tag) for row in kept.rows if row.excluded_by is None)
    return tuple(offered[key] for key in keys if key in offered)


def _exclusions(kept: KeptPlan) -> tuple[Exclusion, ...]:
    return tuple(
        Exclusion(row.tag, row.model_id, row.excluded_by) for row in kept.rows if row.excluded_by is not None
    )


def _strategy(kept: KeptPlan) -> str | None:
    """The first attempt's; None where there was none."""
    first = kept.rows[0] if kept.rows else None
    if first is None or first.excluded_by is not None:
        return None
    return next((one.strategy for one in kept.candidates if one.model_id == first.model_id), None)


def _as_it_was(told: Considered, place: int, row: KeptRow) -> Considered:
    price = _per_million(row.price)
    place_then = place if row.excluded_by is None else None
    if told.price == price:
        return replace(told, attempt=place_then)
    return replace(told, attempt=place_then, price=price, chance=None, score=None)


def _gone(row: KeptRow, place: int, now: float) -> Considered:
    """An endpoint that is not offered any more."""
    return Considered(
        row.model_id,
        row.tag.partition("/")[0],
        row.tag,
        place if row.excluded_by is None else None,
        row.excluded_by,
        _per_million(row.price),
        health=shown(row.health or UNTRIED, now),
    )


def _per_million(price: float | None) -> float | None:
    return None if price is None else round(price * 1e6, 6)
