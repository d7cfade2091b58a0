"""Changes laid over a catalogue: a refresh, an operator's file, the user's own servers. Reads no file itself.

A row is a plain mapping merged into the model of the same `id`, its `endpoints` into those of the same `tag`. A value of
None removes a field, so does naming it under `unset` (TOML has no null); `enabled = false` hides the row.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from waystation.catalog.index import Catalog
from waystation.catalog.model import Model
from waystation.catalog.packed import CatalogError
from waystation.catalog.provider_facts import ProviderFacts

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Row: TypeAlias = dict[str, Json]
_Kind = TypeVar("_Kind", Model, ProviderFacts)

ASSUMED_PARAMETERS = [
    "frequency_penalty",
    "include_reasoning",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "presence_penalty",
    "reasoning",
    "response_format",
    "seed",
    "stop",
    "structured_outputs",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
]
"""What a server of the user's own is taken to accept where its row lists nothing: what the OpenAI dialect can say."""

_MERGED = ("pricing", "reasoning", "default_parameters")
_RATES_OF_A_SHORT_ROW = ("prompt", "completion", "request", "input_cache_read", "input_cache_write")
_ENDPOINT_ONLY = (
    "native_id",
    "tag",
    "quantization",
    "max_prompt_tokens",
    "max_completion_tokens",
    "operation",
    "protocol",
)
_SHARED_WITH_MODEL = ("context_length", "input_modalities", "output_modalities", "supported_parameters")


class Layer(Struct, frozen=True, forbid_unknown_fields=True):
    """Rows from one origin; `name` is what `show --why` prints."""

    name: str
    models: tuple[Row, ...] = ()
    providers: tuple[Row, ...] = ()
    aliases: dict[str, str | None] = {}
    generated_at: str | None = None


class ConfiguredModel(Struct, frozen=True, forbid_unknown_fields=True):
    """A model of the user's own server: `[providers.my-vllm] models = [...]`, or one found by reading its `/models`.

    `prompt` and `completion` are USD per token; None is unknown.
    """

    provider: str
    id: str
    native_id: str
    context_length: int | None = None
    max_completion_tokens: int | None = None
    prompt: Decimal | None = None
    completion: Decimal | None = None
    supported_parameters: tuple[str, ...] | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    operation: str | None = None


def layer_of(table: Row, name: str) -> Layer:
    """The layer in a decoded file: `models`, `providers` (lists of tables), `aliases`; raises `CatalogError`."""
    unknown = table.keys() - {"models", "providers", "aliases", "generated_at"}
    if unknown:
        raise CatalogError(f"{name}: unknown tables {sorted(unknown)}")
    aliases, generated_at = table.get("aliases", {}), table.get("generated_at")
    if not isinstance(aliases, dict):
        raise CatalogError(f"{name}: aliases must be a table")
    return Layer(
        name,
        _rows(table, "models", name),
        _rows(table, "providers", name),
        {alias.lower(): target if isinstance(target, str) else None for alias, target in aliases.items()},
        generated_at if isinstance(generated_at, str) else None,
    )


def configured_layer(models: Iterable[ConfiguredModel], name: str = "configuration") -> Layer:
    """The layer that joins the user's own endpoints to the models they serve."""
    rows: list[Row] = [
        {key: value for key, value in _plain(model).items() if value is not None} for model in models
    ]
    return Layer(name, tuple(rows))


def overlay(catalog: Catalog, layers: Iterable[Layer]) -> Catalog:
    """The catalogue with the layers' changes, later layers winning; untouched models are kept as they are."""
    models: dict[str, Model | None] = {model.id: model for model in catalog.models}
    providers = dict(catalog.providers)
    aliases: dict[str, str | None] = dict(catalog.aliases)
    generated_at = catalog.generated_at
    for layer in layers:
        for row in layer.models:
            model_id = _text(row, "id", layer.name)
            models[model_id] = merge_model(models.get(model_id), row, layer.name)
        for row in layer.providers:
            slug = _text(row, "slug", layer.name)
            providers[slug] = _merge_provider(providers.get(slug), row, layer.name)
        aliases.update(layer.aliases)
        generated_at = max(generated_at, layer.generated_at or "")
    return Catalog(
        (model for model in models.values() if model is not None),
        providers.values(),
        aliases={alias: target for alias, target in aliases.items() if target is not None},
        author_aliases=catalog.author_aliases,
        latest=catalog.families.values(),
        successors=catalog.successors,
        generated_at=generated_at,
        sources=catalog.sources,
    )


def merge_model(model: Model | None, row: Row, origin: str) -> Model | None:
    """One model with one row laid over it; None where the row hides it. Raises `CatalogError` naming `origin`."""
    if row.get("enabled") is False:
        return None
    row = expand_short_row(row)
    facts = _plain(model) if model is not None else _new_model(_text(row, "id", origin))
    changes = {key: value for key, value in row.items() if key not in {"endpoints", "enabled"}}
    _merge_fields(facts, changes)
    patches = row.get("endpoints")
    if patches is not None:
        facts["endpoints"] = _merge_endpoints(facts, patches, origin)
    if patches is not None or model is None:
        _widen(facts, explicit=row.keys())
    return _converted(facts, Model, origin)


