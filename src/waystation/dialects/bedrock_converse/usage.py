"""Converse's token counts, in both directions. `inputTokens` leaves out what was read from or written to the cache."""

from waystation.dialects.bedrock_converse.wire import objects_of, whole_of
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage


def parse_usage(value: object) -> Usage | None:
    """Counters with the cache in `prompt_tokens` once; None where nothing was reported."""
    if not isinstance(value, dict) or not value:
        return None
    prompt, completion = whole_of(value.get("inputTokens")), whole_of(value.get("outputTokens"))
    cached = whole_of(value.get("cacheReadInputTokens")) or whole_of(value.get("cacheReadInputTokenCount"))
    written = whole_of(value.get("cacheWriteInputTokens")) or whole_of(value.get("cacheWriteInputTokenCount"))
    details = objects_of(value.get("cacheDetails"))
    for_an_hour = sum(whole_of(one.get("inputTokens")) for one in details if one.get("ttl") == "1h")
    # Where the total is input and output alone, the input has the cache in it already.
    if whole_of(value.get("totalTokens")) != prompt + completion:
        prompt += cached + written
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=min(cached, prompt),
        cache_write_tokens=written,
        cache_write_1h_tokens=min(for_an_hour, written),
    )


def render_usage(usage: Usage) -> JsonObject:
    """A `TokenUsage`."""
    value: JsonObject = {
        "inputTokens": usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens,
        "outputTokens": usage.completion_tokens,
        "totalTokens": usage.total_tokens,
        "cacheReadInputTokens": usage.cached_tokens,
        "cacheWriteInputTokens": usage.cache_write_tokens,
    }
    if usage.cache_write_1h_tokens:
        value["cacheDetails"] = [{"ttl": "1h", "inputTokens": usage.cache_write_1h_tokens}]
    return value
