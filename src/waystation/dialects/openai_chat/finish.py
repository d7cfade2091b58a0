"""Why an answer ended: the many words of providers -> the five of contract section 4."""

from typing import Final

_REASONS: Final = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "complete": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "safety": "content_filter",
    "sensitive": "content_filter",
    "recitation": "content_filter",
    "prohibited_content": "content_filter",
    "refusal": "content_filter",
    "guardrail_intervened": "content_filter",
    "error": "error",
    "network_error": "error",
    "insufficient_system_resource": "error",
    "malformed_function_call": "error",
}


def finish_reason(native: object, *, has_calls: bool) -> str:
    """Our word for a provider's. Where tools are called it is `tool_calls`, unless the answer was cut or filtered."""
    reason = _REASONS.get(native.lower(), "stop") if isinstance(native, str) else "stop"
    return "tool_calls" if has_calls and reason == "stop" else reason


def native_finish_reason(native: object) -> str | None:
    """The provider's own word, as it came; None where it said nothing."""
    return native if isinstance(native, str) and native else None
