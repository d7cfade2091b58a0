"""Why a candidate ended: Gemini's words -> the five of contract section 4."""

from typing import Final

_FILTERED: Final = frozenset(
    {
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "JAILBREAK",
        "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
    }
)  # fmt: skip
_BROKEN: Final = frozenset(
    {
        "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
    }
)  # fmt: skip
_NUMBERED: Final = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}
"""The numbers that both services agree upon, for answers with enumerations as integers."""


def native_reason(value: object) -> str | None:
    """The reason in Gemini's own word; None where none was given yet."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _NUMBERED.get(value, str(value)) if value else None
    return value if isinstance(value, str) and value and value != "FINISH_REASON_UNSPECIFIED" else None


def finish_reason(native: str, *, has_calls: bool) -> str:
    """Our word for Gemini's; a turn that calls functions ends in `STOP` on this wire."""
    if native == "MAX_TOKENS":
        return "length"
    if native in _FILTERED:
        return "content_filter"
    if native in _BROKEN:
        return "error"
    return "tool_calls" if has_calls else "stop"
