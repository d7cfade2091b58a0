"""A whole answer of `/api/chat` -> ours. Reasoning stands first, calls last, as the model made them."""

from waystation.codec.json_answer import object_at, object_in, text_at
from waystation.dialects.ollama.errors import parse_error_object
from waystation.dialects.ollama.finish import UNANSWERED, finish_reason
from waystation.dialects.ollama.tools import parse_call
from waystation.dialects.ollama.usage import parse_usage
from waystation.dialects.ollama.wire import NAME, created_of, list_at
from waystation.errors import BadResponse
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import JsonObject, Part, Reasoning, Text
from waystation.operations.usage import Usage


def parse_response(body: bytes) -> ChatResult:
    """The answer; the error in it, or `BadResponse` where it is none."""
    value = decode_object(body)
    if value.get("done") is not True:
        raise BadResponse("The provider's answer is not whole.")
    message = object_at(value, "message")
    calls = [
        parse_call(call, index, text_at(value, "created_at") or "")
        for index, call in enumerate(list_at(message, "tool_calls"))
    ]
    parts: list[Part] = []
    if thought := text_at(message, "thinking"):
        parts.append(Reasoning(text=thought, plain=True))
    if text := text_at(message, "content"):
        parts.append(Text(text))
    parts += calls
    native, usage = text_at(value, "done_reason"), parse_usage(value)
    require_content(native, usage, has_content=bool(parts))
    return ChatResult(
        dialect=NAME,
        upstream_id=None,
        model=text_at(value, "model"),
        created=created_of(value),
        choices=(
            Choice(
                index=0,
                parts=tuple(parts),
                finish_reason=finish_reason(native, has_calls=bool(calls)),
                native_finish_reason=native,
                logprobs=logprobs_of(value),
            ),
        ),
        usage=usage,
    )


def decode_object(body: bytes) -> JsonObject:
    """One JSON object of an answer; the error in it where it is one."""
    value = object_in(body)
    if value.get("error"):
        raise parse_error_object(value)
    return value


def require_content(native: str | None, usage: Usage | None, *, has_content: bool) -> None:
    """`BadResponse` where nothing was said: a model that speaks says something, or counts tokens for its silence."""
    if has_content:
        return
    is_silence = native is not None and native not in UNANSWERED and usage is not None
    if not is_silence or (native != "length" and usage is not None and not usage.completion_tokens):
        raise BadResponse("The provider's answer is empty.")


def logprobs_of(value: JsonObject) -> JsonObject | None:
    """`logprobs` as OpenAI's wire has them, which have the same fields inside."""
    told = [one for one in list_at(value, "logprobs") if isinstance(one, dict)]
    return {"content": told} if told else None
