"""Prompt-cache breakpoints toward this wire: four at most, the last ones, since each covers all before it. Section 16."""

from typing import Final

from waystation.operations.parts import JsonObject

MOST: Final = 4
_UNMARKABLE: Final = frozenset({"thinking", "redacted_thinking"})


def limit_marks(*groups: list[JsonObject]) -> bool:
    """Take away all breakpoints but the last four, in the order of the prompt; whether any went."""
    marked = [block for group in groups for block in group if "cache_control" in block]
    for block in marked[:-MOST]:
        del block["cache_control"]
    return len(marked) > MOST


def mark_last(mark: JsonObject, *groups: list[JsonObject]) -> None:
    """Put a breakpoint on the last block that can bear one."""
    for group in reversed(groups):
        for block in reversed(group):
            if block.get("type") not in _UNMARKABLE:
                block.setdefault("cache_control", mark)
                return
