"""How much to think, as each family of models wants to be told: fields of `additionalModelRequestFields`, both ways."""

from typing import Final

from waystation.codec.reasoning_effort import (
    ASSUMED_LIMIT,
    EFFORTS,
    MIN_BUDGET,
    RATIOS,
    budget_of_effort,
    effort_of_budget,
)
from waystation.dialects.bedrock_converse.draft import Draft
from waystation.dialects.bedrock_converse.wire import object_of, text_of
from waystation.operations.chat import ReasoningOptions
from waystation.operations.parts import JsonObject

_ROOM: Final = 4_096
"""Completion tokens left for the answer, where a limit has to be raised above the budget."""
_NAMES: Final = {"temperature": "temperature", "topP": "top_p"}
_ADAPTIVE: Final = {"type": "adaptive"}
_SUMMARIZED: Final = {"type": "adaptive", "display": "summarized"}
_STRENGTH: Final = ("minimal", "low", "medium", "high", "xhigh", "max")


def effort_asked(options: ReasoningOptions, limit: int | None) -> str | None:
    """One word for how much to think; None where nothing was said of it."""
    if options.effort is not None:
        return options.effort
    if options.max_tokens is not None:
        return effort_of_budget(options.max_tokens, limit)
    if options.enabled is None:
        return None
    return "medium" if options.enabled else "none"


def add_thinking(draft: Draft, options: ReasoningOptions) -> None:
    """Say it in the additional fields, and make the inference parameters fit."""
    asked_limit = draft.inference.get("maxTokens")
    limit = asked_limit if isinstance(asked_limit, int) else draft.target.max_completion_tokens
    effort = effort_asked(options, limit)
    if effort is None:
        return
    if effort == "none":
        _forbid(draft)
        return
    word = nearest_effort(effort, draft.family.efforts)
    match draft.family.thinking:
        case "budget":
            budget = options.max_tokens or budget_of_effort(effort, limit or ASSUMED_LIMIT)
            _think_with_budget(draft, max(budget, MIN_BUDGET))
            _drop_sampling(draft)
        case "adaptive":
            hidden = draft.family.hides_thinking and not options.exclude
            draft.more["thinking"] = dict(_SUMMARIZED if hidden else _ADAPTIVE)
            draft.more["output_config"] = {"effort": word}
            _drop_sampling(draft)
        case "nova":
            _think_as_nova(draft, word)
        case "openai":
            draft.more["reasoning"] = {"effort": word}
        case "effort":
            draft.more["reasoning_effort"] = word
        case "config":
            draft.more["reasoning_config"] = word
        case _:
            draft.drop("reasoning")


def nearest_effort(effort: str, known: tuple[str, ...]) -> str:
    """The word itself where it is known; else the nearest one, the lower of two."""
    if effort in known:
        return effort
    at = _STRENGTH.index(effort)
    return min(known, key=lambda word: (abs(RATIOS[word] - RATIOS[effort]), abs(_STRENGTH.index(word) - at)))


def _forbid(draft: Draft) -> None:
    """Budgets, Nova and Qwen think only when asked to; those that always think are told to do the least."""
    match draft.family.thinking:
        case "adaptive":
            draft.more["thinking"] = {"type": "disabled"}
        case "openai":
            draft.more["reasoning"] = {"effort": "none"}
        case "effort":
            draft.more["reasoning_effort"] = draft.family.efforts[0]
            draft.drop("reasoning")
        case _:
            pass


def _think_with_budget(draft: Draft, budget: int) -> None:
    """The wire wants `maxTokens` above the budget: it is raised, as far as the model goes; then the budget yields."""
    limit = draft.target.max_completion_tokens
    told = draft.inference.get("maxTokens")
    tokens = told if isinstance(told, int) else 0
    draft.more["thinking"] = {"type": "enabled", "budget_tokens": budget}
    if draft.same_dialect:
        return
    if tokens <= budget:
        tokens = budget + _ROOM
        if limit is not None and tokens > limit:
            tokens = limit
            budget = max(min(budget, limit - 1), MIN_BUDGET)
    draft.inference["maxTokens"] = tokens
    draft.more["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _think_as_nova(draft: Draft, word: str) -> None:
    """At high effort Nova refuses limits and sampling; a limit that the caller set is worth more than the effort."""
    if word == "high" and "maxTokens" in draft.inference:
        word = "medium"
        draft.drop("reasoning.effort")
    if word == "high":
        _take_out(draft, "temperature", "topP")
    draft.more["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": word}


def _drop_sampling(draft: Draft) -> None:
    """Claude that thinks takes no temperature but 1, no top_k, and top_p from 0.95 on."""
    if draft.inference.get("temperature", 1) != 1:
        _take_out(draft, "temperature")
    top_p = draft.inference.get("topP", 1)
    if isinstance(top_p, (int, float)) and top_p < 0.95:
        _take_out(draft, "topP")
    if draft.more.pop("top_k", None) is not None:
        draft.drop("top_k")


def _take_out(draft: Draft, *names: str) -> None:
    for name in names:
        if draft.inference.pop(name, None) is not None:
            draft.drop(_NAMES[name])


def parse_thinking(more: JsonObject) -> ReasoningOptions | None:
    """Take what asks for reasoning out of the additional fields; what is of another shape stays in them."""
    effort = _take_effort(more)
    if effort is not None:
        return ReasoningOptions(effort=effort)
    thinking = object_of(more.get("thinking"))
    budget = thinking.get("budget_tokens")
    if thinking.keys() == {"type", "budget_tokens"} and isinstance(budget, int) and budget > 0:
        del more["thinking"]
        return ReasoningOptions(max_tokens=budget)
    if thinking == {"type": "disabled"}:
        del more["thinking"]
        return ReasoningOptions(effort="none")
    return None


def _take_effort(more: JsonObject) -> str | None:
    """The effort word, wherever a family has it."""
    output = object_of(more.get("output_config"))
    thinking = more.get("thinking")
    if thinking in (_ADAPTIVE, _SUMMARIZED) and output.keys() == {"effort"}:
        if (word := _word(output["effort"])) is not None:
            del more["thinking"], more["output_config"]
        return word
    config = object_of(more.get("reasoningConfig"))
    if config.get("type") == "enabled" and config.keys() == {"type", "maxReasoningEffort"}:
        if (word := _word(config["maxReasoningEffort"])) is not None:
            del more["reasoningConfig"]
        return word
    openai = object_of(more.get("reasoning"))
    if openai.keys() == {"effort"} and (word := _word(openai["effort"])) is not None:
        del more["reasoning"]
        return word
    for key in ("reasoning_effort", "reasoning_config"):
        if (word := _word(more.get(key))) is not None:
            del more[key]
            return word
    return None


def _word(value: object) -> str | None:
    word = text_of(value)
    return word if word in EFFORTS else None
