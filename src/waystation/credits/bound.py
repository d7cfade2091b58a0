"""The most that a request may cost: what is reserved before it is sent. Never bills anybody.

Input is the shared estimate of its tokens at the dearest input rate; output is what the caller allows, else what the
endpoint gives at most, else the configured estimate, at the dearest output rate. Of all planned endpoints the dearest counts.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import OVERRIDABLE, Pricing
from waystation.credits.rates import Rates
from waystation.operations.chat import ChatRequest

MAX_CEILINGS = 50_000


class Ceiling(NamedTuple):
    """The dearest rates of one pricing under any of its overrides, times `scale`; None is unknown."""

    pricing: Pricing
    scale: int
    prompt: int | None
    completion: int | None
    request: int | None
    image: int | None
    search: int | None

    def cost(self, prompt_tokens: int, completion_tokens: int, images: int, searches: int) -> int | None:
        """Nano-dollars, rounded up; None where a rate that may be used is unknown."""
        prompt, completion, request = self.prompt, self.completion, self.request
        if prompt is None or completion is None or request is None:
            return None
        scaled = prompt_tokens * prompt + completion_tokens * completion + request
        if images or searches:
            if (images and self.image is None) or (searches and self.search is None):
                return None
            scaled += images * (self.image or 0) + searches * (self.search or 0)
        return -(-scaled // self.scale)


class Ceilings:
    """The ceilings of all pricings in use, each made once."""

    def __init__(self, estimated_completion: int, estimated_request: int | None = None) -> None:
        """`estimated_request`: nano-dollars to reserve where a price is unknown; None: nothing can be."""
        self._estimated_completion = estimated_completion
        self._estimated_request = estimated_request
        self._ceilings: dict[int, Ceiling] = {}

    def bound(self, request: ChatRequest, prompt_tokens: int, endpoints: Iterable[Endpoint]) -> int | None:
        """Nano-dollars to reserve, at least 1; None where a price is unknown and no estimate is configured."""
        most = 1
        choices = request.n or 1
        images = choices if request.modalities and "image" in request.modalities else 0
        searches = 1 if request.web_search_options is not None else 0
        for endpoint in endpoints:
            tokens = request.max_tokens or endpoint.max_completion_tokens or self._estimated_completion
            cost = self.of(endpoint.pricing).cost(prompt_tokens, tokens * choices, images, searches)
            if cost is None:
                cost = self._estimated_request
                if cost is None:
                    return None
            most = max(most, cost)
        return most

    def of(self, pricing: Pricing) -> Ceiling:
        """The ceiling of these prices; found by identity, since it keeps its pricing alive."""
        ceiling = self._ceilings.get(id(pricing))
        if ceiling is None:
            if len(self._ceilings) >= MAX_CEILINGS:
                self._ceilings.clear()
            ceiling = self._ceilings[id(pricing)] = _ceiling(pricing)
        return ceiling


def _ceiling(pricing: Pricing) -> Ceiling:
    rates = Rates.of(_dearest(pricing) if pricing.overrides else pricing)
    plain_known = 0 not in rates.prompt_gaps and 0 not in rates.completion_gaps
    request, image, search, _ = (
        None if position in rates.unit_gaps else rate for position, rate in enumerate(rates.units)
    )
    return Ceiling(
        pricing,
        rates.scale,
        max(rates.prompt) if plain_known else None,
        max(rates.completion) if plain_known else None,
        request,
        image,
        search,
    )


def _dearest(pricing: Pricing) -> Pricing:
    """Each rate at its dearest under any override. A rate that only overrides know stays unknown without them."""
    dearest: dict[str, Decimal] = {}
    for name in OVERRIDABLE:
        base = getattr(pricing, name)
        given = [rate for override in pricing.overrides if (rate := getattr(override, name)) is not None]
        if not given or (name in ("prompt", "completion") and (base is None or base < 0)):
            continue
        dearest[name] = max(given) if base is None else max(base, *given)
    return replace(pricing, **dearest)
