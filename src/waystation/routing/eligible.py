"""Which offers may serve a request at all (contract 8.2, steps 2 to 4). Each filter records what it removed.

Filters run one after another over what is left, so the last reason is that of the filter that removed the last endpoint.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from waystation.operations.chat import ChatRequest
from waystation.operations.parts import Audio, File, Image, Part, Text, ToolResult, Video
from waystation.operations.preferences import MaxPrice, ProviderPreferences
from waystation.routing.access import EVERYTHING, Access
from waystation.routing.clock import clock_at
from waystation.routing.offers import ModelOffers, Offer, ignored, named
from waystation.routing.plan import Candidate, Exclusion, Question

_MODALITY: Final[dict[type[Part], str]] = {Image: "image", Audio: "audio", Video: "video", File: "file"}
TEXT_ONLY: Final[frozenset[str]] = frozenset()
_FAMILIES: Final = {"fp4": ("mxfp4", "nvfp4"), "fp8": ("mxfp8",)}
_PER_MILLION: Final = ("prompt", "completion")


def modalities(request: ChatRequest) -> frozenset[str]:
    """The input modalities that the request's parts need, text aside."""
    found: set[str] | None = None
    for message in request.messages:
        for part in message.parts:
            kind = type(part)
            if kind is Text:
                continue
            found = set() if found is None else found
            if isinstance(part, ToolResult):
                found.update(_MODALITY[type(inner)] for inner in part.parts if type(inner) in _MODALITY)
            elif kind in _MODALITY:
                found.add(_MODALITY[kind])
    return frozenset(found) if found else TEXT_ONLY


class Sieve:
    """The offers of one model that are left, and the exclusions so far."""

    __slots__ = ("excluded", "kept")

    def __init__(self, kept: Iterable[Offer], excluded: list[Exclusion]) -> None:
        self.kept: list[Offer] = list(kept)
        self.excluded = excluded

    def keep(self, passing: list[Offer], reason: str) -> None:
        """Go on with these of the offers left."""
        if len(passing) == len(self.kept):
            return
        stay = {offer.key for offer in passing}
        self.excluded += [
            Exclusion(offer.endpoint.tag, offer.endpoint.model_id, reason)
            for offer in self.kept
            if offer.key not in stay
        ]
        self.kept = passing


def eligible(
    question: Question,
    candidate: Candidate,
    offers: ModelOffers,
    needed: frozenset[str],
    excluded: list[Exclusion],
) -> list[Offer]:
    """The offers of a candidate that pass every filter, in the order given; the others are added to `excluded`."""
    request, wants = question.request, question.request.provider
    sieve = Sieve(offers.base, excluded)
    if offers.tiers:
        admit_tiers(sieve, offers, request, candidate)
    if candidate.free_only:
        sieve.keep([offer for offer in sieve.kept if offer.price == 0], "free_only")
    if question.access is not EVERYTHING:
        _account_rules(sieve, question.access)
    if wants is not None:
        _policy(sieve, wants)
        _preferences(sieve, wants, question)
    _abilities(sieve, offers, needed, question)
    if wants is not None and wants.require_parameters:
        sent = request.sent
        sieve.keep([o for o in sieve.kept if sent <= o.endpoint.supported_parameters], "require_parameters")
    _prefer_parameters(sieve, offers, request)
    return sieve.kept


def admit_tiers(sieve: Sieve, offers: ModelOffers, request: ChatRequest, candidate: Candidate) -> None:
    """Add the endpoints of service tiers that were asked for (contract 18); `flex` leaves nothing else where it exists."""
    wants, asked = request.provider, request.service_tier
    names = (*(wants.order or ()), *(wants.only or ())) if wants is not None else ()
    admitted = [offer for offer in offers.tiers if names and named(offer, names)]
    tier = asked if asked in ("priority", "flex") else None
    if tier is None and asked != "default" and not (wants is not None and wants.order):
        tier = candidate.tier
    if tier is not None:
        admitted += [o for o in offers.tiers if o.endpoint.service_tier == tier and o not in admitted]
    sieve.kept += admitted
    if asked == "flex" and admitted:
        sieve.keep([o for o in sieve.kept if o.endpoint.service_tier == "flex"], "tier")


