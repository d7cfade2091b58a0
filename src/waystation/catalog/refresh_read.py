"""Gets the sources of a refresh, by file or by a fetch that is handed in, and reads them into sightings of endpoints."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from waystation.catalog.generate.claims import Claim
from waystation.catalog.generate.read_litellm import read_litellm
from waystation.catalog.generate.read_modelsdev import read_modelsdev, read_modelsdev_api
from waystation.catalog.generate.read_prices import read_genai_live, read_genai_prices
from waystation.catalog.packed import CatalogError, decode_packed
from waystation.catalog.pricing import Pricing

Fetch: TypeAlias = Callable[[str, Mapping[str, str]], Awaitable[tuple[int, Mapping[str, str], bytes]]]
"""`await fetch(url, headers)` gives status, headers and body. The catalogue opens no socket itself."""

Kind: TypeAlias = Literal[
    "modelsdev-api", "modelsdev-tree", "litellm", "genai-prices", "openrouter-compatible", "catalog"
]
SIZE_LIMIT = 64 * 1024 * 1024


class RefreshSource(Struct, frozen=True, forbid_unknown_fields=True):
    """One source as configured: `location` is a URL or the path of a file; for a gateway, its API's base URL."""

    name: str
    kind: Kind
    location: str
    enabled: bool = True


class Seen(Struct, frozen=True, omit_defaults=True):
    """What is remembered of a source between refreshes."""

    etag: str | None = None
    last_modified: str | None = None
    rows: int = 0
    endpoints: tuple[str, ...] = ()


class Sighting(Struct, frozen=True):
    """One endpoint in a source. `model_id` and `tag` are known where the source speaks our slugs, else found by `native_id`."""

    provider: str
    native_id: str
    claim: Claim
    model_id: str | None = None
    tag: str | None = None
    quantization: str | None = None


class Reading(Struct, frozen=True):
    """A source read: its sightings, the slugs it lists (with their names), and how many rows it had in all."""

    rows: int
    sightings: tuple[Sighting, ...]
    slugs: dict[str, str]


async def obtain(source: RefreshSource, fetch: Fetch, seen: Seen) -> tuple[bytes | None, Seen]:
    """The source's bytes, None where nothing changed since `seen`; raises `CatalogError` for anything but success."""
    if "://" not in source.location:
        return _file(Path(source.location)), seen
    url = source.location
    if source.kind == "openrouter-compatible":
        url = source.location.rstrip("/") + "/models"
    conditions = {"If-None-Match": seen.etag, "If-Modified-Since": seen.last_modified}
    status, headers, body = await fetch(url, {name: value for name, value in conditions.items() if value})
    if status == 304:
        return None, seen
    if status != 200:
        raise CatalogError(f"answered with status {status}")
    folded = {name.lower(): value for name, value in headers.items()}
    renewed = msgspec.structs.replace(
        seen, etag=folded.get("etag"), last_modified=folded.get("last-modified")
    )
    return _within_limit(body), renewed


async def read_source(
    source: RefreshSource, path: Path, sections: Mapping[str, Mapping[str, str]], fetch: Fetch, today: str
) -> Reading:
    """The sightings in a source's file; raises `CatalogError` where it is not what its kind says."""
    try:
        if source.kind == "catalog":
            return _read_catalog(path)
        if source.kind == "openrouter-compatible":
            return await _read_gateway(source, path, fetch)
        claims = list(_claims(source.kind, path, today))
    except msgspec.MsgspecError as error:
        raise CatalogError(f"not {source.kind} data: {error}") from error
    words = sections["modelsdev" if source.kind.startswith("modelsdev") else source.kind]
    sightings = tuple(
        Sighting(words[claim.section], claim.native_id, claim) for claim in claims if claim.section in words
    )
    slugs = {claim.native_id.lower(): claim.name or "" for claim in claims if claim.section == "openrouter"}
    return Reading(len(claims), sightings, slugs)


