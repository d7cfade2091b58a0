"""Reads models.dev: one row per model and provider. The July copy has true tier thresholds, dates and base models;
the August copy is fresher but writes 200000 for every threshold, so its tiers are never believed.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct

from waystation.catalog.generate.claims import Claim, per_million
from waystation.catalog.pricing import PriceOverride, Pricing

_BY_OUTPUT = {"audio": "speech", "image": "images", "video": "videos"}


class _Tier(Struct, frozen=True):
    size: int = 0


class _Cost(Struct, frozen=True):
    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None
    request: Decimal | None = None
    tiers: list["_TierCost"] = []


class _TierCost(_Cost, frozen=True):
    tier: _Tier | None = None
    min_context: int | None = None


class _Limit(Struct, frozen=True):
    context: int = 0
    output: int = 0
    input: int = 0


class _Modalities(Struct, frozen=True):
    input: list[str] = []
    output: list[str] = []


class _Option(Struct, frozen=True):
    type: str = ""
    values: list[str | None] = []
    min: int | None = None


class _Weights(Struct, frozen=True):
    url: str = ""


class _Hints(Struct, frozen=True):
    npm: str = ""
    shape: str = ""


class _Row(Struct, frozen=True):
    name: str = ""
    limit: _Limit = _Limit()
    modalities: _Modalities = _Modalities()
    cost: _Cost = _Cost()
    tool_call: bool | None = None
    structured_output: bool | None = None
    reasoning: bool | None = None
    temperature: bool | None = None
    reasoning_options: list[_Option] = []
    open_weights: bool | None = None
    weights: list[_Weights] = []
    knowledge: str | None = None
    release_date: str | None = None
    status: str | None = None
    base_model: str | None = None
    provider: _Hints = _Hints()


class _Section(Struct, frozen=True):
    models: dict[str, _Row] = {}


class _File(Struct, frozen=True):
    providers: dict[str, _Section]


def read_modelsdev(path: Path, source: str, *, thresholds_known: bool) -> Iterator[Claim]:
    """Every row of a models.dev export; prices there are USD per million tokens."""
    file = msgspec.json.decode(path.read_bytes(), type=_File)
    for section, facts in file.providers.items():
        for native_id, row in facts.models.items():
            yield _claim(source, section, native_id, row, thresholds_known=thresholds_known)


def read_modelsdev_api(path: Path, source: str) -> Iterator[Claim]:
    """Every row of the published `api.json`, which folds tiers into one size, so its tiers are never believed."""
    for section, facts in msgspec.json.decode(path.read_bytes(), type=dict[str, _Section]).items():
        for native_id, row in facts.models.items():
            yield _claim(source, section, native_id, row, thresholds_known=False)


def _claim(source: str, section: str, native_id: str, row: _Row, *, thresholds_known: bool) -> Claim:
    outputs = tuple(row.modalities.output) or None
    options = {option.type: option for option in row.reasoning_options}
    effort = options.get("effort")
    return Claim(
        source=source,
        section=section,
        native_id=native_id,
        name=row.name or None,
        operation=_operation(native_id, row),
        protocol=_protocol(row.provider),
        context=row.limit.context or None,
        reads=row.limit.input or None,
        writes=row.limit.output or None,
        inputs=tuple("file" if word == "pdf" else word for word in row.modalities.input) or None,
        outputs=outputs,
        tools=row.tool_call,
        structured=row.structured_output,
        reasoning=row.reasoning,
        temperature=row.temperature,
        efforts=tuple(word for word in effort.values if word)
        if effort is not None and effort.values
        else None,
        budget="budget_tokens" in options,
        toggle="toggle" in options,
        always_reasons=section == "google" and (options.get("budget_tokens", _Option()).min or 0) > 0,
        open_weights=row.open_weights,
        hugging_face_id=_hugging_face(row.weights),
        knowledge=row.knowledge,
        released=row.release_date if row.release_date and len(row.release_date) == 10 else None,
        deprecated=row.status == "deprecated",
        base_model=row.base_model,
        caches=row.cost.cache_read is not None,
        pricing=_pricing(row.cost, thresholds_known=thresholds_known),
        thresholds_known=thresholds_known,
    )


def _pricing(cost: _Cost, *, thresholds_known: bool) -> Pricing:
    overrides = tuple(
        PriceOverride(
            min_prompt_tokens=tier.tier.size,
            prompt=per_million(tier.input),
            completion=per_million(tier.output),
            input_cache_read=per_million(tier.cache_read),
            input_cache_write=per_million(tier.cache_write),
            audio=per_million(tier.input_audio),
        )
        for tier in sorted(cost.tiers, key=lambda tier: tier.tier.size if tier.tier else 0)
        if thresholds_known and tier.tier is not None and tier.tier.size
    )
    return Pricing(
        prompt=per_million(cost.input),
        completion=per_million(cost.output),
        input_cache_read=per_million(cost.cache_read),
        input_cache_write=per_million(cost.cache_write) or None,
        internal_reasoning=per_million(cost.reasoning),
        audio=per_million(cost.input_audio),
        audio_output=per_million(cost.output_audio),
        overrides=overrides,
    )


def _operation(native_id: str, row: _Row) -> str:
    name, outputs = native_id.lower(), row.modalities.output
    if "rerank" in name:
        return "rerank"
    if "embed" in name or "embedding" in outputs:
        return "embeddings"
    if len(outputs) == 1 and outputs[0] in _BY_OUTPUT:
        return _BY_OUTPUT[outputs[0]]
    if "whisper" in name or "transcribe" in name or name.endswith("-asr"):
        return "transcription"
    return "chat"


def _protocol(hints: _Hints) -> str | None:
    if hints.shape == "responses":
        return "openai_responses"
    return "anthropic_messages" if hints.npm.endswith("anthropic") else None


def _hugging_face(weights: list[_Weights]) -> str | None:
    start = "https://huggingface.co/"
    found = (link.url.removeprefix(start) for link in weights if link.url.startswith(start))
    return next((name for name in found if name.count("/") == 1), None)
