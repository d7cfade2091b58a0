"""Why Converse stopped, in our five words. Source: `StopReason` of the service model."""

from typing import Final

_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}
NATIVE: Final = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "content_filtered",
    "error": "malformed_model_output",
}
"""One native reason for each of our words."""


def finish_reason(native: str | None, *, has_calls: bool) -> str:
    """Our word. `tool_use` without a call of the client's own is a plain stop: our answer tool, or the provider's."""
    reason = _REASONS.get(native or "", "stop")
    if reason in {"stop", "tool_calls"}:
        return "tool_calls" if has_calls else "stop"
    return reason
