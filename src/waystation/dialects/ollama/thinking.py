"""Effort and budgets -> `think`; reasoning of earlier turns -> `thinking` (contract section 11)."""

from typing import Final

from waystation.codec.dialect import Target
from waystation.codec.reasoning_effort import effort_of_budget
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import Reasoning

_WORDS: Final = frozenset({"reasoning", "reasoning_effort", "include_reasoning"})
_LEVELS: Final = {"minimal": "low", "xhigh": "high", "max": "high"}
_LEVELLED: Final = ("gpt-oss", "gptoss")
"""Models that think by level; the others answer a level with an error, and think or don't."""


def render_think(request: ChatRequest, target: Target, dropped: list[str]) -> bool | str | None:
    """What `think` says; None where the caller said nothing, or the endpoint is known not to think."""
    options = request.reasoning
    if options is None:
        return None
    dropped += [f"reasoning.{name}" for name in ("summary", "context", "mode") if getattr(options, name)]
    effort = options.effort
    if effort is None and options.max_tokens is not None:
        effort = effort_of_budget(options.max_tokens, request.max_tokens or target.max_completion_tokens)
    if effort == "none" or options.enabled is False:
        return False
    if effort is None and options.enabled is None:
        return None
    if target.supported_parameters and not target.supported_parameters & _WORDS:
        dropped.append("reasoning")
        return None
    if effort is None or not _has_levels(target):
        return True
    return _LEVELS.get(effort, effort)


def thought_of(part: Reasoning) -> str | None:
    """The readable text of a piece that this wire can take back; None for what only its maker understands."""
    if part.kind == "text" and part.signature is None and part.origin in {None, "unknown"}:
        return part.text or ""
    return None


def _has_levels(target: Target) -> bool:
    told = f"{target.native_id} {target.model_id}".lower()
    return any(family in told for family in _LEVELLED)
