"""In which order the offers of one group are tried (contract 8.2, steps 7 and 8). A group is a model's offers, or all.

Rules that only move some offers behind others are stable partitions laid over each other; each is skipped where nothing
it looks at is known.
"""

from collections.abc import Callable, Iterable

from waystation.operations.chat import ChatRequest
from waystation.operations.preferences import OrderBy, Percentiles, ProviderPreferences, Sort
from waystation.routing.clock import clock_at
from waystation.routing.draw import exponential
from waystation.routing.exacto import INSUFFICIENT, tiers
from waystation.routing.offers import EPSILON, ModelOffers, Offer, blended, named
from waystation.routing.plan import Candidate, Question
from waystation.routing.standing import EndpointHealth


class Rule:
    """How one group is ordered: by what the caller sorts, else by the operator's default (`sort` of None)."""

    __slots__ = ("group", "listed", "question", "sort")

    def __init__(self, question: Question, group: tuple[ModelOffers, ...], candidate: Candidate) -> None:
        self.question = question
        self.group = group
        wants = question.request.provider
        self.listed = (wants.order if wants is not None else None) or ()
        self.sort = sort_of(question.request, candidate)

    def ranked(self, offers: list[Offer]) -> list[Offer]:
        """The offers in the order they are to be tried."""
        if len(offers) <= 1:
            return offers
        if self.listed:
            listed, rest = listed_first(offers, self.listed)
            found = listed + self._by_default(rest)
        elif self.sort is not None:
            found = self._cooled_last(self._sorted(offers, self.sort))
        else:
            found = self._by_default(offers)
        if self.question.request.service_tier == "priority":
            found = self._tier_first(found)
        return self._demoted_last(found)

    def _by_default(self, offers: list[Offer]) -> list[Offer]:
        order = self.question.offers.order
        if order == "weighted":
            found = self._drawn(offers)
            if self.question.request.tools:
                found = self._by_exacto(found)
        elif order == "listed":
            found = sorted(offers, key=lambda offer: offer.rank)
        else:
            found = self._sorted(offers, order)
        return self._stable_first(found)

    def _drawn(self, offers: list[Offer]) -> list[Offer]:
        """All offers drawn one after another with weight 1/price²; those of unknown price come last.

        A draw without replacement by weights w is an order by E/w, E exponential (Efraimidis and Spirakis, 2006).
        """
        seed = self.question.seed
        squares = self.square if any(group.repriced for group in self.group) else _square
        keyed = [(exponential(seed, offer.salt) * squares(offer), offer.salt, offer) for offer in offers]
        keyed.sort()
        return [offer for _, _, offer in keyed]

    def _sorted(self, offers: list[Offer], by: str) -> list[Offer]:
        """By price ascending, throughput descending or latency ascending; without figures last, equal ones by price."""
        health = self.question.health
        cheapest = sorted(offers, key=self.price)
        if by == "throughput":
            return sorted(cheapest, key=lambda offer: -pace(health.of(offer.key)))
        if by == "latency":
            return sorted(cheapest, key=lambda offer: delay(health.of(offer.key)))
        return self._by_exacto(cheapest) if by == "exacto" else cheapest

    def _by_exacto(self, offers: list[Offer]) -> list[Offer]:
        health = self.question.health
        if not health.endpoints:
            return offers
        found: dict[str, int] = {}
        for group in self.group:
            found.update(tiers(group, health))
        return sorted(offers, key=lambda offer: found.get(offer.key, INSUFFICIENT)) if found else offers

    def _stable_first(self, offers: list[Offer]) -> list[Offer]:
        """Behind the others, soonest over first, those with an outage, a cool-down or a probe under way."""
        troubled, now = self.question.health.troubled, self.question.now
        if not troubled:
            return offers
        until = {o.key: t for o in offers if (h := troubled.get(o.key)) and (t := h.unstable_until()) > now}
        return sorted(offers, key=lambda offer: until.get(offer.key, 0.0)) if until else offers

    def _cooled_last(self, offers: list[Offer]) -> list[Offer]:
        """Behind the others, those whose provider asked to be left alone: the caller's own sort knows no outages."""
        troubled, now = self.question.health.troubled, self.question.now
        if not troubled:
            return offers
        return sorted(offers, key=lambda o: (h := troubled.get(o.key)) is not None and h.cooling_until > now)

    def _demoted_last(self, offers: list[Offer]) -> list[Offer]:
        """Uptimes of 80 to 95 % behind healthy ones, below 80 % last; among those that are equally stable."""
        troubled, now = self.question.health.troubled, self.question.now
        if not any((h := troubled.get(offer.key)) and h.demotion for offer in offers):
            return offers

        def place(offer: Offer) -> tuple[bool, int]:
            health = troubled.get(offer.key)
            if health is None:
                return False, 0
            by_default = self.sort is None and not named(offer, self.listed)
            return by_default and health.unstable_until() > now, health.demotion

        return sorted(offers, key=place)

    def _tier_first(self, offers: list[Offer]) -> list[Offer]:
        """`service_tier: priority`: that tier's endpoints by throughput, then the others."""
        health = self.question.health
        tier = [offer for offer in offers if offer.endpoint.service_tier == "priority"]
        tier.sort(key=lambda offer: -pace(health.of(offer.key)))
        return tier + [offer for offer in offers if offer.endpoint.service_tier != "priority"]

    def price(self, offer: Offer) -> float:
        """The blended price for this request: long prompts and times of day may have their own."""
        pricing = offer.endpoint.pricing
        if not pricing.overrides:
            return offer.price
        return blended(pricing.at(self.question.prompt.tokens, clock_at(self.question.now)))

    def square(self, offer: Offer) -> float:
        """The inverse of an offer's weight in a draw."""
        return max(self.price(offer), EPSILON) ** 2


