"""From offers that passed the gates to rows of the tree: endpoints, tiers, variants and their model."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from waystation.catalog.generate import facts
from waystation.catalog.generate.claims import Claim, is_zero
from waystation.catalog.generate.gates import Refusal, by_slug, open_weights, resold, trusted, wrong_units
from waystation.catalog.generate.maps import SLUG_SECTIONS, Maps
from waystation.catalog.generate.names import SlugBook
from waystation.catalog.generate.offers import Offer
from waystation.catalog.generate.votes import context_of, limits_of, majority, price_of
from waystation.catalog.pricing import Pricing
from waystation.catalog.tree import TreeEndpoint, TreeModel

_CACHES_ON_ITS_OWN = frozenset(
    [
        "openai",
        "azure",
        "deepseek",
        "google-ai-studio",
        "google-vertex",
        "xai",
        "moonshotai",
        "groq",
        "z-ai",
        "fireworks",
        "alibaba",
    ]
)
_FREE = Pricing(prompt=Decimal(0), completion=Decimal(0))


class Built(Struct):
    """The rows, and what was refused on the way."""

    models: list[TreeModel]
    refused: list[Refusal]


def build(claims: list[Claim], offers: list[Offer], book: SlugBook, maps: Maps) -> Built:
    """Every model that passes the gates, in order of id."""
    built = Built([], [])
    about = _claims_by_slug(claims)
    names = facts.author_names(claims)
    for slug, all_offers in by_slug(offers).items():
        weights = open_weights(all_offers)
        kept = [offer for offer in all_offers if not resold(offer, maps, weights_are_open=weights)]
        built.refused += [_refusal(offer, "resold") for offer in all_offers if offer not in kept]
        if not kept:
            continue
        if not trusted(slug, kept, book):
            built.refused += [_refusal(offer, "one host only, on no list") for offer in kept]
            continue
        operation = _operation(kept, about[slug])
        kept = [replace(offer, operation=operation) for offer in kept]
        priced = [(offer, price_of(offer)) for offer in kept]
        wrong = wrong_units(priced)
        built.refused += [_refusal(priced[index][0], "rate far off the median") for index in sorted(wrong)]
        priced = [pair for index, pair in enumerate(priced) if index not in wrong]
        built.models += _rows(slug, priced, about[slug], names, book.variants)
    built.models.sort(key=lambda model: model.id)
    return built


def _rows(
    slug: str,
    priced: list[tuple[Offer, Pricing]],
    about: list[Claim],
    names: dict[str, str],
    variants: set[str],
) -> list[TreeModel]:
    given_away = [
        offer for offer, _ in priced if f"{slug}:free" in variants and offer.own and _all_zero(offer)
    ]
    paid = [(offer, pricing) for offer, pricing in priced if offer not in given_away]
    rows = []
    if paid:
        rows.append(_model(slug, paid, about, names))
    if given_away:
        rows.append(_model(slug, [(offer, _FREE) for offer in given_away], about, names, variant="free"))
    thinking = _thinking(slug, paid, variants)
    if thinking:
        rows.append(_model(slug, thinking, about, names, variant="thinking"))
    return rows


def _model(
    slug: str,
    priced: list[tuple[Offer, Pricing]],
    about: list[Claim],
    names: dict[str, str],
    variant: str | None = None,
) -> TreeModel:
    offers = [offer for offer, _ in priced]
    claims = [*about, *(claim for offer in offers for claim in offer.claims)]
    operation = offers[0].operation
    inputs, outputs = facts.inputs_of(claims, operation), facts.outputs_of(claims, operation)
    reasoning = facts.reasoning_of(claims, offers) if operation == "chat" else None
    endpoints = _tagged([_endpoint(offer, pricing, claims, inputs) for offer, pricing in priced])
    weights = open_weights(offers)
    created = facts.created_of(claims, offers)
    lengths = [endpoint.context_length for endpoint in endpoints if endpoint.context_length is not None]
    listed = [claim.context for claim in about if claim.section in SLUG_SECTIONS and claim.context]
    suffix = f":{variant}" if variant else ""
    dated = f"-{datetime.fromtimestamp(created, UTC):%Y%m%d}" if created is not None else ""
    return TreeModel(
        id=slug + suffix,
        canonical_slug=slug + dated + suffix,
        name=facts.name_of(slug, claims, names) + (f" ({variant})" if variant else ""),
        created=created,
        context_length=max(listed, default=None) or max(lengths, default=None),
        hugging_face_id=next((claim.hugging_face_id for claim in claims if claim.hugging_face_id), None),
        input_modalities=inputs,
        output_modalities=outputs,
        tokenizer=facts.tokenizer_of(slug)
        if operation == "chat"
        else "Media"
        if operation == "images"
        else "Other",
        instruct_type=facts.instruct_type_of(slug, weights_are_open=weights) if operation == "chat" else None,
        knowledge_cutoff=facts.knowledge_of(claims),
        expiration_date=facts.expires(offers),
        reasoning=replace(reasoning, default_enabled=True)
        if reasoning and variant == "thinking"
        else reasoning,
        open_weights=weights,
        endpoints=endpoints,
        tier_endpoints=_tiers(priced, endpoints),
    )


def _operation(offers: list[Offer], about: list[Claim]) -> str:
    """What the model does at all its hosts: chat if a slug list has it write text, else what at least half of them say."""
    if any("text" in (claim.outputs or ()) for claim in about if claim.section in SLUG_SECTIONS):
        return "chat"
    counts = Counter(offer.operation for offer in offers if offer.operation != "chat")
    if not counts or sum(counts.values()) * 2 < len(offers):
        return "chat"
    return counts.most_common(1)[0][0]


def _endpoint(offer: Offer, pricing: Pricing, claims: list[Claim], inputs: tuple[str, ...]) -> TreeEndpoint:
    operation = offer.operation
    context = context_of(offer)
    reads, writes = limits_of(offer, context)
    own_inputs = (
        facts.inputs_of(offer.claims, operation) if any(claim.inputs for claim in offer.claims) else inputs
    )
    narrowed = tuple(word for word in inputs if word in own_inputs)
    own_word = pricing.input_cache_read is not None and pricing.input_cache_write is None
    return TreeEndpoint(
        provider=offer.provider,
        native_id=offer.native_id,
        tag="/".join(
            part
            for part in (offer.provider, "-".join(filter(None, (offer.quantization, offer.speed))))
            if part
        ),
        operation=operation,
        protocol=_protocol(offer) if operation == "chat" else None,
        context_length=context,
        max_prompt_tokens=reads,
        max_completion_tokens=writes if operation in {"chat", "completions"} else None,
        quantization=offer.quantization or "unknown",
        pricing=pricing,
        abilities=_abilities(offer, claims) if operation == "chat" else (),
        input_modalities=narrowed if narrowed and narrowed != inputs else None,
        supports_implicit_caching=offer.provider in _CACHES_ON_ITS_OWN and own_word,
    )


def _abilities(offer: Offer, claims: list[Claim]) -> tuple[str, ...]:
    """The offer's own flags where it has any, else what is said of the model elsewhere."""
    flags = {
        "tools": lambda claim: claim.tools,
        "structured_outputs": lambda claim: claim.structured,
        "reasoning": lambda claim: claim.reasoning,
        "sampling": lambda claim: claim.temperature,
    }
    said = {}
    for word, flag in flags.items():
        own = majority(offer.claims, flag)
        said[word] = own if own is not None else majority(claims, flag)
    found = {word for word in ("tools", "structured_outputs", "reasoning") if said[word]}
    if said["sampling"] is False:
        found.add("without_sampling")
        if offer.slug.startswith("openai/"):
            found.add("without_stop")
    if offer.slug.startswith("openai/gpt-5") and said["reasoning"]:
        found.add("verbosity")
    return tuple(sorted(found))