def _claims(kind: Kind, path: Path, today: str) -> Iterator[Claim]:
    is_list = path.read_bytes()[:1] == b"["
    match kind:
        case "modelsdev-api":
            return read_modelsdev_api(path, kind)
        case "modelsdev-tree":
            return read_modelsdev(path, kind, thresholds_known=True)
        case "litellm":
            return read_litellm(path, kind)
        case _:
            return read_genai_live(path, kind, today) if is_list else read_genai_prices(path, kind, today)


def _read_catalog(path: Path) -> Reading:
    packed = decode_packed(path.read_bytes())
    sightings = tuple(
        Sighting(
            provider=endpoint.provider,
            native_id=endpoint.native_id,
            claim=Claim(
                source="catalog",
                section=endpoint.provider,
                native_id=endpoint.native_id,
                operation=endpoint.operation,
                context=endpoint.context_length,
                writes=endpoint.max_completion_tokens,
                pricing=endpoint.pricing,
                tools="tools" in endpoint.supported_parameters,
                reasoning="reasoning" in endpoint.supported_parameters,
            ),
            model_id=model.id,
            tag=endpoint.tag,
            quantization=endpoint.quantization,
        )
        for model in packed.models
        for endpoint in model.endpoints
    )
    return Reading(len(sightings), sightings, {model.id: model.name for model in packed.models})


class _GatewayModel(Struct):
    id: str
    name: str = ""


class _GatewayEndpoint(Struct):
    tag: str
    context_length: int | None = None
    max_completion_tokens: int | None = None
    quantization: str | None = None
    pricing: dict[str, msgspec.Raw] = {}
    supported_parameters: list[str] = []


class _GatewayEndpoints(Struct):
    endpoints: list[_GatewayEndpoint] = []


class _Listing(Struct):
    data: list[_GatewayModel]


class _Details(Struct):
    data: _GatewayEndpoints


async def _read_gateway(source: RefreshSource, path: Path, fetch: Fetch) -> Reading:
    """Every model of a gateway that answers as OpenRouter does, and the endpoints of each, one request a model."""
    listing = _listing(path)
    sightings: list[Sighting] = []
    for model in listing if "://" in source.location else ():
        status, _, body = await fetch(f"{source.location.rstrip('/')}/models/{model.id}/endpoints", {})
        if status == 200:
            endpoints = msgspec.json.decode(body, type=_Details).data.endpoints
            sightings += [_gateway_sighting(model.id, endpoint) for endpoint in endpoints]
    return Reading(len(listing), tuple(sightings), {model.id: model.name for model in listing})


def _listing(path: Path) -> list[_GatewayModel]:
    return msgspec.json.decode(path.read_bytes(), type=_Listing).data


def _gateway_sighting(model_id: str, endpoint: _GatewayEndpoint) -> Sighting:
    known = {
        name: raw
        for name, raw in endpoint.pricing.items()
        if name in Pricing.__struct_fields__ and name != "discount"
    }
    provider = endpoint.tag.partition("/")[0]
    claim = Claim(
        source="openrouter-compatible",
        section=provider,
        native_id="",
        context=endpoint.context_length,
        writes=endpoint.max_completion_tokens,
        pricing=msgspec.json.decode(msgspec.json.encode(known), type=Pricing, strict=False),
        tools="tools" in endpoint.supported_parameters,
        reasoning="reasoning" in endpoint.supported_parameters,
    )
    quantization = endpoint.quantization if endpoint.quantization != "unknown" else None
    return Sighting(provider, "", claim, model_id, endpoint.tag, quantization)


def _file(path: Path) -> bytes:
    try:
        return _within_limit(path.read_bytes())
    except OSError as error:
        raise CatalogError(f"cannot read {path}: {error.strerror}") from error


def _within_limit(content: bytes) -> bytes:
    if len(content) > SIZE_LIMIT:
        raise CatalogError(
            f"{len(content)} bytes, more than the {SIZE_LIMIT} that a catalogue source may have"
        )
    return content