def sort_of(request: ChatRequest, candidate: Candidate) -> OrderBy | None:
    """The explicit sort: the request's own, else its tier's or its variant's (contract 7 and 18)."""
    wants = request.provider
    by = wants.sort if wants is not None else None
    by = by.by if isinstance(by, Sort) else by
    if by is not None:
        return by
    return "price" if request.service_tier == "flex" else candidate.sort


def is_global(request: ChatRequest) -> bool:
    """Whether all models form one group: `sort.partition` of none, or the old `route: sort`."""
    wants = request.provider
    partition = wants.sort.partition if wants is not None and isinstance(wants.sort, Sort) else None
    return partition == "none" or (partition is None and request.route == "sort")


def listed_first(offers: list[Offer], names: Iterable[str]) -> tuple[list[Offer], list[Offer]]:
    """The offers that the names mean, in the names' order, and the rest."""
    listed: dict[str, Offer] = {}
    for name in names:
        folded = name.lower()
        for offer in offers:
            if folded in offer.names:
                listed.setdefault(offer.key, offer)
    return list(listed.values()), [offer for offer in offers if offer.key not in listed]


def thresholds(wants: ProviderPreferences | None) -> Callable[[EndpointHealth], bool] | None:
    """Whether an endpoint meets all percentile cut-offs of a request; None where it has none. Missing data never meets."""
    if wants is None or (wants.preferred_max_latency is None and wants.preferred_min_throughput is None):
        return None
    latest, least = _cutoffs(wants.preferred_max_latency), _cutoffs(wants.preferred_min_throughput)

    def meets(health: EndpointHealth) -> bool:
        latency, throughput = health.latency, health.throughput
        if latest and (latency is None or any(getattr(latency, p) > limit for p, limit in latest)):
            return False
        return not least or (
            throughput is not None and all(getattr(throughput, p) >= limit for p, limit in least)
        )

    return meets


def pace(health: EndpointHealth) -> float:
    """Median tokens a second, 0 where not measured."""
    return health.throughput.p50 if health.throughput is not None else 0.0


def delay(health: EndpointHealth) -> float:
    """Median seconds to the first token, infinite where not measured."""
    return health.latency.p50 if health.latency is not None else float("inf")


def _square(offer: Offer) -> float:
    return offer.square


def _cutoffs(wanted: float | Percentiles | None) -> list[tuple[str, float]]:
    if wanted is None:
        return []
    if not isinstance(wanted, Percentiles):
        return [("p50", float(wanted))]
    named = (("p50", wanted.p50), ("p75", wanted.p75), ("p90", wanted.p90), ("p99", wanted.p99))
    return [(name, limit) for name, limit in named if limit is not None]
