"""Groups claims into offers: one model at one provider at one speed and quantization, still alive as of a day."""

from collections import defaultdict
from collections.abc import Iterable

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


class Offer(Struct):
    """One endpoint to be, with everything said about it. `others` are claims on sibling ids, good for prices' votes only."""

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


def offers_of(claims: Iterable[Claim], book: SlugBook, maps: Maps, as_of: str) -> list[Offer]:
    """Every living offer, in order of slug, provider and native id."""
    grouped: dict[tuple[str, str, str | None, str | None], dict[str, _Candidate]] = defaultdict(dict)
    known_in_summer: set[str] = set()
    summer_hosts: set[str] = set()
    for claim in claims:
        provider = maps.provider(claim.source, claim.section)
        if provider is None or claim.operation not in _OPERATIONS or _unserved(claim, maps):
            continue
        naming = book.place(claim, provider)
        if naming is None or naming.spelling.region not in _REGIONS or naming.spelling.variant is not None:
            continue
        if claim.source.startswith("models.dev"):
            known_in_summer.add(naming.slug)
            summer_hosts.add(provider)
        speed = None if naming.exact else naming.spelling.speed
        candidates = grouped[naming.slug, provider, speed, naming.spelling.quantization]
        candidate = candidates.setdefault(claim.native_id.lower(), _Candidate(naming, []))
        candidate.claims.append(claim)
    offers = []
    for (slug, provider, speed, quantization), candidates in sorted(
        grouped.items(), key=lambda item: repr(item[0])
    ):
        stale = slug in known_in_summer and provider in summer_hosts - _WELL_KEPT
        alive = [item for item in candidates.values() if _alive(item.claims, as_of, doubt_litellm=stale)]
        if not alive:
            continue
        chosen = max(alive, key=_preference)
        offers.append(
            Offer(
                slug=slug,
                provider=provider,
                native_id=_written(chosen.claims),
                operation=_operation(chosen.claims),
                speed=speed,
                quantization=quantization,
                claims=chosen.claims,
                how=chosen.naming.how,
                own=maps.own_provider.get(slug.partition("/")[0]) == provider,
            )
        )
    return offers


def _alive(claims: list[Claim], as_of: str, *, doubt_litellm: bool) -> bool:
    """Listed by a source that lists hosts, and by no newer one as retired."""
    if any(claim.retires is not None and claim.retires <= as_of for claim in claims):
        return False
    if any(claim.deprecated and claim.source in {"model-prices", "genai-prices"} for claim in claims):
        return False
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
