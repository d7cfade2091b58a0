"""What can be called now: the catalogue, and of each model the endpoints whose provider is configured.

Everything about an endpoint that no request changes is worked out here, once for each snapshot: planning only compares.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from hashlib import blake2b

from msgspec import Struct

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.model import Model
from waystation.catalog.pricing import Pricing
from waystation.catalog.provider_facts import ProviderFacts
from waystation.routing.standing import HealthSnapshot, endpoint_key

EPSILON = 1e-9
"""USD per token that a free endpoint is drawn with: a weight of 1/0 would leave the others none at all."""
UNKNOWN_PRICE = float("inf")
_NOBODY = ProviderFacts("", "")


class Offer(Struct, frozen=True, eq=False):
    """One endpoint, prepared. `names` are the words of `order` and `only` that mean it, in lower case; `ignored_as` those
    of `ignore`: who ignores a provider ignores its service tiers too, which `order` and `only` name by their tags alone.

    `context` is how many tokens a prompt may have, None unknown. `price` is blended, USD per token, infinite where unknown; `square` its square, at least `EPSILON`'s. `salt` is the
    endpoint's own part in every draw. An unknown data policy counts as training and retention (contract 10),
    and a provider's stated one is of what is paid for: what it gives away may train unless it keeps nothing at all.
    """

    endpoint: Endpoint
    key: str
    salt: int
    names: frozenset[str]
    ignored_as: frozenset[str]
    rank: int
    context: int | None
    price: float
    square: float
    inputs: frozenset[str]
    outputs: frozenset[str]
    trains: bool
    retains: bool
    zdr: bool
    distillable: bool
    regions: frozenset[str] | None


class ModelOffers:
    """A model's chat endpoints that can be called; `base` the ordinary ones, `tiers` those of a service tier.

    The rest bounds all of `base`, so that one comparison lets them all through: the least `context` and `output` any
    of them has, the `inputs`, `outputs` and `parameters` all of them know. `repriced`: some price depends on the request.
    """

    __slots__ = (
        "base",
        "context",
        "exacto",
        "inputs",
        "model",
        "output",
        "outputs",
        "parameters",
        "repriced",
        "tiers",
    )

    def __init__(self, model: Model, base: Iterable[Offer], tiers: Iterable[Offer]) -> None:
        self.model = model
        self.base = tuple(base)
        self.tiers = tuple(tiers)
        endpoints = [offer.endpoint for offer in self.base]
        self.context = min((o.context for o in self.base if o.context is not None), default=2**62)
        self.output = min(
            (e.max_completion_tokens for e in endpoints if e.max_completion_tokens is not None), default=2**62
        )
        self.inputs = _common(offer.inputs for offer in self.base)
        self.outputs = _common(offer.outputs for offer in self.base)
        self.parameters = _common(endpoint.supported_parameters for endpoint in endpoints)
        self.repriced = any(offer.endpoint.pricing.overrides for offer in (*self.base, *self.tiers))
        self.exacto: tuple[HealthSnapshot, Mapping[str, int]] | None = None
        """The exacto tiers by the last snapshot they were asked of: a memory of `exacto.tiers`, not a fact."""


class Offers:
    """A snapshot for routing, of one operation. Replaced whole when the catalogue or the providers change.

    `order` is the operator's default strategy, `listed` the rank of provider rows in the operator's file, `why_not`
    says of a provider that is not configured what would switch it on.
    """

    def __init__(
        self,
        catalog: Catalog,
        is_callable: Callable[[Endpoint], bool],
        order: str,
        listed: Mapping[str, int],
        why_not: Callable[[str], str | None],
        *,
        operation: str = "chat",
    ) -> None:
        self.operation = operation
        self.catalog = catalog
        self.order = order
        self.listed = listed
        self.why_not = why_not
        self.is_callable = is_callable
        self._models: dict[str, ModelOffers] = {}
        self._every: tuple[ModelOffers, ...] | None = None
        self._those: dict[Callable[[ModelOffers], bool], tuple[ModelOffers, ...]] = {}
        self._others: dict[str, Offers] = {}

    def to(self, operation: str) -> "Offers":
        """The same snapshot's offers of another operation."""
        if operation == self.operation:
            return self
        other = self._others.get(operation)
        if other is None:
            other = self._others[operation] = Offers(
                self.catalog, self.is_callable, self.order, self.listed, self.why_not, operation=operation
            )
        return other

    def of(self, model: Model) -> ModelOffers:
        """What is offered of a model; prepared when it is first asked for."""
        found = self._models.get(model.id)
        if found is None or found.model is not model:
            found = self._models[model.id] = self._prepared(model)
        return found

    def chat_endpoints(self, model: Model) -> list[Endpoint]:
        """The ordinary chat endpoints of a model that can be called."""
        return [offer.endpoint for offer in self.of(model).base]

    def every(self) -> tuple[ModelOffers, ...]:
        """All models with a chat endpoint that can be called, in order of id."""
        if self._every is None:
            found = (self.of(model) for model in self.catalog.models)
            self._every = tuple(offers for offers in found if offers.base)
        return self._every

    def those(self, fits: Callable[[ModelOffers], bool]) -> tuple[ModelOffers, ...]:
        """The models of `every` that a function of a module accepts; asked once of each."""
        found = self._those.get(fits)
        if found is None:
            found = self._those[fits] = tuple(offers for offers in self.every() if fits(offers))
        return found

    def _prepared(self, model: Model) -> ModelOffers:
        return ModelOffers(
            model,
            [self._offer(model, e) for e in model.endpoints if self._serves(e)],
            [self._offer(model, e) for e in model.tier_endpoints if self._serves(e)],
        )

    def _serves(self, endpoint: Endpoint) -> bool:
        return endpoint.operation == self.operation and self.is_callable(endpoint)

    def _offer(self, model: Model, endpoint: Endpoint) -> Offer:
        facts = self.catalog.providers.get(endpoint.provider, _NOBODY)
        tag = endpoint.tag.lower()
        names = frozenset({tag, endpoint.provider.lower(), facts.name.lower()} - {""})
        price = blended(endpoint.pricing)
        key = endpoint_key(model.id, endpoint.tag)
        return Offer(
            endpoint,
            key,
            int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big"),
            frozenset({tag}) if endpoint.service_tier else names,
            names,
            self.listed.get(endpoint.provider, len(self.listed)),
            _context(endpoint),
            price,
            max(price, EPSILON) ** 2,
            frozenset(endpoint.input_modalities),
            frozenset(endpoint.output_modalities),
            facts.trains is not False or (price == 0 and facts.zdr is not True),
            facts.retains is not False,
            facts.zdr is True,
            model.open_weights is True,
            frozenset(facts.datacenters) if facts.datacenters else None,
        )


