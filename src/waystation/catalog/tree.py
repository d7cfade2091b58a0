"""The reviewable form of the facts, a folder of JSON files under version control, and how it becomes one packed file.

An endpoint in the tree names the abilities it has; the parameters that follow come from the profile of its provider.
"""

from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import LatestFamily
from waystation.catalog.model import DefaultParameters, Model, Reasoning
from waystation.catalog.packed import FORMAT, CatalogError, Packed
from waystation.catalog.pricing import Pricing
from waystation.catalog.provider_facts import ProviderFacts

_Kind = TypeVar("_Kind")


class TreeEndpoint(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An endpoint as the tree keeps it. `abilities` are words such as `tools`, `reasoning`; see `parameters_of`."""

    provider: str
    native_id: str
    tag: str | None = None
    operation: str = "chat"
    protocol: str | None = None
    context_length: int | None = None
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    quantization: str = "unknown"
    pricing: Pricing = Pricing()
    abilities: tuple[str, ...] = ()
    parameters: tuple[str, ...] | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    supports_implicit_caching: bool = False
    service_tier: str | None = None


class TreeModel(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A model as the tree keeps it: no field that follows from others."""

    id: str
    name: str
    canonical_slug: str | None = None
    created: int | None = None
    context_length: int | None = None
    hugging_face_id: str | None = None
    input_modalities: tuple[str, ...] = ("text",)
    output_modalities: tuple[str, ...] = ("text",)
    tokenizer: str = "Other"
    instruct_type: str | None = None
    knowledge_cutoff: str | None = None
    expiration_date: str | None = None
    reasoning: Reasoning | None = None
    default_parameters: DefaultParameters | None = None
    supported_voices: tuple[str, ...] | None = None
    open_weights: bool | None = None
    endpoints: tuple[TreeEndpoint, ...] = ()
    tier_endpoints: tuple[TreeEndpoint, ...] = ()


class About(Struct, frozen=True, forbid_unknown_fields=True):
    """When the tree was generated, the date of each source's data, and how many rows it had."""

    generated_at: str
    sources: dict[str, str]
    rows: dict[str, int] = {}


class Aliases(Struct, frozen=True, forbid_unknown_fields=True):
    """Other names: of models, of authors, families for `~latest`, and what replaced a model that is gone."""

    models: dict[str, str]
    authors: dict[str, str]
    latest: tuple[LatestFamily, ...]
    successors: dict[str, str]


class Profiles(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters that a provider's adapter can send (by slug, else `default`), and those an ability adds."""

    providers: dict[str, tuple[str, ...]]
    abilities: dict[str, tuple[str, ...]]


def pack_tree(data: Path) -> Packed:
    """The packed catalogue of a tree of facts; hand-written files lie in `models/by_hand/`. Raises `CatalogError`."""
    about = _read(data / "about.json", About)
    aliases = _read(data / "aliases.json", Aliases)
    profiles = _read(data / "param_profiles.json", Profiles)
    rows = [row for file in model_files(data) for row in _read(file, tuple[TreeModel, ...])]
    return Packed(
        format=FORMAT,
        generated_at=about.generated_at,
        sources=about.sources,
        providers=_read(data / "providers.json", tuple[ProviderFacts, ...]),
        models=tuple(sorted((model_of(row, profiles) for row in rows), key=lambda model: model.id)),
        aliases=aliases.models,
        author_aliases=aliases.authors,
        latest=aliases.latest,
        successors=aliases.successors,
    )


def model_files(data: Path) -> list[Path]:
    """The files of models in a fixed order, generated before hand-written."""
    return [*sorted((data / "models").glob("*.json")), *sorted((data / "models" / "by_hand").glob("*.json"))]


def newest_change(data: Path) -> int:
    """When the tree, or the code that packs it, last changed, in nanoseconds of file time."""
    code = [
        Path(__file__),
        *(Path(__file__).with_name(f"{name}.py") for name in ("model", "endpoint", "pricing", "packed")),
    ]
    files = [*data.glob("*.json"), data / "models", *model_files(data), *code]
    return max(file.stat().st_mtime_ns for file in files)


def model_of(row: TreeModel, profiles: Profiles) -> Model:
    """The full row: what follows from other fields is filled in here."""
    endpoints = tuple(endpoint_of(item, row, profiles) for item in row.endpoints)
    parameters = {name for endpoint in endpoints for name in endpoint.supported_parameters}
    author = row.id.partition("/")[0]
    facts = {key: value for key, value in asdict(row).items() if key not in {"endpoints", "tier_endpoints"}}
    model = Model(canonical_slug=facts.pop("canonical_slug") or row.id, author=author, **facts)
    return replace(
        model,
        supported_parameters=tuple(sorted(parameters)),
        endpoints=endpoints,
        tier_endpoints=tuple(endpoint_of(item, row, profiles) for item in row.tier_endpoints),
    )


def endpoint_of(row: TreeEndpoint, model: TreeModel, profiles: Profiles) -> Endpoint:
    """The full endpoint: tag, modalities and parameters default to the provider's slug, the model's, the profile's."""
    return Endpoint(
        model_id=model.id,
        provider=row.provider,
        tag=row.tag or row.provider,
        native_id=row.native_id,
        operation=row.operation,
        protocol=row.protocol,
        context_length=row.context_length,
        max_prompt_tokens=row.max_prompt_tokens,
        max_completion_tokens=row.max_completion_tokens,
        quantization=row.quantization,
        pricing=row.pricing,
        supported_parameters=parameters_of(row, profiles),
        input_modalities=row.input_modalities or model.input_modalities,
        output_modalities=row.output_modalities or model.output_modalities,
        supports_implicit_caching=row.supports_implicit_caching,
        service_tier=row.service_tier,
    )


def parameters_of(row: TreeEndpoint, profiles: Profiles) -> frozenset[str]:
    """What may be sent: the adapter's profile and what each ability adds, less what a `without_` ability takes away."""
    if row.parameters is not None:
        return frozenset(row.parameters)
    if row.operation != "chat":
        return frozenset()
    sendable = set(profiles.providers.get(row.provider, profiles.providers["default"]))
    added = [word for word in row.abilities if not word.startswith("without_")]
    removed = [word for word in row.abilities if word.startswith("without_")]
    sendable.update(name for word in added for name in profiles.abilities.get(word, ()))
    return frozenset(
        sendable.difference(name for word in removed for name in profiles.abilities.get(word, ()))
    )


def _read(path: Path, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise CatalogError(f"{path}: {error}") from error