def expand_short_row(row: Row) -> Row:
    """A row that names a `provider` describes a model and its endpoint in one block; any other is returned unchanged."""
    if "provider" not in row:
        return row
    endpoint: Row = {"provider": row["provider"], "tag": row.get("tag", row["provider"])}
    endpoint |= {key: row[key] for key in (*_ENDPOINT_ONLY, *_SHARED_WITH_MODEL) if key in row}
    rates = {key: row[key] for key in _RATES_OF_A_SHORT_ROW if key in row}
    pricing = row.get("pricing")
    rates |= pricing if isinstance(pricing, dict) else {}
    if rates:
        endpoint["pricing"] = rates
    taken = {"provider", "pricing", *_ENDPOINT_ONLY, *_RATES_OF_A_SHORT_ROW, *_SHARED_WITH_MODEL}
    return {key: value for key, value in row.items() if key not in taken} | {"endpoints": [endpoint]}


def _merge_endpoints(facts: Row, patches: Json, origin: str) -> list[Json]:
    if not isinstance(patches, list):
        raise CatalogError(f"{origin}: endpoints of {facts['id']} must be a list")
    known = facts.get("endpoints")
    by_tag = (
        {item["tag"]: item for item in known if isinstance(item, dict)} if isinstance(known, list) else {}
    )
    for patch in patches:
        if not isinstance(patch, dict):
            raise CatalogError(f"{origin}: an endpoint of {facts['id']} must be a table")
        tag = str(patch.get("tag") or _text(patch, "provider", origin))
        if patch.get("enabled") is False:
            by_tag.pop(tag, None)
            continue
        endpoint = by_tag.setdefault(tag, _new_endpoint(facts, patch, tag))
        _merge_fields(endpoint, {key: value for key, value in patch.items() if key != "enabled"})
    return list(by_tag.values())


def _merge_fields(facts: Row, changes: Mapping[str, Json]) -> None:
    removed = changes.get("unset")
    for key in removed if isinstance(removed, list) else ():
        facts.pop(str(key), None)
    for key, value in changes.items():
        current = facts.get(key)
        if key == "unset":
            continue
        if value is None:
            facts.pop(key, None)
        elif key in _MERGED and isinstance(value, dict) and isinstance(current, dict):
            _merge_fields(current, value)
        else:
            facts[key] = dict(value) if isinstance(value, dict) else value


def _widen(facts: Row, explicit: Iterable[str]) -> None:
    """A model can do what one of its endpoints can: limits and parameters follow, unless the row sets them."""
    endpoints = facts.get("endpoints")
    rows = [item for item in endpoints if isinstance(item, dict)] if isinstance(endpoints, list) else []
    if facts.get("context_length") is None:
        lengths = [length for item in rows if isinstance(length := item.get("context_length"), int)]
        facts["context_length"] = max(lengths, default=None)
    for name in ("supported_parameters", "input_modalities", "output_modalities"):
        if name in explicit:
            continue
        omitted: list[Json] = [] if name == "supported_parameters" else ["text"]
        lists = [item.get(name, omitted) for item in (facts, *rows)]
        words = [str(word) for value in lists if isinstance(value, list) for word in value]
        facts[name] = (
            list(dict.fromkeys(sorted(words) if name == "supported_parameters" else words)) or omitted
        )


def _new_model(model_id: str) -> Row:
    author, _, name = model_id.partition("/")
    return {
        "id": model_id,
        "canonical_slug": model_id,
        "name": name or model_id,
        "author": author,
        "output_modalities": [],
    }


def _new_endpoint(facts: Row, patch: Row, tag: str) -> Row:
    native_id = str(facts["id"]).partition("/")[2] or facts["id"]
    row: Row = {"model_id": facts["id"], "provider": patch.get("provider", tag.partition("/")[0]), "tag": tag}
    outputs = facts.get("output_modalities") or ["text"]
    inputs = facts.get("input_modalities") or ["text"]
    assumed: list[Json] = list(ASSUMED_PARAMETERS)
    return row | {
        "native_id": native_id,
        "supported_parameters": assumed,
        "context_length": facts.get("context_length"),
        "input_modalities": inputs,
        "output_modalities": outputs,
    }


def _merge_provider(known: ProviderFacts | None, row: Row, origin: str) -> ProviderFacts:
    facts: Row = _plain(known) if known is not None else {"name": row.get("slug")}
    _merge_fields(facts, row)
    return _converted(facts, ProviderFacts, origin)


def _plain(value: Model | ProviderFacts | ConfiguredModel) -> Row:
    built: Row = msgspec.json.decode(msgspec.json.encode(value))
    return built


def _converted(facts: Row, kind: type[_Kind], origin: str) -> _Kind:
    try:
        return msgspec.convert(facts, kind)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{origin}: {facts.get('id') or facts.get('slug')}: {error}") from error


def _rows(table: Row, key: str, origin: str) -> tuple[Row, ...]:
    value = table.get(key, [])
    rows = tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
    if not isinstance(value, list) or len(rows) < len(value):
        raise CatalogError(f"{origin}: {key} must be a list of tables")
    return rows


def _text(row: Row, key: str, origin: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise CatalogError(f"{origin}: a row without `{key}`: {sorted(row)}")
    return value
