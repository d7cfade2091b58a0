"""Slugs that pick the model themselves (contract section 15): `openrouter/free` and `openrouter/pareto-code`.

A router is a pure function from what is asked to candidates, the first to be tried first; it raises `ModelUnavailable`
where no model will do. The answer names the concrete model; `Candidate.requested` keeps the router's slug.
"""

from collections.abc import Iterable, Mapping
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
    models = [each for each in asking.offers.every() if any(offer.price == 0 for offer in each.base)]
    candidates = [Candidate(each.model, "free", name, sort, free_only=True) for each in models]
    found, excluded = _capable(asking, candidates)
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
    models = [each.model for each in asking.offers.every() if _writes_code(each)]
    found, excluded = _capable(asking, [Candidate(model, "pareto", name, sort) for model in models])
    priced = sorted(found, key=lambda each: (_price(each[1]), each[0].model.id))
    cap = _number(wishes, "max_price")
    if cap is not None:
        picked = [each for each in reversed(priced) if _prompt_price(each[1]) <= cap]
        if found and not picked:
            raise _nothing(
                name, f"No model to write code with costs {cap:g} USD or less.", excluded, "max_price"
            )
    else:
        picked = _tier(priced, _number(wishes, "min_coding_score"))
        if sort == "throughput":
            picked.sort(key=lambda each: -max(pace(asking.health.of(offer.key)) for offer in each[1]))
    if not picked:
        raise _nothing(name, "No model to write code with can serve this request.", excluded)
    return tuple(candidate for candidate, _ in picked[:PICKED])


ROUTERS: Final[Mapping[str, Router]] = {"openrouter/free": pick_free, "openrouter/pareto-code": pick_code}
"""Those built in; others are handed to `resolve` beside them."""


def _capable(
    asking: Asking, candidates: Iterable[Candidate]
) -> tuple[list[tuple[Candidate, list[Offer]]], list[Exclusion]]:
    """The candidates with an endpoint that passes the request's filters, with those endpoints."""
    needed = modalities(asking.request)
    question = asking.question(())
    excluded: list[Exclusion] = []
    found = []
    for candidate in candidates:
        kept = eligible(question, candidate, asking.offers.of(candidate.model), needed, excluded)
        if kept and (not asking.request.tools or "tools" in kept[0].endpoint.supported_parameters):
            found.append((candidate, kept))
    return found, excluded


def _writes_code(offers: ModelOffers) -> bool:
    return any(
        0 < offer.price < UNKNOWN_PRICE
        and "tools" in offer.endpoint.supported_parameters
        and (offer.endpoint.context_length or 0) >= CODE_CONTEXT
        for offer in offers.base
    )


def _tier(
    priced: list[tuple[Candidate, list[Offer]]], score: float | None
) -> list[tuple[Candidate, list[Offer]]]:
    """A third of the models, cheapest first; of fewer than three the dearest are high and none is missing."""
    third = 2 if score is None or score >= 0.66 else 1 if score >= 0.33 else 0
    size = len(priced)
    tier = priced[third * size // 3 : (third + 1) * size // 3]
    return tier or priced[-1:] if third else tier or priced[:1]


def _price(kept: list[Offer]) -> float:
    return min(offer.price for offer in kept)


def _prompt_price(kept: list[Offer]) -> float:
    """USD per million prompt tokens at the cheapest endpoint."""
    rates = [float(rate) for offer in kept if (rate := offer.endpoint.pricing.prompt) is not None]
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