def _account_rules(sieve: Sieve, access: Access) -> None:
    models, only, regions = access.models, access.only, access.regions
    if models is not None:
        sieve.keep([o for o in sieve.kept if o.endpoint.model_id in models], "allowed_models")
    if only is not None:
        sieve.keep([o for o in sieve.kept if named(o, only)], "allowed_providers")
    if access.ignore:
        sieve.keep([o for o in sieve.kept if not ignored(o, access.ignore)], "allowed_providers")
    if regions:
        sieve.keep([o for o in sieve.kept if o.regions is not None and o.regions <= regions], "data_region")
    if access.zdr:
        sieve.keep([o for o in sieve.kept if o.zdr], "data_policy:zdr")
    if not access.paid_training:
        sieve.keep([o for o in sieve.kept if not o.trains or o.price == 0], "data_policy:training")
    if not access.free_training:
        sieve.keep([o for o in sieve.kept if not o.trains or o.price > 0], "data_policy:training")


def _policy(sieve: Sieve, wants: ProviderPreferences) -> None:
    if wants.zdr:
        sieve.keep([o for o in sieve.kept if o.zdr], "data_policy:zdr")
    if wants.data_collection == "deny":
        sieve.keep([o for o in sieve.kept if not (o.trains or o.retains)], "data_policy:training")


def _preferences(sieve: Sieve, wants: ProviderPreferences, question: Question) -> None:
    if wants.only:
        only = {name.lower() for name in wants.only}
        sieve.keep([o for o in sieve.kept if not only.isdisjoint(o.names)], "allowed_providers")
    if wants.ignore:
        unwanted = wants.ignore
        sieve.keep([o for o in sieve.kept if not ignored(o, unwanted)], "allowed_providers")
    if wants.enforce_distillable_text:
        sieve.keep([o for o in sieve.kept if o.distillable], "distillable")
    if wants.quantizations:
        accepted = {q for name in wants.quantizations for q in (name, *_FAMILIES.get(name, ()))}
        sieve.keep([o for o in sieve.kept if o.endpoint.quantization in accepted], "quantization")
    if wants.max_price is not None:
        affordable = _affordable(wants.max_price, question)
        sieve.keep([o for o in sieve.kept if affordable(o)], "max_price")


def _abilities(sieve: Sieve, offers: ModelOffers, needed: frozenset[str], question: Question) -> None:
    request, prompt = question.request, question.prompt
    if needed and not (needed <= offers.inputs and not offers.tiers):
        sieve.keep([o for o in sieve.kept if needed <= o.inputs], "modality")
    if request.modalities:
        wanted = frozenset(request.modalities)
        sieve.keep([o for o in sieve.kept if wanted <= o.outputs], "modality")
    if prompt.bound > offers.context or offers.tiers:
        sieve.keep([o for o in sieve.kept if prompt.fits(o.context)], "context_length")
    asked = request.max_tokens
    if asked is not None and (asked > offers.output or offers.tiers):
        sieve.keep(
            [o for o in sieve.kept if asked <= (o.endpoint.max_completion_tokens or asked)], "context_length"
        )


def _prefer_parameters(sieve: Sieve, offers: ModelOffers, request: ChatRequest) -> None:
    """Of `tools`, `response_format` and `verbosity`: endpoints that know them, if any; else the parameter is dropped when
    the request is rendered."""
    known = offers.parameters
    if request.tools and "tools" not in known:
        _prefer(sieve, "tools")
    if request.response_format is not None and "response_format" not in known:
        _prefer(sieve, "response_format")
    if request.verbosity is not None and "verbosity" not in known:
        _prefer(sieve, "verbosity")


def _prefer(sieve: Sieve, parameter: str) -> None:
    knowing = [o for o in sieve.kept if parameter in o.endpoint.supported_parameters]
    if knowing:
        sieve.keep(knowing, "preferred_parameters")


def _affordable(max_price: MaxPrice, question: Question) -> Callable[[Offer], bool]:
    """Whether an offer's rates for this request stay within limits; an unknown prompt or completion price does not."""
    limits = _limits(max_price)

    def affordable(offer: Offer) -> bool:
        pricing = offer.endpoint.pricing
        if pricing.overrides:
            pricing = pricing.at(question.prompt.tokens, clock_at(question.now))
        for rate, limit in limits:
            price: Decimal | None = getattr(pricing, rate)
            if price is None:
                if rate in _PER_MILLION:
                    return False
            elif price > limit:
                return False
        return True

    return affordable


def _limits(max_price: MaxPrice) -> list[tuple[str, Decimal]]:
    """Limits per unit by rate name: prompt and completion arrive in USD per million tokens."""
    limits: list[tuple[str, Decimal]] = []
    for rate in ("prompt", "completion", "request", "image", "audio"):
        value = getattr(max_price, rate)
        if value is None:
            continue
        try:
            limit = Decimal(str(value))
            limits.append((rate, limit / 1_000_000 if rate in _PER_MILLION else limit))
        except ArithmeticError:  # no number, or one beyond all prices
            continue
    return limits
