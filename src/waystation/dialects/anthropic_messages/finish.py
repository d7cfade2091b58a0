"""Why an answer ended: Anthropic's `stop_reason` -> the five words of contract section 4, and back."""

from typing import Final

_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "compaction": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}


def finish_reason(native: str | None, *, has_calls: bool) -> str:
    """Our word. Where the client's tools are called it is `tool_calls`, unless the answer was cut or refused."""
    reason = _REASONS.get(native or "", "stop")
    if reason in {"stop", "tool_calls"}:
        return "tool_calls" if has_calls else "stop"
    return reason


_STOP_REASONS: Final = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}


def stop_reason(reason: str | None, native: str | None, *, same_dialect: bool, refused: bool) -> str | None:
    """Their word: Claude's own where it is known, else by ours; None for an answer that an error cut off."""
    if same_dialect and native is not None:
        return native
    if refused and reason in {"stop", None}:
        return "refusal"
    return _STOP_REASONS.get(reason or "stop")
