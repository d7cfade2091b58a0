"""Anthropic's counters -> ours. Theirs leave cached tokens out of `input_tokens`; ours count the whole prompt, once."""

from waystation.dialects.anthropic_messages.wire import count_at
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage


def parse_usage(value: JsonObject) -> Usage:
    """`usage` of an answer, or of a stream's `message_start` with what `message_delta` said later laid over it."""
    read, written = count_at(value, "cache_read_input_tokens"), count_at(value, "cache_creation_input_tokens")
    by_life = value.get("cache_creation")
    hour = short = 0
    if isinstance(by_life, dict):
        hour = count_at(by_life, "ephemeral_1h_input_tokens")
        short = count_at(by_life, "ephemeral_5m_input_tokens")
    written = max(written, hour + short)
    tools, details = value.get("server_tool_use"), value.get("output_tokens_details")
    thought = 0
    if isinstance(details, dict):
        thought = count_at(details, "thinking_tokens") or count_at(details, "reasoning_tokens")
    spoken = count_at(value, "output_tokens")
    return Usage(
        prompt_tokens=count_at(value, "input_tokens") + read + written,
        completion_tokens=spoken,
        cached_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=min(hour, written),
        reasoning_tokens=min(thought, spoken),
        web_search_requests=count_at(tools, "web_search_requests") if isinstance(tools, dict) else 0,
    )


def merged(earlier: JsonObject, later: JsonObject) -> JsonObject:
    """Counters as a stream corrects them: what is said last counts, null says nothing."""
    return earlier | {key: value for key, value in later.items() if value is not None}
