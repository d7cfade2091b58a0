"""Anthropic's counters -> ours, and back. Theirs leave cached tokens out of `input_tokens`; ours count the whole prompt, once."""

from typing import Final

from waystation.codec.cost_fields import cost_fields
from waystation.dialects.anthropic_messages.wire import count_at, rest_of
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost, Usage

_COUNTED: Final = frozenset(
    {"input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"}
)
_TIERS: Final = {"standard": "standard", "default": "standard", "priority": "priority", "batch": "batch"}


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
        extras=rest_of(value, _COUNTED),
    )


def merged(earlier: JsonObject, later: JsonObject) -> JsonObject:
    """Counters as a stream corrects them: what is said last counts, null says nothing."""
    return earlier | {key: value for key, value in later.items() if value is not None}


def render_usage(
    usage: Usage, cost: Cost | None = None, tier: str | None = None, *, same_dialect: bool
) -> JsonObject:
    """The `usage` of an answer, every key of the published schema in it (`AnthropicUsage`), with what it cost."""
    read, written = usage.cached_tokens, usage.cache_write_tokens
    value: JsonObject = {
        "input_tokens": max(usage.prompt_tokens - read - written, 0),
        "output_tokens": usage.completion_tokens,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": None,
        "output_tokens_details": None,
        "inference_geo": None,
        "server_tool_use": None,
        "service_tier": _TIERS.get(tier or ""),
    }
    value |= (usage.extras or {}) if same_dialect else _details(usage)
    return value | cost_fields(cost, "upstream_inference_prompt_cost", "upstream_inference_completions_cost")


def _details(usage: Usage) -> JsonObject:
    """Counters that have an object of their own, where there is something to count."""
    said: JsonObject = {}
    if usage.cache_write_tokens:
        hour = usage.cache_write_1h_tokens
        said["cache_creation"] = {
            "ephemeral_1h_input_tokens": hour,
            "ephemeral_5m_input_tokens": usage.cache_write_tokens - hour,
        }
    if usage.reasoning_tokens:
        said["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.web_search_requests:
        said["server_tool_use"] = {
            "web_fetch_requests": 0,
            "web_search_requests": usage.web_search_requests,
        }
    return said
