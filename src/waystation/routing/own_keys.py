"""Where a caller's own credentials stand among the attempts of a group (contract 8.2, steps 5 and 7a)."""

from collections.abc import Sequence

from waystation.routing.access import OwnKey
from waystation.routing.offers import Offer

Keyed = tuple[Offer, str | None]
"""An offer and the own key to call it with, None for the operator's credentials."""


def with_own_keys(ranked: list[Offer], keys: Sequence[OwnKey]) -> list[Keyed]:
    """The ranked offers once for each key that fits, keys of one `sort_order` side by side, and for the operator's."""
    if not keys:
        return [(offer, None) for offer in ranked]
    first = [key for key in keys if not key.is_fallback]
    last = [key for key in keys if key.is_fallback]
    shared: list[Keyed] = [
        (offer, None) for offer in ranked if not any(key.always and _fits(key, offer) for key in keys)
    ]
    return _copies(ranked, first) + shared + _copies(ranked, last)


def _copies(ranked: list[Offer], keys: list[OwnKey]) -> list[Keyed]:
    orders = sorted({key.sort_order for key in keys})
    return [
        (offer, key.id)
        for order in orders
        for offer in ranked
        for key in keys
        if key.sort_order == order and _fits(key, offer)
    ]


def _fits(key: OwnKey, offer: Offer) -> bool:
    endpoint = offer.endpoint
    return key.provider == endpoint.provider and (key.models is None or endpoint.model_id in key.models)
