"""`usage` of a response. Cached tokens are part of the input, reasoning of the output, as in `operations.usage`."""

from decimal import Decimal
from typing import Final

from waystation.dialects.openai_responses.wire import count_of, object_of
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage

_NANO: Final = 1_000_000_000
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
    )


def _cost(told: JsonObject) -> int | None:
    """What the provider says it charged: OpenRouter in USD, xAI in ticks of 10^-10 USD."""
    cost, ticks = told.get("cost"), told.get("cost_in_usd_ticks")
    if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < _NANO:
        return int(Decimal(str(cost)) * _NANO)
    return count_of(ticks) // _TICKS_PER_NANO if isinstance(ticks, int) else None
