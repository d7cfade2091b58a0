"""Reads litellm's price table: deprecation dates, tier thresholds, one-hour cache writes, and what is not chat.

Its `max_input_tokens` limits the prompt and is not the context; its `max_output_tokens` is sometimes the context.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import msgspec

from waystation.catalog.generate.claims import Claim, exact
from waystation.catalog.pricing import PriceOverride, Pricing

_Row: TypeAlias = dict[str, "str | bool | Decimal | None"]

OPERATIONS = {
    "chat": "chat",
    "responses": "chat",
    "completion": "completions",
    "embedding": "embeddings",
    "rerank": "rerank",
    "image_generation": "images",
    "audio_speech": "speech",
    "audio_transcription": "transcription",
}
_EFFORTS = ("max", "xhigh", "minimal", "none")
_ABOVE = re.compile(r"^input_cost_per_token_above_(\d+)k_tokens$")


def read_litellm(path: Path, source: str) -> Iterator[Claim]:
    """Every row of an operation that we have; prices there are USD per token. Sizes, regions and steps are skipped."""
    for key, raw in msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw]).items():
        if key == "sample_spec" or bytes(raw)[:1] != b"{":
            continue
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        row = {name: _scalar(value) for name, value in fields.items()}
        mode, section = row.get("mode"), row.get("litellm_provider")
        if not isinstance(section, str) or not isinstance(mode, str) or mode not in OPERATIONS:
            continue
        native_id = _native_id(key, section)
        if native_id is not None:
            yield _claim(source, section, native_id, row, fields)


def _claim(source: str, section: str, native_id: str, row: _Row, fields: dict[str, msgspec.Raw]) -> Claim:
    operation, routes = OPERATIONS[str(row["mode"])], _list(fields.get("supported_endpoints"))
    retires = row.get("deprecation_date")
    reads, writes = _count(row, "max_input_tokens"), _count(row, "max_output_tokens")
    chats = any(route.endswith("chat/completions") for route in routes)
    return Claim(
        source=source,
        section=section,
        native_id=native_id,
        operation=operation,
        protocol="openai_responses" if row["mode"] == "responses" and not chats else None,
        reads=reads,
        writes=writes if writes != reads else None,
        inputs=_inputs(row, _list(fields.get("supported_modalities"))),
        outputs=tuple(_list(fields.get("supported_output_modalities"))) or None,
        tools=_flag(row, "supports_function_calling"),
        structured=_flag(row, "supports_response_schema"),
        reasoning=_flag(row, "supports_reasoning"),
        temperature=_flag(row, "supports_sampling_params"),
        efforts=_efforts(row, _list(fields.get("reasoning_effort_levels"))),
        default_effort=str(row["default_reasoning_effort"]) if row.get("default_reasoning_effort") else None,
        always_reasons=row.get("thinking_always_on") is True,
        retires=retires if isinstance(retires, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", retires) else None,
        caches=row.get("supports_prompt_caching") is True,
        pricing=_pricing(row, "", fields),
        tiers={
            tier: _pricing(row, f"_{tier}", {})
            for tier in ("flex", "priority")
            if f"input_cost_per_token_{tier}" in row
        },
    )


def _native_id(key: str, section: str) -> str | None:
    """The provider's own id: the table's key without litellm's prefix. None for rows of one size, step count or region."""
    prefixes = {
        "cohere_chat": "cohere",
        "fireworks_ai-embedding-models": "fireworks_ai",
        "oci": "oci",
        "volcengine": "volcengine",
        "bedrock_converse": "bedrock",
    }
    prefix = "vertex_ai" if section.startswith("vertex_ai") else prefixes.get(section, section)
    name = key.removeprefix(f"{prefix}/")
    if re.match(r"^(\d+-x-\d+|max-x-max|low|medium|high|xhigh|max|standard|hd|auto|256|512|1024)(/|$)", name):
        return None
    if prefix == "bedrock" and ("/" in name or "commitment" in name):
        return None
    if prefix == "azure" and re.match(r"^(us|eu|global|global-standard|standard|hd|low|medium|high)/", name):
        return None
    if name.startswith(("ft:", "container", "streaming/")) or "accounts/fireworks/routers" in name:
        return None
    return name


def _pricing(row: _Row, suffix: str, fields: dict[str, msgspec.Raw]) -> Pricing:
    def rate(name: str) -> Decimal | None:
        value = row.get(f"{name}{suffix}")
        return exact(value) if isinstance(value, Decimal) else None

    write = rate("cache_creation_input_token_cost")
    first = _first_range(fields)
    return Pricing(
        prompt=_either(rate("input_cost_per_token"), first.prompt),
        completion=_either(rate("output_cost_per_token"), first.completion),
        request=rate("input_cost_per_request"),
        image_token=rate("input_cost_per_image_token"),
        image_output=rate("output_cost_per_image"),
        audio=rate("input_cost_per_audio_token"),
        audio_output=rate("output_cost_per_audio_token"),
        input_audio_cache=rate("cache_read_input_audio_token_cost"),
        web_search=_web_search(fields),
        internal_reasoning=_either(rate("output_cost_per_reasoning_token"), first.internal_reasoning),
        input_cache_read=rate("cache_read_input_token_cost"),
        input_cache_write=write or None,
        input_cache_write_1h=rate("cache_creation_input_token_cost_above_1hr"),
        search_unit=rate("input_cost_per_query"),
        character=rate("input_cost_per_character"),
        second=rate("input_cost_per_second"),
        overrides=_overrides(row, suffix) or _ranges(fields),
    )


