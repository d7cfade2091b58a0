"""A whole answer, in both directions. Providers are read generously; clients get every key of contract section 4."""

import secrets
from collections.abc import Sequence
from typing import Final

from msgspec import json
from msgspec.structs import replace

from waystation.codec.dialect import Identity
from waystation.codec.error_envelope import render_stream_error_object
from waystation.codec.json_answer import object_in
from waystation.dialects.openai_chat.citations import parse_citations
from waystation.dialects.openai_chat.errors import error_in, parse_error_object
from waystation.dialects.openai_chat.finish import finish_reason, native_finish_reason
from waystation.dialects.openai_chat.messages import parse_image_output, render_image_output
from waystation.dialects.openai_chat.parts import parse_content
from waystation.dialects.openai_chat.reasoning import parse_details, reasoning_text, render_details
from waystation.dialects.openai_chat.tools import CALL, arguments_text, parse_response_call, render_call
from waystation.dialects.openai_chat.usage import parse_usage, render_usage
from waystation.dialects.openai_chat.usual_answer import parse_usual_answer
from waystation.dialects.openai_chat.usual_rendering import render_usual_answer
from waystation.dialects.openai_chat.wire import NAME, unknown
from waystation.errors import BadResponse, InvalidRequest, Overloaded
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import (
    AudioOutput,
    ImageOutput,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from waystation.operations.usage import Cost

_ENCODE: Final = json.Encoder().encode
_RESULT_KEYS: Final = frozenset(
    {
        "id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier",
        "provider", "error", "user_id", "openrouter_metadata",
    }
)  # fmt: skip
_CHOICE_KEYS: Final = frozenset(
    {"index", "message", "delta", "finish_reason", "native_finish_reason", "logprobs", "error"}
)
_MESSAGE_KEYS: Final = frozenset(
    {
        "role", "content", "refusal", "reasoning", "reasoning_content", "reasoning_details", "tool_calls",
        "function_call", "annotations", "images", "audio",
    }
)  # fmt: skip
_MESSAGE_KEYS_UNANNOTATED: Final = _MESSAGE_KEYS - {"annotations"}
"""An empty list of annotations is no annotation, but some clients expect the key."""


def parse_response(body: bytes) -> ChatResult:
    """A provider's answer. An error inside it is raised; so is `BadResponse` where there is no answer in it."""
    return parse_usual_answer(body) or parse_any_answer(body)


def parse_any_answer(body: bytes) -> ChatResult:
    """The same, for answers of every shape."""
    value = object_in(body)
    choices = value.get("choices")
    if error := error_in(value):
        raise error
    if not isinstance(choices, list) or not choices:
        raise BadResponse("The provider's answer has no choices.")
    usage = value.get("usage")
    result = ChatResult(
        dialect=NAME,
        upstream_id=_text(value.get("id")),
        model=_text(value.get("model")),
        created=_whole(value.get("created")),
        choices=_with_sources(
            _numbered([_parse_choice(choice, index) for index, choice in enumerate(choices)]), value
        ),
        usage=parse_usage(usage) if isinstance(usage, dict) else None,
        system_fingerprint=_text(value.get("system_fingerprint")),
        service_tier=_text(value.get("service_tier")),
        extras=unknown(value, _RESULT_KEYS),
    )
    _refuse_emptiness(result)
    return result


def _numbered(choices: list[Choice]) -> tuple[Choice, ...]:
    """By position where the provider gave one number twice."""
    if len({choice.index for choice in choices}) < len(choices):
        return tuple([replace(choice, index=position) for position, choice in enumerate(choices)])
    return tuple(choices)


def _with_sources(choices: tuple[Choice, ...], body: JsonObject) -> tuple[Choice, ...]:
    """Sources named beside the choices are the first one's, unless it names its own."""
    first, *others = choices
    if not first.annotations and (annotations := parse_citations(body)):
        return (replace(first, annotations=annotations), *others)
    return choices


def _parse_choice(value: object, position: int) -> Choice:
    message = value.get("message") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(message, dict):
        raise BadResponse("The provider's answer has a choice without a message.")
    if value.get("error"):
        raise parse_error_object(value["error"])
    parts = _parse_message(message)
    has_calls = any(isinstance(part, ToolCall) or _is_call(part) for part in parts)
    native = value.get("finish_reason")
    reason = finish_reason(native, has_calls=has_calls)
    if reason == "error":
        raise Overloaded("The provider broke off its answer.")
    logprobs = value.get("logprobs")
    annotations = message.get("annotations")
    return Choice(
        index=_whole(value.get("index")) if isinstance(value.get("index"), int) else position,
        parts=parts,
        finish_reason=reason,
        native_finish_reason=native_finish_reason(value.get("native_finish_reason"))
        or native_finish_reason(native),
        logprobs=logprobs if isinstance(logprobs, dict) else None,
        annotations=tuple(_list(annotations)) if annotations else (),
        message_extras=unknown(message, _MESSAGE_KEYS if annotations else _MESSAGE_KEYS_UNANNOTATED),
        extras=unknown(value, _CHOICE_KEYS),
    )


def _parse_message(message: JsonObject) -> tuple[Part, ...]:
    content = message.get("content")
    if isinstance(content, str) and len(message) == 2 and "role" in message:
        return (Text(content),) if content else ()
    parts: list[Part] = []
    if thought := _text(message.get("reasoning")) or _text(message.get("reasoning_content")):
        parts.append(Reasoning(text=thought, plain=True))
    if details := message.get("reasoning_details"):
        parts += parse_details(details if isinstance(details, list) else [])
    parts += _parse_content(content)
    if refusal := _text(message.get("refusal")):
        parts.append(Refusal(refusal))
    parts += [image for value in _list(message.get("images")) if (image := parse_image_output(value))]
    audio = message.get("audio")
    if isinstance(audio, dict) and any(audio.values()):
        parts.append(AudioOutput(audio))
    parts += _parse_calls(message)
    return tuple(parts)


def _parse_calls(message: JsonObject) -> list[ToolCall | Opaque]:
    """`tool_calls`, and the deprecated `function_call` behind them."""
    values = _list(message.get("tool_calls"))
    calls = [call for value in values if (call := parse_response_call(value, make_call_id()))]
    function_call = message.get("function_call")
    if isinstance(function_call, dict) and (name := _text(function_call.get("name"))):
        calls.append(ToolCall(make_call_id(), name, arguments_text(function_call.get("arguments"))))
    return calls


def _parse_content(content: object) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    try:
        return parse_content(_list(content), "content")
    except InvalidRequest:
        raise BadResponse("The provider's answer has content of an unknown shape.") from None


def _refuse_emptiness(result: ChatResult) -> None:
    """An answer of nothing at all is a failure of the provider, unless it was cut, filtered, or really spent tokens."""
    for choice in result.choices:
        if choice.parts or choice.finish_reason in {"length", "content_filter"}:
            return
    if result.usage is None or result.usage.completion_tokens == 0:
        raise BadResponse("The provider's answer is empty.")


def make_call_id() -> str:
    """An id for a tool call that came without one."""
    return f"call_{secrets.token_hex(12)}"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _whole(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def _list(value: object) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _is_call(part: Part) -> bool:
    return isinstance(part, Opaque) and part.kind == CALL


def render_response(
    result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
) -> bytes:
    """The client's whole answer; extras only where the provider spoke this dialect too."""
    usual = render_usual_answer(result, identity, cost) if metadata is None else None
    return usual or render_any_answer(result, identity, cost, metadata)


def render_any_answer(
    result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
) -> bytes:
    """The same, for answers of every shape."""
    same_dialect = result.dialect == NAME
    body: JsonObject = {
        "id": identity.id,
        "object": "chat.completion",
        "created": identity.created,
        "model": identity.model,
        "provider": identity.provider,
        "system_fingerprint": result.system_fingerprint,
        "service_tier": result.service_tier,
        "choices": [_render_choice(choice, identity, same_dialect=same_dialect) for choice in result.choices],
    }
    if result.usage is not None:
        body["usage"] = render_usage(result.usage, cost, same_dialect=same_dialect)
    if result.extras and same_dialect:
        body |= result.extras
    if metadata is not None:
        body["openrouter_metadata"] = metadata
    return _ENCODE(body)


def _render_choice(choice: Choice, identity: Identity, *, same_dialect: bool) -> JsonObject:
    value: JsonObject = {
        "index": choice.index,
        "logprobs": choice.logprobs,
        "finish_reason": choice.finish_reason or "stop",
        "native_finish_reason": choice.native_finish_reason,
        "message": _render_message(choice, same_dialect=same_dialect, reasoning=identity.include_reasoning),
    }
    if choice.error is not None:
        value["error"] = render_stream_error_object(choice.error)
    if choice.extras and same_dialect:
        value |= choice.extras
    return value


def _render_message(choice: Choice, *, same_dialect: bool, reasoning: bool) -> JsonObject:
    parts = choice.parts
    message: JsonObject = {"role": "assistant", "content": None, "refusal": None, "reasoning": None}
    if len(parts) == 1 and isinstance(parts[0], Text):
        message["content"] = parts[0].text
    else:
        _add_parts(message, parts, same_dialect=same_dialect, reasoning=reasoning)
    if choice.annotations:
        message["annotations"] = choice.annotations
    if choice.message_extras and same_dialect:
        message |= choice.message_extras
    return message


def _add_parts(  # noqa: C901 - one line a kind of part reads best
    message: JsonObject, parts: Sequence[Part], *, same_dialect: bool, reasoning: bool
) -> None:
    texts: list[str] = []
    calls: list[JsonObject] = []
    images: list[JsonObject] = []
    for part in parts:
        match part:
            case Text(text=text):
                texts.append(text)
            case ToolCall():
                calls.append(render_call(part, same_dialect=same_dialect, index=len(calls)))
            case Opaque(kind=kind, value=value) if kind == CALL and same_dialect:
                calls.append(value)
            case Refusal(text=text):
                message["refusal"] = text
            case ImageOutput():
                images.append(render_image_output(part, same_dialect=same_dialect))
            case AudioOutput(value=value):
                message["audio"] = value
            case _:
                pass
    if texts:
        message["content"] = "".join(texts)
    if reasoning and (details := render_details(parts, same_dialect=same_dialect)):
        message["reasoning"] = reasoning_text(parts)
        message["reasoning_details"] = details
    if calls:
        message["tool_calls"] = calls
    if images:
        message["images"] = images
