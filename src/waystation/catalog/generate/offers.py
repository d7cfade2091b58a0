"""Groups claims into offers: one model at one provider at one speed and quantization, still alive as of a day."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from waystation.catalog.generate.claims import Claim
from waystation.catalog.generate.maps import Maps
from waystation.catalog.generate.names import Naming, SlugBook
from waystation.catalog.generate.sources import BY_NAME

_WELL_KEPT = frozenset(
    [
        "openai",
        "azure",
        "anthropic",
        "amazon-bedrock",
        "google-vertex",
        "google-ai-studio",
        "xai",
        "mistral",
        "cohere",
        "deepseek",
        "moonshotai",
        "minimax",
        "z-ai",
        "databricks",
        "snowflake",
        "perplexity",
        "ai21",
        "voyageai",
    ]
)
"""Providers whose litellm sections carry deprecation dates or are small enough to be true; elsewhere old rows linger."""

_UNSERVED = (
    "realtime",
    "-live",
    "robotics",
    "computer-use",
    "moderation",
    "guardrail",
    "container",
    "autoglm",
    "translate",
)
_OPERATIONS = frozenset({"chat", "completions", "embeddings", "rerank", "images", "speech", "transcription"})
_REGIONS = {"global": 3, "us": 2, None: 1}


_Group: TypeAlias = tuple[str, str, str | None, str | None]
"""Slug, provider, speed and quantization: what makes two endpoints two."""


class Offer(Struct):
    """One endpoint to be, with everything said about it."""

    slug: str
    provider: str
    native_id: str
    operation: str
    speed: str | None
    quantization: str | None
    claims: list[Claim]
    how: str
    own: bool


class _Candidate(Struct):
    naming: Naming
    claims: list[Claim]


class _Hosted(Struct):
    """All claims in groups, and what the summer's lists knew: the measure of what else may be a stale row."""

    groups: dict[_Group, dict[str, _Candidate]]
    known_in_summer: set[str]
    summer_hosts: set[str]


def offers_of(claims: Iterable[Claim], book: SlugBook, maps: Maps, as_of: str) -> list[Offer]:
    """Every living offer, in order of slug, provider and native id."""
    hosted = _grouped(claims, book, maps)
    made: dict[_Group, Offer] = {}
    served_by_maker: set[str] = set()
    makers_first = sorted(hosted.groups, key=lambda group: (not _own(group, maps), repr(group)))
    for group in makers_first:
        slug, provider, speed, quantization = group
        own = _own(group, maps)
        stale = slug in hosted.known_in_summer and provider in hosted.summer_hosts - _WELL_KEPT
        alive = [
            item
            for item in hosted.groups[group].values()
            if _listed(item.claims, doubt_litellm=stale)
            and not _retired(item.claims, as_of, own=own, served_by_maker=slug in served_by_maker)
        ]
        if not alive:
            continue
        if own:
            served_by_maker.add(slug)
        chosen = max(alive, key=_preference)
        made[group] = Offer(
            slug=slug,
            provider=provider,
            native_id=_written(chosen.claims),
            operation=_operation(chosen.claims),
            speed=speed,
            quantization=quantization,
            claims=chosen.claims,
            how=chosen.naming.how,
            own=own,
        )
    return [made[group] for group in sorted(made, key=repr)]


def _grouped(claims: Iterable[Claim], book: SlugBook, maps: Maps) -> _Hosted:
    hosted = _Hosted(defaultdict(dict), set(), set())
    for claim in claims:
        provider = maps.provider(claim.source, claim.section)
        if provider is None or claim.operation not in _OPERATIONS or _unserved(claim, maps):
            continue
        naming = book.place(claim, provider)
        if naming is None or naming.spelling.region not in _REGIONS or naming.spelling.variant is not None:
            continue
        if claim.source.startswith("models.dev"):
            hosted.known_in_summer.add(naming.slug)
            hosted.summer_hosts.add(provider)
        speed = None if naming.exact else naming.spelling.speed
        candidates = hosted.groups[naming.slug, provider, speed, naming.spelling.quantization]
        candidate = candidates.setdefault(claim.native_id.lower(), _Candidate(naming, []))
        candidate.claims.append(claim)
    return hosted


def _own(group: _Group, maps: Maps) -> bool:
    return maps.own_provider.get(group[0].partition("/")[0]) == group[1]


def _retired(claims: list[Claim], as_of: str, *, own: bool, served_by_maker: bool) -> bool:
    """Whether a model is gone from a provider.

    A maker's date counts unless a list made after it still has the model. A host's date is often "not before", so it
    counts only where the maker itself no longer serves the model.
    """
    if any(claim.deprecated and claim.source in {"model-prices", "genai-prices"} for claim in claims):
        return True
    passed = [claim.retires for claim in claims if claim.retires is not None and claim.retires <= as_of]
    if not passed:
        return False
    if not own:
        return not served_by_maker
    return not any(claim.source == "pi-ai" and BY_NAME[claim.source].date > max(passed) for claim in claims)


def _listed(claims: list[Claim], *, doubt_litellm: bool) -> bool:
    """Whether the freshest list of hosts that mentions the model has it, and not as deprecated."""
    listing = [claim for claim in claims if BY_NAME[claim.source].lists_hosts]
    if doubt_litellm and any(claim.operation == "chat" for claim in claims):
        listing = [claim for claim in listing if claim.source != "litellm"]
    newest = max((BY_NAME[claim.source].date for claim in listing), default="")
    return any(not claim.deprecated for claim in listing if BY_NAME[claim.source].date == newest)


def _preference(candidate: _Candidate) -> tuple[int, bool, bool, int, str]:
    spelling = candidate.naming.spelling
    return (
        _REGIONS[spelling.region],
        candidate.naming.exact,
        any(claim.source == "models.dev@august" for claim in candidate.claims),
        -len(spelling.word),
        spelling.word,
    )


def _written(claims: list[Claim]) -> str:
    """The native id as the freshest list of hosts writes it; letters' case matters to some."""
    order = ("models.dev@august", "pi-ai", "models.dev@july", "litellm")
    return min(
        claims, key=lambda claim: order.index(claim.source) if claim.source in order else len(order)
    ).native_id


def _operation(claims: list[Claim]) -> str:
    """What the offer does: litellm says it outright, models.dev by its modalities, the rest say chat of everything."""
    said = {claim.source: claim.operation for claim in claims}
    for source in ("litellm", "models.dev@august", "models.dev@july", "pi-ai"):
        if source in said:
            return said[source]
    return claims[0].operation


def _unserved(claim: Claim, maps: Maps) -> bool:
    name = claim.native_id.lower()
    return maps.dropped(name) or any(word in name for word in _UNSERVED) or claim.outputs == ("video",)
