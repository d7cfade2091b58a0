"""Effort and budgets -> `thinking` and `output_config.effort`; reasoning of earlier turns -> blocks (contract section 11)."""

from collections.abc import Sequence
from typing import Final

from waystation.codec.reasoning_effort import ASSUMED_LIMIT, MIN_BUDGET, budget_of_effort, effort_of_budget
from waystation.dialects.anthropic_messages.family import Family
from waystation.dialects.anthropic_messages.wire import ORIGIN
from waystation.operations.chat import ChatRequest, Message, ReasoningOptions
from waystation.operations.parts import JsonObject, Reasoning, ToolCall, ToolResult

_EFFORTS: Final = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}
_ROOM: Final = 4096
"""Tokens for the answer beside a budget which the caller's limit leaves no room for."""


def wants_thinking(options: ReasoningOptions | None) -> bool:
    """Whether the caller asked for reasoning, and not for none of it."""
    if options is None or options.effort == "none" or options.enabled is False or options.max_tokens == 0:
        return False
    return options.effort is not None or options.max_tokens is not None or options.enabled is True


def add_thinking(body: JsonObject, options: ReasoningOptions, family: Family, limit: int | None) -> None:
    """Put thinking into the body, whose `max_tokens` is raised where the budget needs it; `limit`: the endpoint's own."""
    room = body["max_tokens"]
    most = room if isinstance(room, int) else ASSUMED_LIMIT
    if family.adaptive:
        body["thinking"] = {"type": "adaptive", "display": "summarized"}
        asked = options.effort
        if asked is None and options.max_tokens is not None:
            asked = effort_of_budget(options.max_tokens, limit or most)
        if asked is not None:
            body["output_config"] = {"effort": _EFFORTS.get(asked, "low")}
        return
    budget = options.max_tokens
    if budget is None:
        budget = budget_of_effort(options.effort or "medium", most)
    budget = max(budget, MIN_BUDGET)
    if most <= budget:
        most = budget + _ROOM
        if limit is not None and most > limit:
            most = limit
            budget = max(min(budget, limit - _ROOM), MIN_BUDGET)
        body["max_tokens"] = most
    body["thinking"] = {"type": "enabled", "budget_tokens": budget}
    if family.effort and options.effort is not None:
        body["output_config"] = {
            "effort": {"max": "high"}.get(_EFFORTS[options.effort], _EFFORTS[options.effort])
        }


def may_think(request: ChatRequest, family: Family) -> bool:
    """Whether thinking can be switched on: not where a tool is forced, nor in the middle of a turn that began without."""
    choice = request.tool_choice
    if choice is not None and choice.mode in {"required", "named"}:
        return False
    return family.adaptive or not _began_without(request.messages)


def is_ours(part: Reasoning) -> bool:
    """Whether Claude made this piece and will know it again: signed thinking, or a redacted block."""
    if part.origin not in {None, "unknown", ORIGIN} or part.plain:
        return False
    if part.kind == "text":
        return bool(part.signature)
    return part.kind == "encrypted" and part.origin == ORIGIN and bool(part.data)


def render_thinking(part: Reasoning) -> JsonObject:
    """A block as it came, byte for byte."""
    if part.kind == "encrypted":
        return {"type": "redacted_thinking", "data": part.data}
    return {"type": "thinking", "thinking": part.text or "", "signature": part.signature}


def _began_without(messages: Sequence[Message]) -> bool:
    """Whether the last turn of the assistant called tools without thinking that can be shown again."""
    for message in reversed(messages):
        if message.role == "assistant":
            calls = any(isinstance(part, ToolCall) for part in message.parts)
            return calls and not any(isinstance(part, Reasoning) and is_ours(part) for part in message.parts)
        if message.role != "tool" and not any(isinstance(part, ToolResult) for part in message.parts):
            return False
    return False
