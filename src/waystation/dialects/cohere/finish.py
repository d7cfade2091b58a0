"""Why an answer ended: Cohere's `finish_reason` -> the five words of contract section 4."""

from typing import Final

_REASONS: Final = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "TOOL_CALL": "tool_calls",
    "MAX_TOKENS": "length",
    "ERROR_LIMIT": "length",
    "ERROR_TOXIC": "content_filter",
    "ERROR": "error",
    "TIMEOUT": "error",
    "USER_CANCEL": "error",
}
BROKEN_OFF: Final = "The provider's model could not finish its answer."


def finish_reason(native: str, *, has_calls: bool) -> str:
    """Our word. Where the client's tools are called it is `tool_calls`, unless the answer was cut or refused."""
    reason = _REASONS.get(native, "stop")
    if reason in {"stop", "tool_calls"}:
        return "tool_calls" if has_calls else "stop"
    return reason
