"""`thinkingConfig` in both directions (contract section 11): a budget for Gemini 2.5, a level since Gemini 3.

Thoughts are asked for unless the caller excludes them: without `includeThoughts` this wire keeps them to itself.
"""

from collections.abc import Callable
from typing import Final

from waystation.codec.dialect import Target
from waystation.codec.reasoning_effort import ASSUMED_LIMIT, EFFORTS, budget_of_effort
from waystation.dialects.gemini.families import Family, family_of
from waystation.dialects.gemini.wire import camel_keys, text_of
from waystation.operations.chat import ChatRequest, ReasoningOptions
from waystation.operations.parts import JsonObject

_WORDS: Final = frozenset({"reasoning", "reasoning_effort", "include_reasoning"})
_ORDER: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def render_thinking(request: ChatRequest, target: Target, drop: Callable[[str], None]) -> JsonObject:
    """`thinkingConfig`; empty for a model that does not think, or where there is nothing to say."""
    options = request.reasoning or ReasoningOptions()
    effort = _effort(options)
    family = family_of(target.native_id)
    listed = target.supported_parameters
    if family.thinking == "none" or (listed and not listed & _WORDS):
        if effort not in {None, "none"} or options.max_tokens:
            drop("reasoning")
        return {}
    config: JsonObject = {}
    if options.max_tokens is not None and family.generation:
        config["thinkingBudget"] = _within(family, options.max_tokens)
    elif effort is not None and family.thinking == "level":
        config["thinkingLevel"] = _level(family, effort)
    elif effort is not None:
        limit = request.max_tokens or target.max_completion_tokens or ASSUMED_LIMIT
        config["thinkingBudget"] = _within(family, budget_of_effort(effort, limit))
    if not options.exclude and config.get("thinkingBudget") != 0:
        config["includeThoughts"] = True
    for name in ("summary", "context", "mode"):
        if getattr(options, name) is not None:
            drop(f"reasoning.{name}")
    return config


def _effort(options: ReasoningOptions) -> str | None:
    """The effort asked for in words; `enabled` alone means medium, or none where it is false."""
    if options.effort is not None:
        return options.effort
    if options.enabled is None:
        return None
    return "medium" if options.enabled else "none"


def _level(family: Family, effort: str) -> str:
    """The nearest level this family knows: of two as near the lower one asks for no more than the caller did."""
    wanted = min(_ORDER.index(effort), _ORDER.index("high")) if effort in _ORDER else _ORDER.index("medium")
    return min(family.levels, key=lambda level: abs(_ORDER.index(level) - wanted))


def _within(family: Family, budget: int) -> int:
    """A budget this family takes; 0 is no thinking, where that can be had."""
    return min(max(budget, family.least), family.most)


def parse_thinking(value: object) -> ReasoningOptions:
    """`thinkingConfig`, which may be missing: then the caller sees no thoughts. A budget of -1 leaves it to the model."""
    config = camel_keys(value) if isinstance(value, dict) else {}
    exclude = config.get("includeThoughts") is not True
    level = text_of(config.get("thinkingLevel"))
    if level is not None and level.lower() in EFFORTS:
        return ReasoningOptions(effort=level.lower(), exclude=exclude)
    budget = config.get("thinkingBudget")
    if isinstance(budget, bool) or not isinstance(budget, (int, float)):
        return ReasoningOptions(exclude=exclude)
    if budget < 0:
        return ReasoningOptions(enabled=True, exclude=exclude)
    return ReasoningOptions(max_tokens=int(budget), exclude=exclude)
