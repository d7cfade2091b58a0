"""All models that can be called, as arrays: what the auto router chooses from, prepared once for each snapshot of offers."""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from waystation.catalog.model import Model
from waystation.routing.auto.outcomes import UNTOLD, Experience, Outcomes
from waystation.routing.auto.priors import Abilities, Facts, abilities, starting_points
from waystation.routing.auto.tags import FAMILIES
from waystation.routing.offers import UNKNOWN_PRICE, ModelOffers, Offer, Offers

BANDS: Final = 5
YEAR: Final = 31_557_600
PROMPT_TOKENS: Final = 1_000
"""Tokens that a prompt is taken to have where models are put into bands: a band is of a task's usual cost, so that
neither padding nor a long system prompt moves a model from one to another (contract 15, step 3)."""
COMPLETION_TOKENS: Final = {
    "agent": 500,
    "code": 900,
    "data": 300,
    "language": 400,
    "writing": 900,
    "knowledge": 500,
    "numbers": 700,
    "talk": 200,
}
"""Tokens that an answer is taken to have, by family: our assumption, used to compare costs only."""
REASONING: Final = 3.0
"""How many times as many where a model thinks by default."""
UNKNOWN_AGE: Final = 1.0
SPECIAL: Final = re.compile(r"guard|moderation|ocr|transcri|tts|embed|rerank|reward|prover")
"""Names of models that answer in words but not to requests at large: they are chosen only where there are no others."""


class Field:
    """One column a model, in order of id. Prices are USD per token, those of the cheapest endpoint."""

    def __init__(self, offers: Offers, facts: Facts) -> None:
        self.offers = offers
        self.facts = facts
        self._usual: dict[str, NDArray[np.float64]] = {}
        self._bands: dict[str, NDArray[np.int64]] = {}
        writing = [each for each in offers.every() if "text" in each.model.output_modalities]
        self.models = [each for each in writing if not SPECIAL.search(each.model.id)] or writing
        self.only_text = np.array([tuple(each.model.output_modalities) == ("text",) for each in self.models])
        self.every = range(len(self.models))
        self.ids = [each.model.id for each in self.models]
        cheapest = [min(each.base, key=lambda offer: offer.price) for each in self.models]
        self.prompt = np.array([_rate(offer, "prompt") for offer in cheapest])
        self.completion = np.array([_rate(offer, "completion") for offer in cheapest])
        self.longer = np.array([REASONING if _thinks(each.model) else 1.0 for each in self.models])
        self.context = np.array([float(each.context) for each in self.models])
        self.output = np.array([float(each.output) for each in self.models])
        self.providers = [frozenset(offer.endpoint.provider for offer in each.base) for each in self.models]
        blended = np.array([offer.price for offer in cheapest])
        known = np.where(np.isfinite(blended), blended, np.inf)
        self._told = abilities(self.ids, starting_points(known, _ages(self.models)), facts)
        self.learn(UNTOLD)

    def learn(self, outcomes: Outcomes) -> None:
        """Move the abilities that the facts tell by what came of earlier choices."""
        shifts = np.zeros_like(self._told.ability)
        places = {model: place for place, model in enumerate(self.ids)}
        for (family, model), tally in outcomes.tallies.items():
            place, column = places.get(model), self.column(family)
            if place is not None and column is not None:
                shifts[place, column] = tally.shift
        self.outcomes = outcomes
        self.abilities = Abilities(self._told.ability + shifts, self._told.error)
        self.general: NDArray[np.float64] = self.abilities.ability.mean(axis=1)

    def usual_costs(self, family: str) -> NDArray[np.float64]:
        """USD that a request of this family usually costs at each model."""
        found = self._usual.get(family)
        if found is None:
            found = self._usual[family] = self.costs(PROMPT_TOKENS, family)
        return found

    def bands(self, family: str) -> NDArray[np.int64]:
        """The fifth, from 0, that each model's usual cost is in, among all models that can be called.

        Among all of them and not among those that pass a request's filters (contract 15, step 3 before 4): so neither a
        longer prompt nor a restriction moves the others from one tier to another.
        """
        found = self._bands.get(family)
        if found is None:
            found = self._bands[family] = bands_of(self.usual_costs(family))
        return found

    def costs(self, prompt_tokens: int, family: str) -> NDArray[np.float64]:
        """USD that a request is expected to cost at each model; infinite where a price is unknown."""
        answer = COMPLETION_TOKENS.get(family, 500)
        result: NDArray[np.float64] = (
            max(prompt_tokens, 1) * self.prompt + answer * self.longer * self.completion
        )
        return result

    def cached(self, model_id: str, tag: str, tokens: int) -> float:
        """USD that so many prompt tokens cost less at this endpoint if they are read from its cache; 0 where unknown."""
        if not tokens or model_id not in self.ids:
            return 0.0
        base = self.models[self.ids.index(model_id)].base
        pricing = next((offer.endpoint.pricing for offer in base if offer.endpoint.tag == tag), None)
        if pricing is None or pricing.prompt is None or pricing.input_cache_read is None:
            return 0.0
        return max(float(pricing.prompt - pricing.input_cache_read) * tokens, 0.0)

    def column(self, family: str) -> int | None:
        """The column of a family in `abilities`; None for `other`."""
        return list(FAMILIES).index(family) if family in FAMILIES else None


def bands_of(costs: NDArray[np.float64]) -> NDArray[np.int64]:
    """The fifth of each cost by its rank; equal costs are in one band."""
    shares = np.searchsorted(np.sort(costs), costs, side="left") / len(costs)
    return np.minimum((shares * BANDS).astype(np.int64), BANDS - 1)


class Prepared:
    """The field of the offers last asked of, with what was learnt: it takes some 10 ms to make, and offers change seldom."""

    def __init__(self, facts: Facts, experience: Experience | None = None) -> None:
        self._facts = facts
        self._experience = experience or Experience()
        self._field: Field | None = None

    def of(self, offers: Offers) -> Field:
        """The field of these offers."""
        field = self._field
        if field is None or field.offers is not offers:
            field = self._field = Field(offers, self._facts)
        if field.outcomes is not self._experience.outcomes:
            field.learn(self._experience.outcomes)
        return field


def _rate(offer: Offer, name: str) -> float:
    rate = getattr(offer.endpoint.pricing, name)
    return UNKNOWN_PRICE if rate is None else float(rate)


def _thinks(model: Model) -> bool:
    reasoning = model.reasoning
    return reasoning is not None and (reasoning.mandatory or reasoning.default_enabled is True)


def _ages(models: list[ModelOffers]) -> NDArray[np.float64]:
    """Years between a model's appearance and that of the newest."""
    created = [each.model.created for each in models]
    newest = max((when for when in created if when), default=0)
    return np.array([UNKNOWN_AGE if not when else (newest - when) / YEAR for when in created])
