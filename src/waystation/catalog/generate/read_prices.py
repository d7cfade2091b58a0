"""Reads the sources that know prices and little else: genai-prices, model-prices, pi-ai and Portkey."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct

from waystation.catalog.generate.claims import Claim, exact, per_million
from waystation.catalog.pricing import PriceOverride, Pricing

_CENTS = Decimal(100)
_THOUSAND = Decimal(1000)


class _Step(Struct):
    price: Decimal
    start: int


class _Stepped(Struct):
    base: Decimal
    tiers: list[_Step] = []


class _GenaiRates(Struct):
    input_mtok: Decimal | _Stepped | None = None
    output_mtok: Decimal | _Stepped | None = None
    cache_read_mtok: Decimal | _Stepped | None = None
    cache_write_mtok: Decimal | _Stepped | None = None
    cache_write_1h_mtok: Decimal | _Stepped | None = None
    input_audio_mtok: Decimal | _Stepped | None = None
    output_audio_mtok: Decimal | _Stepped | None = None
    web_searches_kcount: Decimal | _Stepped | None = None


class _Constraint(Struct):
    start_date: str | None = None
    start_time: str | None = None
    end_time: str | None = None


class _Conditional(Struct):
    prices: _GenaiRates
    constraint: _Constraint | None = None


class _GenaiModel(Struct):
    prices: _GenaiRates | list[_Conditional]
    name: str | None = None
    deprecated: bool | None = None
    context_window: int | None = None


class _GenaiSection(Struct):
    models: dict[str, _GenaiModel]


def read_genai_prices(path: Path, source: str, as_of: str) -> Iterator[Claim]:
    """Rows priced as of a day (`YYYY-MM-DD`); time-of-day rates become overrides. USD per million there."""
    file = msgspec.json.decode(path.read_bytes(), type=dict[str, _GenaiSection])
    for section, facts in file.items():
        for native_id, row in facts.models.items():
            yield Claim(
                source=source,
                section=section,
                native_id=native_id,
                name=row.name,
                operation="embeddings"
                if "embed" in native_id
                else "rerank"
                if "rerank" in native_id
                else "chat",
                deprecated=bool(row.deprecated),
                pricing=_genai_pricing(row.prices, as_of),
            )


class _LiveModel(_GenaiModel):
    id: str = ""


class _LiveSection(Struct):
    id: str
    models: list[_LiveModel]


def read_genai_live(path: Path, source: str, as_of: str) -> Iterator[Claim]:
    """The same rows from the file that the project publishes, which is a list."""
    for section in msgspec.json.decode(path.read_bytes(), type=list[_LiveSection]):
        for row in section.models:
            yield Claim(
                source=source, section=section.id, native_id=row.id, pricing=_genai_pricing(row.prices, as_of)
            )


def _genai_pricing(prices: _GenaiRates | list[_Conditional], as_of: str) -> Pricing:
    if isinstance(prices, _GenaiRates):
        return _rates(prices)
    current, windows = Pricing(), []
    for item in prices:
        rule = item.constraint
        if rule is None or (rule.start_time is None and (rule.start_date or "") <= as_of):
            current = _rates(item.prices)
        elif rule.start_time is not None and rule.end_time is not None:
            timed = _rates(item.prices)
            windows.append(
                PriceOverride(
                    utc_start=_clock(rule.start_time),
                    utc_end=_clock(rule.end_time),
                    prompt=timed.prompt,
                    completion=timed.completion,
                    input_cache_read=timed.input_cache_read,
                )
            )
    return msgspec.structs.replace(current, overrides=(*current.overrides, *windows))


def _rates(rates: _GenaiRates) -> Pricing:
    search = _base(rates.web_searches_kcount)
    sizes = sorted({step.start for rate in (rates.input_mtok, rates.output_mtok) for step in _steps(rate)})
    return Pricing(
        prompt=per_million(_base(rates.input_mtok)),
        completion=per_million(_base(rates.output_mtok)),
        audio=per_million(_base(rates.input_audio_mtok)),
        audio_output=per_million(_base(rates.output_audio_mtok)),
        web_search=exact(search / _THOUSAND) if search is not None else None,
        input_cache_read=per_million(_base(rates.cache_read_mtok)),
        input_cache_write=per_million(_base(rates.cache_write_mtok)) or None,
        input_cache_write_1h=per_million(_base(rates.cache_write_1h_mtok)),
        overrides=tuple(
            PriceOverride(
                min_prompt_tokens=size,
                prompt=_above(rates.input_mtok, size),
                completion=_above(rates.output_mtok, size),
                input_cache_read=_above(rates.cache_read_mtok, size),
                input_cache_write=_above(rates.cache_write_mtok, size),
                input_cache_write_1h=_above(rates.cache_write_1h_mtok, size),
            )
            for size in sizes
        ),
    )


def _base(rate: Decimal | _Stepped | None) -> Decimal | None:
    return rate.base if isinstance(rate, _Stepped) else rate


def _steps(rate: Decimal | _Stepped | None) -> list[_Step]:
    return rate.tiers if isinstance(rate, _Stepped) else []


def _above(rate: Decimal | _Stepped | None, size: int) -> Decimal | None:
    return next((per_million(step.price) for step in _steps(rate) if step.start == size), None)


def _clock(time: str) -> int:
    return int(time[:2]) * 100 + int(time[3:5])


class _PiTier(Struct, rename="camel"):
    input_tokens_above: int
    input: Decimal
    output: Decimal
    cache_read: Decimal = Decimal(0)
    cache_write: Decimal = Decimal(0)


class _PiCost(Struct, rename="camel"):
    input: Decimal
    output: Decimal
    cache_read: Decimal = Decimal(0)
    cache_write: Decimal = Decimal(0)
    tiers: list[_PiTier] = []


class _PiRow(Struct, rename="camel"):
    id: str
    name: str
    api: str
    type: str
    cost: _PiCost
    input: list[str] = []
    context_window: int | None = None
    max_tokens: int | None = None
    reasoning: bool | None = None
    thinking_level_map: dict[str, str | None] = {}


def read_pi_ai(path: Path, source: str) -> Iterator[Claim]:
    """Chat rows with their effort map; a zero cache rate there means that none is known. USD per million there."""
    file = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, _PiRow]])
    for section, rows in file.items():
        for row in rows.values():
            if row.type not in {"chat", "image"}:
                continue
            yield Claim(
                source=source,
                section=section,
                native_id=row.id,
                name=row.name,
                operation="images" if row.type == "image" else "chat",
                context=row.context_window if row.type == "chat" else None,
                writes=row.max_tokens,
                reasoning=row.reasoning,
                efforts=_pi_efforts(row),
                always_reasons="off" in row.thinking_level_map and row.thinking_level_map["off"] is None,
                caches=bool(row.cost.cache_read),
                pricing=_pi_pricing(row.cost),
            )


def _pi_efforts(row: _PiRow) -> tuple[str, ...] | None:
    """The map names what differs: the three common efforts hold unless they are null, the others only where they are set."""
    levels = row.thinking_level_map
    if not any(word in levels for word in ("max", "xhigh", "high", "medium", "low", "minimal")):
        return None
    named = [word for word in ("max", "xhigh", "minimal") if levels.get(word)]
    common = [word for word in ("high", "medium", "low") if levels.get(word, word)]
    return (*named, *common, *(("none",) if levels.get("off") else ()))


def _pi_pricing(cost: _PiCost) -> Pricing:
    return Pricing(
        prompt=per_million(cost.input),
        completion=per_million(cost.output),
        input_cache_read=per_million(cost.cache_read) or None,
        input_cache_write=per_million(cost.cache_write) or None,
        overrides=tuple(
            PriceOverride(
                min_prompt_tokens=tier.input_tokens_above,
                prompt=per_million(tier.input),
                completion=per_million(tier.output),
                input_cache_read=per_million(tier.cache_read) or None,
                input_cache_write=per_million(tier.cache_write) or None,
            )
            for tier in cost.tiers
        ),
    )


class _PortkeyRate(Struct):
    price: Decimal = Decimal(0)


class _PortkeyRates(Struct):
    request_token: _PortkeyRate | None = None
    response_token: _PortkeyRate | None = None
    cache_read_input_token: _PortkeyRate | None = None
    cache_write_input_token: _PortkeyRate | None = None


class _PortkeyConfig(Struct):
    pay_as_you_go: _PortkeyRates | None = None


class _PortkeyRow(Struct):
    pricing_config: _PortkeyConfig | None = None


def read_portkey(path: Path, source: str) -> Iterator[Claim]:
    """Prices alone. There they are US *cents* per token."""
    file = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, _PortkeyRow]])
    for section, rows in file.items():
        for native_id, row in rows.items():
            rates = row.pricing_config.pay_as_you_go if row.pricing_config is not None else None
            if native_id == "default" or rates is None:
                continue
            yield Claim(
                source=source,
                section=section,
                native_id=native_id,
                pricing=Pricing(
                    prompt=_cents(rates.request_token),
                    completion=_cents(rates.response_token),
                    input_cache_read=_cents(rates.cache_read_input_token) or None,
                    input_cache_write=_cents(rates.cache_write_input_token) or None,
                ),
            )


def _cents(rate: _PortkeyRate | None) -> Decimal | None:
    return exact(rate.price / _CENTS) if rate is not None else None


class _Recorded(Struct):
    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None


class _Period(Struct):
    start: str | None = None
    rates: _Recorded | None = None


class _ModelPrices(Struct):
    prices: dict[str, dict[str, dict[str, list[_Period]]]]
    status: dict[str, dict[str, str]] = {}


def read_model_prices(path: Path, source: str) -> Iterator[Claim]:
    """The latest standard rates of first-party labs, and what they removed. USD per million there."""
    file = msgspec.json.decode(path.read_bytes(), type=_ModelPrices)
    for section, models in file.prices.items():
        for native_id, kinds in models.items():
            status = file.status.get(section, {}).get(native_id)
            latest = _latest(kinds.get("standard", []))
            yield Claim(
                source=source,
                section=section,
                native_id=native_id,
                deprecated=status == "removed",
                pricing=latest or Pricing(),
            )


def _latest(periods: list[_Period]) -> Pricing | None:
    rates = next((period.rates for period in reversed(periods) if period.rates is not None), None)
    if rates is None:
        return None
    return Pricing(
        prompt=per_million(rates.input),
        completion=per_million(rates.output),
        input_cache_read=per_million(rates.cache_read),
        input_cache_write=per_million(rates.cache_write) or None,
    )
