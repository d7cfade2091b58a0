"""The most that a request may cost: what is reserved before it is sent. Never bills anybody.

Input is the shared estimate of its tokens at the dearest input rate; output is what the caller allows, else what the
endpoint gives at most, else the configured estimate, at the dearest output rate. Of all planned endpoints the dearest counts.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import OVERRIDABLE, Pricing
from waystation.credits.rates import Rates
from waystation.operations.chat import ChatRequest

MAX_CEILINGS = 50_000
DOCUMENTS_OF_A_UNIT = 100
"""Documents that a rerank ranks for one search unit; each is at least a token."""


class Asked(NamedTuple):
    """The most that one request may use of an endpoint."""

    prompt_tokens: int
    completion_tokens: int
    images: int = 0
    searches: int = 0
    search_units: int = 0


class Ceiling(Struct, frozen=True):
    """The dearest rates of one pricing under any of its overrides, times `scale`; None is unknown."""

    pricing: Pricing
    scale: int
    prompt: int | None
    completion: int | None
    units: tuple[int | None, ...]
    """Request, image, search, search unit, as `Rates.units` has them."""

    def text(self, prompt_tokens: int, completion_tokens: int) -> int | None:
        """`cost` of what nearly every request asks for: text for text."""
        prompt, completion, fee = self.prompt, self.completion, self.units[0]
        if prompt is None or completion is None or fee is None:
            return self.cost(Asked(prompt_tokens, completion_tokens))
        return -(-(prompt_tokens * prompt + completion_tokens * completion + fee) // self.scale)

    def cost(self, asked: Asked) -> int | None:
        """Nano-dollars, rounded up; None where a rate that may be used is unknown."""
        scaled = 0
        rates = (self.prompt, self.completion, self.units[1], self.units[2], self.units[3])
        for count, rate in zip(asked, rates, strict=True):
            if count:
                if rate is None:
                    return None
                scaled += count * rate
        fee = self.units[0]
        return None if fee is None else -(-(scaled + fee) // self.scale)


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
        is_text = request.modalities is None and request.web_search_options is None
        for endpoint in endpoints:
            ceiling = self._ceilings.get(id(endpoint.pricing)) or self.of(endpoint.pricing)
            if is_text and endpoint.operation == "chat":
                cost = ceiling.text(prompt_tokens, self._completion(request, endpoint))
            else:
                cost = ceiling.cost(self._asked(request, prompt_tokens, endpoint))
            if cost is None:
                cost = self._estimated_request
                if cost is None:
                    return None
            most = max(most, cost)
        return most

    def _asked(self, request: ChatRequest, prompt_tokens: int, endpoint: Endpoint) -> Asked:
        if endpoint.operation == "embeddings":
            return Asked(prompt_tokens, 0)
        if endpoint.operation == "rerank":
            # Where it is charged by units its tokens are not, and the reverse.
            if endpoint.pricing.search_unit is None:
                return Asked(prompt_tokens, 0)
            return Asked(0, 0, search_units=1 + prompt_tokens // DOCUMENTS_OF_A_UNIT)
        choices = request.n or 1
        images = choices if request.modalities and "image" in request.modalities else 0
        searches = 1 if request.web_search_options is not None else 0
        return Asked(prompt_tokens, self._completion(request, endpoint), images, searches)

    def _completion(self, request: ChatRequest, endpoint: Endpoint) -> int:
        """The most output tokens, of all choices together."""
        tokens = request.max_tokens or endpoint.max_completion_tokens or self._estimated_completion
        return tokens * (request.n or 1)

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
    return Ceiling(
        pricing,
        rates.scale,
        None if 0 in rates.prompt_gaps else max(rates.prompt),
        None if 0 in rates.completion_gaps else max(rates.completion),
        tuple(None if position in rates.unit_gaps else rate for position, rate in enumerate(rates.units)),
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
