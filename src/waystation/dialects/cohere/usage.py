"""Cohere's counters. `tokens` is what the model read and wrote, its own template included; `billed_units` what is charged for."""

from waystation.dialects.cohere.wire import count_of, object_of
from waystation.operations.usage import Usage


def parse_usage(value: object) -> Usage | None:
    """Counters with the cache in `prompt_tokens` once; None where nothing was reported."""
    told = object_of(value)
    tokens, billed = object_of(told.get("tokens")), object_of(told.get("billed_units"))
    counted = tokens or billed
    if not counted:
        return None
    prompt = count_of(counted.get("input_tokens"))
    completion = count_of(counted.get("output_tokens"))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=min(count_of(told.get("cached_tokens")), prompt),
        reasoning_tokens=min(count_of(counted.get("reasoning_tokens")), completion),
        charged_prompt_tokens=count_of(billed.get("input_tokens")) if billed else None,
        charged_completion_tokens=count_of(billed.get("output_tokens")) if billed else None,
    )