def _protocol(offer: Offer) -> str | None:
    """The dialect, where it is not the provider's own: Claude on Azure and Vertex, Responses-only models, Vertex's guests."""
    author = offer.slug.partition("/")[0]
    if offer.provider in {"azure", "google-vertex"} and author == "anthropic":
        return "anthropic_messages"
    if offer.provider == "google-vertex" and author != "google":
        return "openai_chat"
    if offer.provider in {"openai", "azure"} and any(
        claim.protocol == "openai_responses" for claim in offer.claims
    ):
        return "openai_responses"
    return None


def _tagged(endpoints: list[TreeEndpoint]) -> tuple[TreeEndpoint, ...]:
    """Tags made unique within the model, cheapest first; the plain tag of a provider is not written out."""
    used: set[str] = set()
    unique = []
    for endpoint in endpoints:
        tag, count = endpoint.tag or endpoint.provider, 2
        while tag in used:
            tag, count = f"{endpoint.tag}-{count}", count + 1
        used.add(tag)
        unique.append(replace(endpoint, tag=None if tag == endpoint.provider else tag))
    return tuple(sorted(unique, key=lambda endpoint: (endpoint.provider, endpoint.tag or "")))


def _tiers(
    priced: list[tuple[Offer, Pricing]], endpoints: Iterable[TreeEndpoint]
) -> tuple[TreeEndpoint, ...]:
    """Flex and priority offers of a provider whose ordinary price litellm also has right."""
    by_provider = {endpoint.provider: endpoint for endpoint in endpoints if endpoint.tag is None}
    rows = []
    for offer, pricing in priced:
        endpoint = by_provider.get(offer.provider)
        for claim in offer.claims:
            agrees = claim.pricing.prompt == pricing.prompt and claim.pricing.completion == pricing.completion
            for tier in ("flex", "priority") if endpoint is not None and agrees and not offer.speed else ():
                rates = claim.tiers.get(tier)
                if rates is not None and rates.prompt and rates.completion and endpoint is not None:
                    tag = f"{offer.provider}/{tier}"
                    rows.append(replace(endpoint, tag=tag, pricing=rates, service_tier=tier))
    return tuple({row.tag: row for row in rows}.values())


def _thinking(
    slug: str, paid: list[tuple[Offer, Pricing]], variants: set[str]
) -> list[tuple[Offer, Pricing]]:
    if f"{slug}:thinking" not in variants:
        return []
    rows = []
    for offer, pricing in paid:
        if pricing.internal_reasoning is not None:
            tiers = (
                replace(tier, completion=tier.internal_reasoning, internal_reasoning=None)
                for tier in pricing.overrides
            )
            rates = replace(
                pricing,
                completion=pricing.internal_reasoning,
                internal_reasoning=None,
                overrides=tuple(tiers),
            )
            rows.append((offer, rates))
    return rows


def _all_zero(offer: Offer) -> bool:
    priced = [claim for claim in offer.claims if claim.pricing.prompt is not None]
    return bool(priced) and all(is_zero(claim.pricing) for claim in priced)


def _claims_by_slug(claims: list[Claim]) -> dict[str, list[Claim]]:
    about: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.section in SLUG_SECTIONS:
            about[claim.native_id.lower().partition(":")[0]].append(claim)
    return about


def _refusal(offer: Offer, reason: str) -> Refusal:
    return Refusal(offer.slug, offer.provider, offer.native_id, reason)