def ignored(offer: Offer, names: Iterable[str]) -> bool:
    """Whether any of these words of `ignore` means the offer."""
    return any(name.lower() in offer.ignored_as for name in names)


def named(offer: Offer, names: Iterable[str]) -> bool:
    """Whether any of these words means the offer: `p` all of provider p but its tiers, `p/x` that tag (contract 8.1)."""
    return any(name.lower() in offer.names for name in names)


def blended_price(endpoint: Endpoint) -> Decimal | None:
    """USD per token, prompt and completion three to one (contract 8.2, step 7e); None where either is unknown."""
    return _blend(endpoint.pricing)


def blended(pricing: Pricing) -> float:
    """The blended price, infinite where it is unknown."""
    price = _blend(pricing)
    return UNKNOWN_PRICE if price is None else float(price)


def _context(endpoint: Endpoint) -> int | None:
    limits = [limit for limit in (endpoint.context_length, endpoint.max_prompt_tokens) if limit is not None]
    return min(limits, default=None)


def _blend(pricing: Pricing) -> Decimal | None:
    prompt, completion = pricing.prompt, pricing.completion
    if prompt is None or completion is None:
        return None
    return (3 * prompt + completion) / 4 * (1 - pricing.discount)


def _common(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    every = list(sets)
    return every[0].intersection(*every[1:]) if every else frozenset()
