"""`usage` of a response, in both directions. Cached tokens are part of the input, reasoning of the output, as in `operations.usage`."""

from decimal import Decimal
from typing import Final

from waystation.codec.cost_fields import cost_fields
from waystation.dialects.openai_responses.wire import count_of, object_of, rest_of
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost, Usage

_KEYS: Final = frozenset(
    {
        "input_tokens", "output_tokens", "total_tokens", "input_tokens_details", "output_tokens_details", "cost",
        "cost_details", "is_byok",
    }
)  # fmt: skip
_NANO: Final = 1_000_000_000
_COUNTED: Final = frozenset({"cached_tokens", "cache_write_tokens", "reasoning_tokens"})
_TICKS_PER_NANO: Final = 10


def parse_usage(value: object, searches: int = 0) -> Usage | None:
    """Counters; None where nothing was reported. `searches`: calls of the provider's own web search in the answer."""
    told = object_of(value)
    if not told:
        return None
    read, made = object_of(told.get("input_tokens_details")), object_of(told.get("output_tokens_details"))
    prompt, completion = count_of(told.get("input_tokens")), count_of(told.get("output_tokens"))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=min(count_of(read.get("cached_tokens")), prompt),
        cache_write_tokens=count_of(read.get("cache_write_tokens")),
        reasoning_tokens=min(count_of(made.get("reasoning_tokens")), completion),
        audio_prompt_tokens=count_of(read.get("audio_tokens")),
        audio_completion_tokens=count_of(made.get("audio_tokens")),
        image_completion_tokens=count_of(made.get("image_tokens")),
        web_search_requests=searches,
        upstream_cost_nano=_cost(told),
        extras=rest_of(told, _KEYS),
        prompt_details_extras=rest_of(read, _COUNTED),
        completion_details_extras=rest_of(made, _COUNTED),
    )


def _cost(told: JsonObject) -> int | None:
    """What the provider says it charged: OpenRouter in USD, xAI in ticks of 10^-10 USD."""
    cost, ticks = told.get("cost"), told.get("cost_in_usd_ticks")
    if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < _NANO:
        return int(Decimal(str(cost)) * _NANO)
    return count_of(ticks) // _TICKS_PER_NANO if isinstance(ticks, int) else None


def render_usage(usage: Usage, cost: Cost | None, *, same_dialect: bool) -> JsonObject:
    """The counters of a response, with what it cost."""
    read: JsonObject = {
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    made: JsonObject = {"reasoning_tokens": usage.reasoning_tokens}
    value: JsonObject = {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": read,
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": made,
        "total_tokens": usage.total_tokens,
    }
    if usage.web_search_requests:
        value["server_tool_use_details"] = {"web_search_requests": usage.web_search_requests}
    if same_dialect:
        read |= usage.prompt_details_extras or {}
        made |= usage.completion_details_extras or {}
        value |= usage.extras or {}
    return value | cost_fields(cost, "upstream_inference_input_cost", "upstream_inference_output_cost")
