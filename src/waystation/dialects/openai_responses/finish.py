"""Why a response ended: its `status`, and the reason of `incomplete_details`, in the five words of contract section 4."""

from typing import Final

from waystation.dialects.openai_responses.wire import object_of, text_of
from waystation.operations.parts import JsonObject

_INCOMPLETE: Final = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}
UNFINISHED: Final = frozenset({"queued", "in_progress", "cancelled", "failed"})
"""Statuses of what is no answer."""


def native_reason(response: JsonObject) -> str:
    """The status, or why it is incomplete."""
    status = text_of(response.get("status")) or "completed"
    if status != "incomplete":
        return status
    return text_of(object_of(response.get("incomplete_details")).get("reason")) or status


def finish_reason(native: str, *, has_calls: bool) -> str:
    """Our word. Where the client's tools are called it is `tool_calls`, unless the answer was cut or refused."""
    reason = _INCOMPLETE.get(native, "length" if native == "incomplete" else "stop")
    return "tool_calls" if reason == "stop" and has_calls else reason
