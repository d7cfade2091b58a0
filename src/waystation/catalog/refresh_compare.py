"""Holds what a source says now against the catalogue, and decides what may change: small steps yes, leaps no."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec
from msgspec import Struct

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.generate.gates import CLOSED_AUTHORS
from waystation.catalog.generate.keys import spell
from waystation.catalog.index import Catalog
from waystation.catalog.layers import ASSUMED_PARAMETERS, Json, Row
from waystation.catalog.pricing import RATE_NAMES, Pricing
from waystation.catalog.refresh_read import Reading, Seen, Sighting

LEAP = 5
"""A rate that changes by more than this factor is held back for a person to look at."""

MOST_ROWS = Decimal("0.9")
FEW_COMPARED = 10


class PriceChange(Struct, frozen=True):
    """One rate of one endpoint, before and after, in USD per unit."""

    model_id: str
    tag: str
    rate: str
    before: Decimal | None
    after: Decimal


class Comparison(Struct):
    """What a source would do. `refused` says why nothing of it may be applied, None where it may."""

    refused: str | None = None
    changes: list[PriceChange] = []
    quarantined: list[PriceChange] = []
    zeroed: list[PriceChange] = []
    added: list[str] = []
    unknown_authors: list[str] = []
    hidden: list[str] = []
    endpoints: list[str] = []
    patches: dict[str, dict[str, Row]] = {}
    models: dict[str, Row] = {}


class Known(Struct, frozen=True):
    """What is held against a source: the catalogue in use, the keys of names, and the day (`YYYY-MM-DD`)."""

    catalog: Catalog
    keys: Mapping[str, str]
    today: str
    places: Mapping[tuple[str, str], list[Endpoint]]


def known_of(catalog: Catalog, keys: Mapping[str, str], today: str) -> Known:
    """Prepare a catalogue for comparisons."""
    places: dict[tuple[str, str], list[Endpoint]] = defaultdict(list)
    for model in catalog.models:
        for endpoint in model.endpoints:
            places[endpoint.provider, endpoint.native_id.lower()].append(endpoint)
    return Known(catalog, keys, today, places)


def compare(known: Known, reading: Reading, last: Seen) -> Comparison:
    """The changes a source asks for; `last` says what it had when it was last accepted."""
    found = Comparison()
    if reading.rows < last.rows * MOST_ROWS:
        found.refused = f"{reading.rows} rows where there were {last.rows}: more than a tenth vanished"
        return found
    compared = 0
    for sighting in reading.sightings:
        matches = _matches(known, sighting)
        for endpoint in matches:
            found.endpoints.append(f"{endpoint.model_id} {endpoint.tag}")
            compared += endpoint.pricing.prompt is not None and sighting.claim.pricing.prompt is not None
            _update(found, endpoint, sighting, known.today)
        if not matches:
            _add(found, known, sighting, reading.slugs)
    leaped = len({(move.model_id, move.tag) for move in found.quarantined})
    if compared == 0:
        found.refused = "no row of a provider that we know"
    elif compared >= FEW_COMPARED and leaped * 4 > compared:
        found.refused = (
            f"rates of {leaped} of {compared} endpoints changed more than {LEAP} times: wrong units?"
        )
    if found.refused is None:
        _hide(found, set(last.endpoints) - set(found.endpoints), len(last.endpoints))
    return found


def _update(found: Comparison, endpoint: Endpoint, sighting: Sighting, today: str) -> None:
    claim = sighting.claim
    patch = found.patches.setdefault(endpoint.model_id, {}).setdefault(endpoint.tag, {})
    if claim.retires is not None and claim.retires <= today:
        patch["enabled"] = False
        found.hidden.append(f"{endpoint.model_id} {endpoint.tag}")
        return
    rates = _accepted_rates(found, endpoint, claim.pricing)
    if rates:
        pricing: dict[str, Json] = {name: format(rate, "f") for name, rate in rates.items()}
        if claim.thresholds_known and claim.pricing.overrides:
            pricing["overrides"] = msgspec.json.decode(msgspec.json.encode(claim.pricing.overrides))
        patch["pricing"] = pricing
    for field, value in (("context_length", claim.context), ("max_completion_tokens", claim.writes)):
        if value is not None and value != getattr(endpoint, field) and claim.source != "litellm":
            patch[field] = value
    if sighting.quantization is not None and sighting.quantization != endpoint.quantization:
        patch["quantization"] = sighting.quantization


def _accepted_rates(found: Comparison, endpoint: Endpoint, now: Pricing) -> dict[str, Decimal]:
    """The rates that may change; where one of an endpoint's rates leaps, none of them is believed."""
    moves = [
        PriceChange(endpoint.model_id, endpoint.tag, name, before, after)
        for name in RATE_NAMES
        if (after := getattr(now, name)) is not None and (before := getattr(endpoint.pricing, name)) != after
    ]
    free = endpoint.pricing.prompt == 0 and not endpoint.pricing.completion
    if not moves or free or (_by_the_clock(endpoint.pricing) and not _by_the_clock(now)):
        return {}
    zeroed = [move for move in moves if move.after == 0]
    leaps = [move for move in moves if move.before and move.after and _leaps(move.before, move.after)]
    found.zeroed += [move for move in zeroed if move.before]
    found.quarantined += leaps
    if leaps:
        return {}
    kept = [move for move in moves if move.after != 0]
    found.changes += kept
    return {move.rate: move.after for move in kept}


