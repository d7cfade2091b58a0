"""The shape of nearly every answer that a client gets, encoded straight from structs: one text, a reason, and counters.

A shortcut for `response.render_response` and nothing more: whatever says more is left to it, and what is said here says
the same (structs cost half of what dictionaries do). Keys are those of contract section 4, in the same order.
"""

from typing import Final

from msgspec import UNSET, Struct, UnsetType, json

from waystation.codec.dialect import Identity
from waystation.dialects.openai_chat.usage import NANO, render_cost_details
from waystation.dialects.openai_chat.wire import NAME
from waystation.operations.chat import ChatResult
from waystation.operations.parts import JsonObject, Text
from waystation.operations.usage import Cost, Usage

_ENCODE: Final = json.Encoder().encode
_NO_ANNOTATIONS: Final[JsonObject] = {"annotations": []}
"""An empty list that some providers send with every message, and some clients expect."""


class _Message(Struct, gc=False):
    role: str
    content: str
    refusal: None = None
    reasoning: None = None
    annotations: tuple[()] | UnsetType = UNSET


class _Choice(Struct, gc=False):
    index: int
    logprobs: None
    finish_reason: str
    native_finish_reason: str | None
    message: _Message


class _PromptDetails(Struct, gc=False):
    cached_tokens: int
    cache_write_tokens: int
    audio_tokens: int
    video_tokens: int


class _CompletionDetails(Struct, gc=False):
    reasoning_tokens: int
    audio_tokens: int
    image_tokens: int
    accepted_prediction_tokens: int | UnsetType = UNSET
    rejected_prediction_tokens: int | UnsetType = UNSET


class _Usage(Struct, gc=False):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: _PromptDetails
    completion_tokens_details: _CompletionDetails
    is_byok: bool | UnsetType = UNSET
    cost: float | UnsetType = UNSET
    cost_details: JsonObject | UnsetType = UNSET


class _Answer(Struct, gc=False):
    id: str
    object: str
    created: int
    model: str
    provider: str
    system_fingerprint: str | None
    service_tier: str | None
    choices: tuple[_Choice]
    usage: _Usage


def render_usual_answer(result: ChatResult, identity: Identity, cost: Cost | None) -> bytes | None:
    """The answer, or None where there is more to say than this shape can."""
    same_dialect = result.dialect == NAME
    if len(result.choices) != 1 or (result.extras and same_dialect):
        return None
    choice, usage = result.choices[0], result.usage
    extras = choice.message_extras if same_dialect else None
    if (
        usage is None
        or (same_dialect and (usage.extras or usage.prompt_details_extras or usage.completion_details_extras))
        or usage.web_search_requests
        or choice.logprobs is not None
        or choice.annotations
        or choice.extras
        or choice.error is not None
        or (extras and extras != _NO_ANNOTATIONS)
        or len(choice.parts) != 1
    ):
        return None
    part = choice.parts[0]
    if type(part) is not Text:
        return None
    message = _Message("assistant", part.text)
    if extras:
        message.annotations = ()
    ended = _Choice(choice.index, None, choice.finish_reason or "stop", choice.native_finish_reason, message)
    return _ENCODE(
        _Answer(
            identity.id,
            "chat.completion",
            identity.created,
            identity.model,
            identity.provider,
            result.system_fingerprint,
            result.service_tier,
            (ended,),
            _usage(usage, cost),
        )
    )


def _usage(usage: Usage, cost: Cost | None) -> _Usage:
    accepted, rejected = usage.accepted_prediction_tokens, usage.rejected_prediction_tokens
    value = _Usage(
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.prompt_tokens + usage.completion_tokens,
        _PromptDetails(
            usage.cached_tokens,
            usage.cache_write_tokens,
            usage.audio_prompt_tokens,
            usage.video_prompt_tokens,
        ),
        _CompletionDetails(
            usage.reasoning_tokens,
            usage.audio_completion_tokens,
            usage.image_completion_tokens,
            UNSET if accepted is None else accepted,
            UNSET if rejected is None else rejected,
        ),
    )
    if cost is not None:
        value.is_byok = cost.is_byok
        if cost.total is not None:
            value.cost = cost.total / NANO
            value.cost_details = render_cost_details(cost)
    return value
