"""The `usage` object in both directions. Providers count in many ways; inside, `Usage` has one (see `operations.usage`)."""

from decimal import Decimal, InvalidOperation
from typing import Final

from waystation.dialects.openai_chat.wire import unknown
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost, Usage

NANO: Final = 1_000_000_000
_KEYS: Final = frozenset(
    {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "cost",
        "cost_details",
        "is_byok",
    }
)
_PROMPT_KEYS: Final = frozenset({"cached_tokens", "cache_write_tokens", "audio_tokens", "video_tokens"})
_COMPLETION_KEYS: Final = frozenset(
    {
        "reasoning_tokens",
        "audio_tokens",
        "image_tokens",
        "accepted_prediction_tokens",
        "rejected_prediction_tokens",
    }
)
_NOTHING: Final[JsonObject] = {}
MOST_USD: Final = 10**18
"""More is no amount, and long to compute with."""
_NUMERIC: Final = (int, float, str)
_NANO: Final = Decimal(NANO)
_NANO_PER_TICK: Final = Decimal("0.1")


def parse_usage(value: JsonObject) -> Usage:
    """Counters as integers, whatever they came as. Cached tokens are part of the prompt, reasoning of the completion."""
    prompt_details = _object(value.get("prompt_tokens_details"))
    completion_details = _object(value.get("completion_tokens_details"))
    extras = unknown(value, _KEYS)
    prompt, completion = _count(value.get("prompt_tokens")), _count(value.get("completion_tokens"))
    cached = _count(prompt_details.get("cached_tokens"))
    reasoning = _count(completion_details.get("reasoning_tokens"))
    searches = 0
    if extras is not None:
        cached = (
            cached
            or _count(extras.get("prompt_cache_hit_tokens"))
            or _count(extras.get("cached_tokens"))
            or _count(extras.get("num_cached_tokens"))
        )
        reasoning = reasoning or _count(extras.get("reasoning_tokens"))
        searches = _web_searches(extras)
    total = _count(value.get("total_tokens"))
    if reasoning and total == prompt + completion + reasoning:
        # xAI counts reasoning apart from the completion.
        completion += reasoning
    elif total > prompt and value.get("completion_tokens") is None:
        completion = total - prompt
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        cache_write_tokens=_count(prompt_details.get("cache_write_tokens")),
        reasoning_tokens=reasoning,
        audio_prompt_tokens=_count(prompt_details.get("audio_tokens")),
        audio_completion_tokens=_count(completion_details.get("audio_tokens")),
        image_completion_tokens=_count(completion_details.get("image_tokens")),
        video_prompt_tokens=_count(prompt_details.get("video_tokens")),
        accepted_prediction_tokens=_optional_count(completion_details.get("accepted_prediction_tokens")),
        rejected_prediction_tokens=_optional_count(completion_details.get("rejected_prediction_tokens")),
        web_search_requests=searches,
        upstream_cost_nano=None if extras is None and "cost" not in value else _cost_nano(value),
        extras=extras,
        prompt_details_extras=unknown(prompt_details, _PROMPT_KEYS),
        completion_details_extras=unknown(completion_details, _COMPLETION_KEYS),
    )


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else _NOTHING


def _count(value: object) -> int:
    if type(value) is int:
        return max(0, value)
    return 0 if value is None else _optional_count(value) or 0


def _optional_count(value: object) -> int | None:
    """A counter that may be missing; floats and numeric strings count, nonsense does not."""
    if value is None or isinstance(value, bool) or not isinstance(value, _NUMERIC):
        return None
    try:
        return max(int(float(value)), 0)
    except (ValueError, OverflowError):
        return None


def _web_searches(value: JsonObject) -> int:
    for key in ("server_tool_use_details", "server_tool_use"):
        used = value.get(key)
        if isinstance(used, dict) and (count := _count(used.get("web_search_requests"))):
            return count
    return _count(value.get("num_search_queries"))


def _cost_nano(value: JsonObject) -> int | None:
    """What the provider says it charged: a number, Perplexity's object, or xAI's ticks (10^-10 USD)."""
    cost = value.get("cost")
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if cost is not None:
        return _nano(cost, _NANO)
    return _nano(value.get("cost_in_usd_ticks"), _NANO_PER_TICK)


def _nano(amount: object, factor: Decimal) -> int | None:
    if amount is None or isinstance(amount, bool) or not isinstance(amount, _NUMERIC):
        return None
    try:
        usd = Decimal(str(amount))
        if not 0 <= usd < MOST_USD:
            return None
        return int((usd * factor).to_integral_value())
    except (InvalidOperation, ValueError):
        return None


def render_usage(usage: Usage, cost: Cost | None, *, same_dialect: bool) -> JsonObject:
    """The full `usage` of contract section 4; `cost` is missing where it is unknown, never null or a false zero."""
    prompt_details: JsonObject = {
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "audio_tokens": usage.audio_prompt_tokens,
        "video_tokens": usage.video_prompt_tokens,
    }
    completion_details: JsonObject = {
        "reasoning_tokens": usage.reasoning_tokens,
        "audio_tokens": usage.audio_completion_tokens,
        "image_tokens": usage.image_completion_tokens,
    }
    if usage.accepted_prediction_tokens is not None:
        completion_details["accepted_prediction_tokens"] = usage.accepted_prediction_tokens
    if usage.rejected_prediction_tokens is not None:
        completion_details["rejected_prediction_tokens"] = usage.rejected_prediction_tokens
    value: JsonObject = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": completion_details,
    }
    if cost is not None:
        _add_cost(value, cost)
    if usage.web_search_requests:
        value["server_tool_use_details"] = {"web_search_requests": usage.web_search_requests}
        value["server_tool_use"] = {"web_search_requests": usage.web_search_requests}
    if same_dialect:
        if usage.extras:
            value |= usage.extras
        if usage.prompt_details_extras:
            prompt_details |= usage.prompt_details_extras
        if usage.completion_details_extras:
            completion_details |= usage.completion_details_extras
    return value


def _add_cost(value: JsonObject, cost: Cost) -> None:
    value["is_byok"] = cost.is_byok
    if cost.total is None:
        return
    value["cost"] = cost.total / NANO
    value["cost_details"] = render_cost_details(cost)


def render_cost_details(cost: Cost) -> JsonObject:
    """The parts of a cost in USD; `cost_details` of contract section 4."""
    return {
        "upstream_inference_cost": None if cost.upstream is None else cost.upstream / NANO,
        "upstream_inference_prompt_cost": cost.prompt / NANO,
        "upstream_inference_completions_cost": cost.completion / NANO,
    }