def _by_the_clock(pricing: Pricing) -> bool:
    """Whether rates depend on the hour; a source that does not know that tells only one of them."""
    return any(override.utc_start is not None for override in pricing.overrides)


def _leaps(before: Decimal, after: Decimal) -> bool:
    return after > before * LEAP or after * LEAP < before


def _add(found: Comparison, known: Known, sighting: Sighting, slugs: Mapping[str, str]) -> None:
    """A new endpoint of a model we have, or of one on the source's slug list whose author we know."""
    claim = sighting.claim
    slug = sighting.model_id or _slug(sighting.native_id, known.keys, slugs)
    if slug is None or ":" in slug or not _offered(sighting, known.today):
        return
    author = slug.partition("/")[0]
    if all(model.author != author for model in known.catalog.models):
        found.unknown_authors.append(slug)
        return
    if sighting.provider not in known.catalog.providers or not _may_sell(
        known.catalog, sighting.provider, author
    ):
        return
    model = known.catalog.get(slug)
    tag = sighting.tag or sighting.provider
    if model is not None and any(endpoint.tag == tag for endpoint in model.endpoints):
        return
    if model is None:
        row = found.models.setdefault(slug, {"id": slug, "name": slugs.get(slug) or slug})
        row.setdefault("context_length", claim.context)
    found.patches.setdefault(slug, {})[tag] = _new_endpoint(known.catalog, sighting, tag)
    found.added.append(f"{slug} {tag}")


def _offered(sighting: Sighting, today: str) -> bool:
    """Whether it is a chat endpoint with both rates, not on its way out."""
    claim = sighting.claim
    if claim.deprecated or (claim.retires is not None and claim.retires <= today):
        return False
    return bool(
        claim.operation == "chat" and claim.pricing.prompt and claim.pricing.completion and sighting.native_id
    )


def _may_sell(catalog: Catalog, provider: str, author: str) -> bool:
    """Closed makers are sold only where the catalogue already has them sold: resellers come no other way."""
    if author not in CLOSED_AUTHORS:
        return True
    theirs = (model for model in catalog.models if model.author == author)
    return any(endpoint.provider == provider for model in theirs for endpoint in model.endpoints)


def _new_endpoint(catalog: Catalog, sighting: Sighting, tag: str) -> Row:
    claim = sighting.claim
    rates = {
        name: format(rate, "f") for name in RATE_NAMES if (rate := getattr(claim.pricing, name)) is not None
    }
    pricing: dict[str, Json] = {**rates}
    parameters: list[Json] = [*_parameters(catalog, sighting)]
    row: Row = {
        "provider": sighting.provider,
        "tag": tag,
        "native_id": sighting.native_id,
        "context_length": claim.context or claim.reads,
        "max_completion_tokens": claim.writes,
        "pricing": pricing,
        "supported_parameters": parameters,
    }
    return row


def _parameters(catalog: Catalog, sighting: Sighting) -> tuple[str, ...]:
    """What the same provider takes for a model with the same abilities."""
    wanted = (bool(sighting.claim.tools), bool(sighting.claim.reasoning))
    for model in catalog.models:
        for endpoint in model.endpoints:
            words = endpoint.supported_parameters
            if (
                endpoint.provider == sighting.provider
                and ("tools" in words, "reasoning" in words) == wanted
                and words
            ):
                return tuple(sorted(words))
    return tuple(ASSUMED_PARAMETERS)


def _slug(native_id: str, keys: Mapping[str, str], slugs: Mapping[str, str]) -> str | None:
    spelling = spell(native_id)
    if spelling.speed is not None or spelling.quantization is not None or spelling.variant is not None:
        return None
    listed = {spell(slug).forms[0]: slug for slug in slugs if ":" not in slug and not slug.startswith("~")}
    return next((book[form] for form in spelling.forms for book in (keys, listed) if form in book), None)


def _hide(found: Comparison, gone: Iterable[str], known: int) -> None:
    """What the source had last time and has no more; a mass exit is no reason to empty the catalogue."""
    names = sorted(gone)
    if len(names) * 10 >= known:
        if names:
            found.refused = f"{len(names)} of {known} endpoints vanished: more than a tenth"
        return
    for name in names:
        model_id, _, tag = name.partition(" ")
        found.patches.setdefault(model_id, {})[tag] = {"enabled": False}
        found.hidden.append(name)


def _matches(known: Known, sighting: Sighting) -> list[Endpoint]:
    if sighting.model_id is None:
        return known.places.get((sighting.provider, sighting.native_id.lower()), [])
    found = known.catalog.resolve(sighting.model_id)
    endpoints = found.model.endpoints if found is not None else ()
    exact = [endpoint for endpoint in endpoints if endpoint.tag == sighting.tag]
    alone = [endpoint for endpoint in endpoints if endpoint.provider == sighting.provider]
    return exact or (alone if len(alone) == 1 else [])


def rows_of(found: Comparison) -> list[Row]:
    """The comparison as rows of a layer, in order of id."""
    rows: list[Row] = []
    for model_id in sorted(found.patches):
        endpoints: list[Json] = [
            {"tag": tag, **patch} for tag, patch in sorted(found.patches[model_id].items()) if patch
        ]
        if endpoints:
            rows.append({**found.models.get(model_id, {"id": model_id}), "endpoints": endpoints})
    return rows
