"""The shape that nearly every whole answer has, decoded straight into structs: text, a reason, and counters.

A shortcut for `response.parse_response` and nothing more: whatever does not fit exactly is left to it, and what fits
gives the same result.
"""

from typing import Annotated, Final

from msgspec import DecodeError, Meta, Struct, json

from waystation.dialects.openai_chat.finish import finish_reason
from waystation.dialects.openai_chat.wire import NAME
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import Text
from waystation.operations.usage import Usage

Count = Annotated[int, Meta(ge=0)]
Said = Annotated[str, Meta(min_length=1)]


class _Message(Struct, forbid_unknown_fields=True):
    content: Said
    role: str | None = None
    refusal: None = None
    reasoning: None = None
    tool_calls: None = None
    annotations: Annotated[list[None], Meta(max_length=0)] | None = None


class _Choice(Struct, forbid_unknown_fields=True):
    index: Count
    message: _Message
    finish_reason: Said
    logprobs: None = None


class _PromptDetails(Struct, forbid_unknown_fields=True):
    cached_tokens: Count = 0
    cache_write_tokens: Count = 0
    audio_tokens: Count = 0


class _CompletionDetails(Struct, forbid_unknown_fields=True):
    reasoning_tokens: Count = 0
    audio_tokens: Count = 0
    accepted_prediction_tokens: Count | None = None
    rejected_prediction_tokens: Count | None = None


class _Usage(Struct, forbid_unknown_fields=True):
    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class _Answer(Struct, forbid_unknown_fields=True):
    id: Said
    created: Count
    model: Said
    choices: tuple[_Choice]
    usage: _Usage
    object: str | None = None
    system_fingerprint: Said | None = None
    service_tier: Said | None = None


_DECODE: Final = json.Decoder(_Answer).decode
_NO_PROMPT_DETAILS: Final = _PromptDetails()
_NO_COMPLETION_DETAILS: Final = _CompletionDetails()


def parse_usual_answer(body: bytes) -> ChatResult | None:
    """The answer, or None where it is not of the usual shape (or no answer at all)."""
    try:
        answer = _DECODE(body)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return None
    (choice,) = answer.choices
    usage = _usage(answer.usage)
    reason = finish_reason(choice.finish_reason, has_calls=False)
    if usage is None or reason == "error":
        return None
    message = choice.message
    return ChatResult(
        dialect=NAME,
        upstream_id=answer.id,
        model=answer.model,
        created=answer.created,
        choices=(
            Choice(
                index=choice.index,
                parts=(Text(message.content),),
                finish_reason=reason,
                native_finish_reason=choice.finish_reason,
                message_extras=None if message.annotations is None else {"annotations": []},
            ),
        ),
        usage=usage,
        system_fingerprint=answer.system_fingerprint,
        service_tier=answer.service_tier,
    )


def _usage(usage: _Usage) -> Usage | None:
    """None where the counters do not add up, which needs a closer look."""
    if usage.total_tokens != usage.prompt_tokens + usage.completion_tokens:
        return None
    prompt = usage.prompt_tokens_details or _NO_PROMPT_DETAILS
    completion = usage.completion_tokens_details or _NO_COMPLETION_DETAILS
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=prompt.cached_tokens,
        cache_write_tokens=prompt.cache_write_tokens,
        reasoning_tokens=completion.reasoning_tokens,
        audio_prompt_tokens=prompt.audio_tokens,
        audio_completion_tokens=completion.audio_tokens,
        accepted_prediction_tokens=completion.accepted_prediction_tokens,
        rejected_prediction_tokens=completion.rejected_prediction_tokens,
    )
