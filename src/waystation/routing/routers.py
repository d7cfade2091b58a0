"""Slugs that pick the model themselves (contract section 15): `openrouter/free` and `openrouter/pareto-code`.

A router is a pure function from what is asked to candidates, the first to be tried first; it raises `ModelUnavailable`
where no model will do. The answer names the concrete model; `Candidate.requested` keeps the router's slug.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, Protocol

from msgspec import Struct

from waystation.errors import Availability, Constraint, InvalidRequest, ModelUnavailable
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject
from waystation.operations.preferences import OrderBy
from waystation.routing.access import EVERYTHING, Access
from waystation.routing.draw import exponential
from waystation.routing.eligible import eligible, modalities
from waystation.routing.offers import UNKNOWN_PRICE, ModelOffers, Offer, Offers
from waystation.routing.order import pace
from waystation.routing.plan import Candidate, Exclusion, Question
from waystation.routing.prompt import PromptSize
from waystation.routing.standing import ALL_WELL, HealthSnapshot
from waystation.routing.sticky import NO_PINS, Pin
from waystation.routing.unavailable import excluded_by

PICKED: Final = 3
"""Models that a router names: one to try first, and two to fall back on."""
CODE_CONTEXT: Final = 32_000
"""Tokens of context without which a model is not taken for one to write code with."""


class Asking(Struct, frozen=True):
    """What resolving names depends on; the fields are those of `Question`."""

    request: ChatRequest
    prompt: PromptSize
    offers: Offers
    seed: int = 0
    now: float = 0.0
    health: HealthSnapshot = ALL_WELL
    pins: Mapping[str, Pin] = NO_PINS
    access: Access = EVERYTHING

    def question(self, candidates: tuple[Candidate, ...]) -> Question:
        """What is asked of `select` once the names are models."""
        return Question(
            self.request,
            candidates,
            self.prompt,
            self.offers,
            self.seed,
            self.now,
            self.health,
            self.pins,
            self.access,
        )


class Router(Protocol):
    """Picks models for a request; `name` is the slug as asked for, `sort` a variant's."""

    def __call__(self, asking: Asking, name: str, sort: OrderBy | None) -> tuple[Candidate, ...]:
        """The candidates, best first."""
        ...


def pick_free(asking: Asking, name: str, sort: OrderBy | None) -> tuple[Candidate, ...]:
    """Models that cost nothing and can do what is asked, each as likely as another; the conversation's last one first."""
    models = asking.offers.those(_is_free)
    candidates = [Candidate(each.model, "free", name, sort, free_only=True) for each in models]
    excluded: list[Exclusion] = []
    found = list(_capable(asking, candidates, excluded))
    pin = asking.pins.get(name)
    pinned = pin.model_id if pin is not None else None
    found.sort(key=lambda each: (each[0].model.id != pinned, exponential(asking.seed, each[1][0].salt)))
    if not found:
        raise _nothing(name, "No free model can serve this request.", excluded)
    return tuple(candidate for candidate, _ in found[:PICKED])


def pick_code(asking: Asking, name: str, sort: OrderBy | None) -> tuple[Candidate, ...]:
    """Models to write code with, cheapest first within the quality asked for.

    The catalogue has no coding scores, so a model's price stands for its quality: of those that take tools and a long
    prompt, the dearest third is high, the next medium, the cheapest low. With a `max_price` the dearest below it is best.
    """
    wishes = _plugin(asking.request, "pareto-router")
    coders = sorted(asking.offers.those(_writes_code), key=_cheapest)
    cap, score = _number(wishes, "max_price"), _number(wishes, "min_coding_score")
    if cap is not None:
        tiers = [[each for each in reversed(coders) if _prompt_price(each) <= cap]]
        if coders and not tiers[0]:
            raise _nothing(name, f"No model to write code with costs {cap:g} USD or less.", [], "max_price")
    else:
        tiers = _tiers(coders, score)
        if sort == "throughput":
            for tier in tiers:
                tier.sort(key=lambda each: -max(pace(asking.health.of(offer.key)) for offer in each.base))
    excluded: list[Exclusion] = []
    for tier in tiers:
        candidates = (Candidate(each.model, "pareto", name, sort) for each in tier)
        found = list(islice(_capable(asking, candidates, excluded), PICKED))
        if found:
            return tuple(candidate for candidate, _ in found)
    raise _nothing(name, "No model to write code with can serve this request.", excluded)


ROUTERS: Final[Mapping[str, Router]] = {"openrouter/free": pick_free, "openrouter/pareto-code": pick_code}
"""Those built in; others are handed to `resolve` beside them."""


def _capable(
    asking: Asking, candidates: Iterable[Candidate], excluded: list[Exclusion]
) -> Iterator[tuple[Candidate, list[Offer]]]:
    """The candidates with an endpoint that passes the request's filters, with those endpoints."""
    needed = modalities(asking.request)
    question = asking.question(())
    for candidate in candidates:
        kept = eligible(question, candidate, asking.offers.of(candidate.model), needed, excluded)
        if kept and (not asking.request.tools or "tools" in kept[0].endpoint.supported_parameters):
            yield candidate, kept


def _is_free(offers: ModelOffers) -> bool:
    return any(offer.price == 0 for offer in offers.base)


def _writes_code(offers: ModelOffers) -> bool:
    return any(
        0 < offer.price < UNKNOWN_PRICE
        and "tools" in offer.endpoint.supported_parameters
        and (offer.endpoint.context_length or 0) >= CODE_CONTEXT
        for offer in offers.base
    )


def _tiers(coders: list[ModelOffers], score: float | None) -> list[list[ModelOffers]]:
    """Thirds by price, each cheapest first: the one asked for, then its neighbours, the better one first."""
    size = len(coders)
    low, medium, high = (coders[third * size // 3 : (third + 1) * size // 3] for third in range(3))
    if score is None or score >= 0.66:
        return [high, medium, low]
    return [medium, high, low] if score >= 0.33 else [low, medium, high]


def _cheapest(offers: ModelOffers) -> float:
    return min(offer.price for offer in offers.base)


def _prompt_price(offers: ModelOffers) -> float:
    """USD per million prompt tokens at the cheapest endpoint."""
    rates = [float(rate) for offer in offers.base if (rate := offer.endpoint.pricing.prompt) is not None]
    return min(rates, default=UNKNOWN_PRICE) * 1e6


def _plugin(request: ChatRequest, plugin_id: str) -> JsonObject:
    """The settings that a request gives a plugin; empty where it gives none or turns it off."""
    for plugin in request.plugins:
        if plugin.get("id") == plugin_id and plugin.get("enabled") is not False:
            return plugin
    return {}


def _number(wishes: JsonObject, field: str) -> float | None:
    value = wishes.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise InvalidRequest(f"plugins.{field}: must be a number of 0 or more.")
    return float(value)


def _nothing(
    name: str, message: str, excluded: list[Exclusion], reason: str | None = None
) -> ModelUnavailable:
    reasons = (reason,) if reason else tuple(dict.fromkeys(exclusion.reason for exclusion in excluded))
    code = "constraint_filtered" if reasons else "no_endpoints"
    return ModelUnavailable(
        message,
        availability=Availability(
            code,
            retryable=False,
            requested_models=(name,),
            excluded_by=excluded_by(reasons),
            constraint=Constraint(reasons[-1], message) if reasons else None,
        ),
    )
