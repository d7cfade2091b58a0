"""Why an answer ended: Ollama's `done_reason` -> the words of contract section 4. A model that called tools says `stop`."""

from typing import Final

UNANSWERED: Final = frozenset({"load", "unload"})
"""The model was loaded or let go of, and nothing was asked of it."""
_REASONS: Final = {"stop": "stop", "length": "length"}


def finish_reason(native: str | None, *, has_calls: bool) -> str:
    """Our word; `tool_calls` where the client's tools are called, unless the answer was cut."""
    reason = _REASONS.get(native or "", "stop")
    return "tool_calls" if has_calls and reason == "stop" else reason
