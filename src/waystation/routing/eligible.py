"""Which endpoints of a model may serve a request at all. Each filter records what it removed (contract 8.2, step 3)."""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation

from waystation.catalog.endpoint import Endpoint
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import Audio, File, Image, Part, Text, ToolResult, Video
from waystation.operations.preferences import MaxPrice, ProviderPreferences
from waystation.routing.plan import Exclusion

_MODALITY: dict[type[Part], str] = {Image: "image", Audio: "audio", Video: "video", File: "file"}
TEXT_ONLY: frozenset[str] = frozenset()
_FAMILIES = {"fp4": ("mxfp4", "nvfp4"), "fp8": ("mxfp8",)}


def matches(tag: str, names: Iterable[str]) -> bool:
    """Whether an endpoint's tag is named: `p` names `p` and `p/anything`, `p/x` exactly that (contract 8.1)."""
    folded = tag.lower()
    provider = folded.partition("/")[0]
    return any(name in (folded, provider) for name in (name.lower() for name in names))


def modalities(request: ChatRequest) -> frozenset[str]:
    """The input modalities that the request's parts need, text aside."""
    found: set[str] = set()
    for message in request.messages:
        for part in message.parts:
            kind = type(part)
            if kind is Text:
                continue
            if isinstance(part, ToolResult):
                found.update(_MODALITY[type(inner)] for inner in part.parts if type(inner) in _MODALITY)
            elif kind in _MODALITY:
                found.add(_MODALITY[kind])
    return frozenset(found) if found else TEXT_ONLY


class PromptSize:
    """How large a prompt is: its bytes are known and bound its tokens, which are estimated only when that is not enough."""

    __slots__ = ("_estimate", "_tokens", "bound")

    def __init__(self, bound: int, estimate: Callable[[], int]) -> None:
        self.bound = bound
        self._estimate = estimate
        self._tokens: int | None = None

    def fits(self, context_length: int | None) -> bool:
        """Whether the prompt fits into a context of so many tokens; None is unknown, so it may."""
        if context_length is None or self.bound <= context_length:
            return True
        if self._tokens is None:
            self._tokens = self._estimate()
        return self._tokens <= context_length


def may_serve(endpoint: Endpoint, needed: frozenset[str], request: ChatRequest, prompt: PromptSize) -> bool:
    """Whether an endpoint takes these modalities, this prompt, and gives as much as was asked for."""
    if needed and not needed <= set(endpoint.input_modalities):
        return False
    return _gives(endpoint, request.max_tokens) and prompt.fits(endpoint.context_length)


def eligible(
    endpoints: Iterable[Endpoint], request: ChatRequest, prompt: PromptSize
) -> tuple[list[Endpoint], list[Exclusion]]:
    """The endpoints that pass every hard filter, in the order given, and the others with the first reason."""
    kept: list[Endpoint] = []
    excluded: list[Exclusion] = []
    needed = modalities(request)
    preferences = _preference_filters(request.provider, request) if request.provider is not None else ()
    for endpoint in endpoints:
        if may_serve(endpoint, needed, request, prompt):
            reason = next((reason for reason, passes in preferences if not passes(endpoint)), None)
        else:
            reason = "context_length" if needed <= set(endpoint.input_modalities) else "modality"
        if reason is None:
            kept.append(endpoint)
        else:
            excluded.append(Exclusion(endpoint.tag, endpoint.model_id, reason))
    return kept, excluded


def _preference_filters(
    wants: ProviderPreferences, request: ChatRequest
) -> list[tuple[str, Callable[[Endpoint], bool]]]:
    filters: list[tuple[str, Callable[[Endpoint], bool]]] = []
    if wants.only:
        only = wants.only
        filters.append(("allowed_providers", lambda endpoint: matches(endpoint.tag, only)))
    if wants.ignore:
        ignore = wants.ignore
        filters.append(("allowed_providers", lambda endpoint: not matches(endpoint.tag, ignore)))
    if wants.quantizations:
        accepted = {q for name in wants.quantizations for q in (name, *_FAMILIES.get(name, ()))}
        filters.append(("quantization", lambda endpoint: endpoint.quantization in accepted))
    if wants.max_price is not None:
        limits = _limits(wants.max_price)
        filters.append(("max_price", lambda endpoint: _affordable(endpoint, limits)))
    if wants.require_parameters:
        sent = request.sent
        filters.append(("require_parameters", lambda endpoint: sent <= endpoint.supported_parameters))
    return filters


def _gives(endpoint: Endpoint, max_tokens: int | None) -> bool:
    cap = endpoint.max_completion_tokens
    return max_tokens is None or cap is None or max_tokens <= cap


def _limits(max_price: MaxPrice) -> dict[str, Decimal]:
    """Limits per unit by rate name: prompt and completion arrive in USD per million tokens."""
    limits: dict[str, Decimal] = {}
    for rate, value in (
        ("prompt", max_price.prompt),
        ("completion", max_price.completion),
        ("request", max_price.request),
        ("image", max_price.image),
        ("audio", max_price.audio),
    ):
        if value is None:
            continue
        try:
            limit = Decimal(str(value))
        except InvalidOperation:
            continue
        limits[rate] = limit / 1_000_000 if rate in ("prompt", "completion") else limit
    return limits


def _affordable(endpoint: Endpoint, limits: dict[str, Decimal]) -> bool:
    for rate, limit in limits.items():
        price = getattr(endpoint.pricing, rate)
        if price is None and rate in ("prompt", "completion"):
            return False
        if price is not None and price > limit:
            return False
    return True