def _overrides(row: _Row, suffix: str) -> tuple[PriceOverride, ...]:
    sizes = sorted(int(match[1]) for name in row if (match := _ABOVE.match(name)))

    def above(name: str, size: int) -> Decimal | None:
        value = row.get(f"{name}_above_{size}k_tokens{suffix}")
        return exact(value) if isinstance(value, Decimal) else None

    found = (
        PriceOverride(
            min_prompt_tokens=size * 1000,
            prompt=above("input_cost_per_token", size),
            completion=above("output_cost_per_token", size),
            input_cache_read=above("cache_read_input_token_cost", size),
            input_cache_write=above("cache_creation_input_token_cost", size) or None,
            input_cache_write_1h=above("cache_creation_input_token_cost_above_1hr", size),
        )
        for size in sizes
    )
    return tuple(override for override in found if override.prompt is not None)


class _Range(msgspec.Struct):
    range: tuple[Decimal, Decimal]
    input_cost_per_token: Decimal | None = None
    output_cost_per_token: Decimal | None = None
    output_cost_per_reasoning_token: Decimal | None = None
    cache_read_input_token_cost: Decimal | None = None


def _ranges(fields: dict[str, msgspec.Raw]) -> tuple[PriceOverride, ...]:
    return tuple(
        PriceOverride(
            min_prompt_tokens=int(item.range[0]),
            prompt=exact(item.input_cost_per_token),
            completion=exact(item.output_cost_per_token),
            internal_reasoning=exact(item.output_cost_per_reasoning_token),
            input_cache_read=exact(item.cache_read_input_token_cost),
        )
        for item in _decoded_ranges(fields)
        if item.range[0] > 0
    )


def _first_range(fields: dict[str, msgspec.Raw]) -> Pricing:
    """The rates of the range that begins at zero, which stand where a row has ranges and no base rate."""
    for item in _decoded_ranges(fields):
        if item.range[0] == 0:
            return Pricing(
                prompt=exact(item.input_cost_per_token),
                completion=exact(item.output_cost_per_token),
                internal_reasoning=exact(item.output_cost_per_reasoning_token),
            )
    return Pricing()


def _either(rate: Decimal | None, other: Decimal | None) -> Decimal | None:
    return rate if rate is not None else other


def _decoded_ranges(fields: dict[str, msgspec.Raw]) -> list[_Range]:
    if "tiered_pricing" not in fields:
        return []
    try:
        return msgspec.json.decode(fields["tiered_pricing"], type=list[_Range])
    except msgspec.ValidationError:
        return []


def _web_search(fields: dict[str, msgspec.Raw]) -> Decimal | None:
    if "search_context_cost_per_query" not in fields:
        return None
    costs = msgspec.json.decode(fields["search_context_cost_per_query"], type=dict[str, Decimal])
    return exact(costs.get("search_context_size_medium"))


def _inputs(row: _Row, listed: list[str]) -> tuple[str, ...] | None:
    flags = {"image": "supports_vision", "file": "supports_pdf_input", "audio": "supports_audio_input"}
    flags["video"] = "supports_video_input"
    seen = {word for word, flag in flags.items() if row.get(flag) is True} | set(listed)
    return tuple(sorted({"text", *seen} & {"text", "image", "file", "audio", "video"})) if seen else None


def _efforts(row: _Row, listed: list[str]) -> tuple[str, ...] | None:
    if listed:
        return tuple(listed)
    flags = {word: row.get(f"supports_{word}_reasoning_effort") for word in _EFFORTS}
    if all(flag is None for flag in flags.values()):
        return None
    return (
        *(word for word in ("max", "xhigh") if flags[word]),
        "high",
        "medium",
        "low",
        *(w for w in ("minimal", "none") if flags[w]),
    )


def _count(row: _Row, name: str) -> int | None:
    value = row.get(name)
    return int(value) if isinstance(value, Decimal) and value > 0 else None


def _flag(row: _Row, name: str) -> bool | None:
    value = row.get(name)
    return value if isinstance(value, bool) else None


def _scalar(raw: msgspec.Raw) -> "str | bool | Decimal | None":
    if bytes(raw)[:1] in b"[{":
        return None
    return (
        msgspec.json.decode(raw, type=str | bool | None)
        if bytes(raw)[:1] in b'"tfn'
        else msgspec.json.decode(raw, type=Decimal)
    )


def _list(raw: msgspec.Raw | None) -> list[str]:
    return msgspec.json.decode(raw, type=list[str]) if raw is not None else []
