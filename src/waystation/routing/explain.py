"""A plan told in full: each endpoint considered, its price, health and chance, why it is where it is or was left out.

Made from the plan's question alone, and only when somebody asks. Executed plans and `POST /route` are told alike.
"""

from collections.abc import Iterable

from msgspec import Struct

from waystation.operations.preferences import OrderBy
from waystation.routing.draw import exponential
from waystation.routing.exacto import DEPRIORITISED, INSUFFICIENT, tiers
from waystation.routing.offers import UNKNOWN_PRICE, ModelOffers, Offer, named
from waystation.routing.order import Rule, is_global, sort_of, thresholds
from waystation.routing.plan import Candidate, Plan, PlannedAttempt, Question, RouterStage
from waystation.routing.standing import EndpointHealth, Quantiles, endpoint_key
from waystation.routing.sticky import StickyUse


class HealthShown(Struct, frozen=True, omit_defaults=True):
    """What was known of an endpoint: uptimes in percent, seconds that an outage, cool-down or probe still lasts."""

    uptime_5m: float | None = None
    uptime_30m: float | None = None
    uptime_1d: float | None = None
    latency: Quantiles | None = None
    throughput: Quantiles | None = None
    outage_for: float = 0.0
    cooling_for: float = 0.0
    probe_for: float = 0.0


class Considered(Struct, frozen=True, omit_defaults=True):
    """One endpoint. `attempt` is its place, from 1, or None with `excluded_by`, the reason it was left out.

    `price` is blended, USD per million tokens. In a draw `chance` is the share of seeds that would put it first among the
    endpoints of its group, troubles aside, and `score` what it drew: the lowest comes first.
    `why` are the rules that placed it, in words.
    """

    model: str
    provider: str
    tag: str
    attempt: int | None = None
    excluded_by: str | None = None
    price: float | None = None
    chance: float | None = None
    score: float | None = None
    health: HealthShown = HealthShown()
    why: tuple[str, ...] = ()


class Explanation(Struct, frozen=True):
    """A decision. `order` is the rule: `listed by the caller`, a sort, or the operator's default; `seed` fixes the draw.

    `strategy` is the first attempt's (contract 19), None where nothing was left to try.
    """

    requested: tuple[str, ...]
    strategy: str | None
    order: str
    seed: int
    considered: tuple[Considered, ...]
    sticky: StickyUse | None = None
    router: RouterStage | None = None
    """Why a router that reads the request chose these models."""


def explain(plan: Plan) -> Explanation:
    """The plan in full; one from `decide` may have no attempt."""
    question = plan.question
    places: dict[str, int] = {}
    for place, attempt in enumerate(plan.attempts, 1):
        places.setdefault(_key(attempt), place)
    reasons = {endpoint_key(left.model_id, left.tag): left.reason for left in plan.excluded}
    rows = [
        row
        for group, candidate in _groups(question)
        for row in _Telling(question, group, candidate, plan.sticky).rows(places, reasons)
    ]
    rows.sort(key=lambda row: (row.attempt is None, row.attempt or 0))
    request = question.request
    return Explanation(
        tuple(name for name in (request.model, *request.models) if name),
        plan.attempts[0].candidate.strategy if plan.attempts else None,
        _order(question, question.candidates[0]),
        question.seed,
        tuple(rows),
        plan.sticky,
        next((one.stage for one in question.candidates if one.stage is not None), None),
    )


