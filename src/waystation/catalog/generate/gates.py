"""What may not enter the catalogue, each rule from a mistake seen in real data. Every refusal is reported with its reason."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from statistics import median

from msgspec import Struct

from waystation.catalog.generate.maps import Maps
from waystation.catalog.generate.names import SlugBook
from waystation.catalog.generate.offers import Offer
from waystation.catalog.generate.votes import majority
from waystation.catalog.pricing import Pricing

CLOSED_AUTHORS = frozenset(
    {"openai", "anthropic", "google", "x-ai", "perplexity", "amazon", "cohere", "inception", "meta", "writer"}
)
_SELLS_ONLY_ITS_OWN = frozenset({"perplexity"})
"""Makers whose API also fronts other makers' models in a manner of its own, which is no endpoint of those models."""

FACTOR = 20
"""A rate this many times off its model's median is a mistake of units."""

KNOWN_TO = 1
"""A model of a single host that this many gateways list as well is no invention of that host alone."""


class Refusal(Struct, frozen=True):
    """Why an offer, or a whole model, is not in the catalogue."""

    slug: str
    provider: str
    native_id: str
    reason: str


def open_weights(offers: Iterable[Offer]) -> bool | None:
    """Whether most claims about a model say that its weights are open."""
    return majority((claim for offer in offers for claim in offer.claims), lambda claim: claim.open_weights)


def resold(offer: Offer, maps: Maps, *, weights_are_open: bool | None) -> bool:
    """Whether a host resells a closed model: only its maker and the hyperscalers may offer one (Venice, GMICloud ...)."""
    author = offer.slug.partition("/")[0]
    if offer.provider in _SELLS_ONLY_ITS_OWN and not offer.own:
        return True
    if author not in CLOSED_AUTHORS or weights_are_open or offer.own:
        return False
    return offer.provider not in maps.hyperscalers and maps.own_provider.get(author) is not None


def wrong_units(priced: list[tuple[Offer, Pricing]]) -> set[int]:
    """Positions of offers of one model whose prompt rate is `FACTOR` times off the median of three or more."""
    rates = [(index, pricing.prompt) for index, (_, pricing) in enumerate(priced) if pricing.prompt]
    if len(rates) < 3:
        return set()
    middle = median(rate for _, rate in rates)
    return {index for index, rate in rates if rate > middle * FACTOR or rate < middle / Decimal(FACTOR)}


def trusted(slug: str, offers: list[Offer], book: SlugBook) -> bool:
    """Whether a model is real enough: listed, locked, offered by its maker or by two hosts, or well known."""
    if slug in book.listed or any(offer.how == "lock" for offer in offers):
        return True
    hosts = {offer.provider for offer in offers}
    if len(hosts) > 1 or any(offer.own for offer in offers):
        return True
    return any(book.gateways_with(offer.native_id) >= KNOWN_TO for offer in offers)


def by_slug(offers: Iterable[Offer]) -> dict[str, list[Offer]]:
    """Offers of each model, in the order given."""
    grouped: dict[str, list[Offer]] = defaultdict(list)
    for offer in offers:
        grouped[offer.slug].append(offer)
    return grouped