class _Telling:
    """Tells of the endpoints of one group."""

    def __init__(
        self,
        question: Question,
        group: tuple[ModelOffers, ...],
        candidate: Candidate,
        sticky: StickyUse | None,
    ) -> None:
        self.question = question
        self.sticky = sticky
        self.group = group
        self.rule = Rule(question, group, candidate)
        self.meets = thresholds(question.request.provider)
        self.exacto: dict[str, int] = {}
        for offers in group:
            self.exacto.update(tiers(offers, question.health))
        order = _order(question, candidate)
        self.draws = order == "weighted"
        self.by_exacto = bool(question.request.tools) if self.draws else order == "exacto"

    def rows(self, places: dict[str, int], reasons: dict[str, str]) -> list[Considered]:
        """One row for each endpoint that was tried or left out; tiers nobody asked for are not told of."""
        offers = [
            o for each in self.group for o in (*each.base, *each.tiers) if o.key in places or o.key in reasons
        ]
        weights = {o.key: 1 / self.rule.square(o) for o in offers if o.key in places}
        total = sum(weights.values())
        return [
            self._row(
                offer,
                places.get(offer.key),
                reasons.get(offer.key) if offer.key not in places else None,
                weights[offer.key] / total if self.draws and total and offer.key in places else None,
            )
            for offer in offers
        ]

    def _row(self, offer: Offer, place: int | None, reason: str | None, chance: float | None) -> Considered:
        health, price = self.question.health.of(offer.key), self.rule.price(offer)
        drawn = chance is not None and price != UNKNOWN_PRICE
        return Considered(
            offer.endpoint.model_id,
            offer.endpoint.provider,
            offer.endpoint.tag,
            place,
            reason,
            None if price == UNKNOWN_PRICE else round(price * 1e6, 6),
            chance,
            exponential(self.question.seed, offer.salt) * self.rule.square(offer) * 1e12 if drawn else None,
            shown(health, self.question.now),
            tuple(self._why(offer, health, place)),
        )

    def _why(self, offer: Offer, health: EndpointHealth, place: int | None) -> Iterable[str]:
        if place is None:
            return
        now, sticky = self.question.now, self.sticky
        if named(offer, self.rule.listed):
            yield "listed in provider.order"
        if health.outage_until > now:
            yield "an outage in the last 30 seconds"
        if health.cooling_until > now:
            yield "the provider asked to be left alone"
        if health.probe_until > now:
            yield "a probe is under way"
        if health.demotion:
            yield "uptime below 95 %" if health.demotion == 1 else "uptime below 80 %"
        if self.by_exacto and self.exacto:
            tier = self.exacto.get(offer.key, INSUFFICIENT)
            yield f"exacto: {('good', 'insufficient data', 'deprioritised')[min(tier, DEPRIORITISED)]}"
        if self.meets is not None:
            yield (
                "meets the preferred percentiles"
                if self.meets(health)
                else "misses the preferred percentiles"
            )
        if sticky is not None and (sticky.model_id, sticky.tag) == (
            offer.endpoint.model_id,
            offer.endpoint.tag,
        ):
            yield f"the conversation's last endpoint: {'followed' if sticky.followed else 'not followed'}, {sticky.reason}"


def _groups(question: Question) -> list[tuple[tuple[ModelOffers, ...], Candidate]]:
    candidates = question.candidates
    offers = [question.offers.of(candidate.model) for candidate in candidates]
    if is_global(question.request):
        return [(tuple(offers), candidates[0])]
    return [((each,), candidate) for each, candidate in zip(offers, candidates, strict=True)]


def _order(question: Question, candidate: Candidate) -> OrderBy | str:
    wants = question.request.provider
    if wants is not None and wants.order:
        return "listed by the caller"
    return sort_of(question.request, candidate) or question.offers.order


def shown(health: EndpointHealth, now: float) -> HealthShown:
    """What is told of an endpoint's health at this moment."""
    return HealthShown(
        health.uptime_5m,
        health.uptime_30m,
        health.uptime_1d,
        health.latency,
        health.throughput,
        round(max(health.outage_until - now, 0.0), 3),
        round(max(health.cooling_until - now, 0.0), 3),
        round(max(health.probe_until - now, 0.0), 3),
    )


def _key(attempt: PlannedAttempt) -> str:
    return endpoint_key(attempt.endpoint.model_id, attempt.endpoint.tag)
