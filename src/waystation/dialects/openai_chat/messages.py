"""The conversation of a request, in both directions. Parts of an assistant turn stand in the order: reasoning, content,
refusal, images, audio, calls. A trailing assistant message is a prefill and simply kept."""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from waystation.dialects.openai_chat.parts import Voice, parse_content, plain_text, render_content
from waystation.dialects.openai_chat.reasoning import (
    DETAIL,
    parse_details,
    reasoning_text,
    render_details,
)
from waystation.dialects.openai_chat.thinking import CHUNKS, render_thinking
from waystation.dialects.openai_chat.tools import CALL, arguments_text, parse_request_call, render_call
from waystation.dialects.openai_chat.wire import MESSAGE_KEYS, WireMessage, unknown
from waystation.errors import InvalidRequest
from waystation.operations.chat import Message
from waystation.operations.parts import (
    Audio,
    AudioOutput,
    File,
    Image,
    ImageOutput,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

_PLAIN_ROLES: Final = frozenset({"system", "developer", "user"})
_NOTHING_ELSE: Final = (None,) * (len(WireMessage.__struct_fields__) - 3)
"""What a message holds after role, content and name where it is text and no more."""
_NOT_INSTRUCTIONS: Final = (Image, Audio, Video, File)
_NOT_CONTENT: Final = (Reasoning, Refusal, ImageOutput, AudioOutput, ToolCall)


def parse_messages(messages: Sequence[WireMessage], raw: Sequence[JsonObject] | None) -> tuple[Message, ...]:
    """Every message; `raw` are the same ones as decoded, where unknown keys are found, or None where there are none."""
    parsed = []
    function_call_id = ""
    for index, wire in enumerate(messages):
        extras = None if raw is None else unknown(raw[index], MESSAGE_KEYS)
        role, content = wire.role, wire.content
        if role in _PLAIN_ROLES:
            parts = (Text(content),) if type(content) is str else _said(wire, f"messages[{index}].content")
            parsed.append(Message(role, parts, wire.name, extras))
        elif role == "assistant":
            if wire.function_call is not None:
                function_call_id = f"call_{index}"
            parsed.append(Message("assistant", _assistant_parts(wire, index), wire.name, extras))
        elif role in {"tool", "function"}:
            parsed.append(_tool_message(wire, f"messages[{index}]", extras, function_call_id))
        else:
            raise InvalidRequest(
                f"messages[{index}].role: must be system, developer, user, assistant or tool."
            )
    return tuple(parsed)


def _said(wire: WireMessage, where: str) -> tuple[Part, ...]:
    if wire.content is None:
        raise InvalidRequest(f"{where}: is required.")
    parts = parse_content(wire.content, where)
    if wire.role != "user" and any(isinstance(part, _NOT_INSTRUCTIONS) for part in parts):
        raise InvalidRequest(f"{where}: a {wire.role} message may hold text only.")
    return parts


def _tool_message(wire: WireMessage, where: str, extras: JsonObject | None, function_call_id: str) -> Message:
    call_id = wire.tool_call_id
    if wire.role == "function" and call_id is None:
        call_id = function_call_id
    if call_id is None:
        raise InvalidRequest(f"{where}.tool_call_id: is required.")
    if wire.content is None and wire.role == "tool":
        raise InvalidRequest(f"{where}.content: is required.")
    parts = parse_content(wire.content, f"{where}.content")
    name = wire.name if wire.role == "tool" else None
    return Message("tool", (ToolResult(call_id, parts),), name, extras)


def _assistant_parts(wire: WireMessage, index: int) -> tuple[Part, ...]:
    if type(wire.content) is str and structs.astuple(wire)[3:] == _NOTHING_ELSE:
        return (Text(wire.content),)
    where = f"messages[{index}]"
    parts: list[Part] = []
    thought = wire.reasoning if wire.reasoning is not None else wire.reasoning_content
    if thought:
        parts.append(Reasoning(text=thought, plain=True))
    if wire.reasoning_details:
        parts += parse_details(wire.reasoning_details)
    parts += parse_content(wire.content, f"{where}.content")
    if wire.refusal:
        parts.append(Refusal(wire.refusal))
    parts += [_image(value, f"{where}.images[{at}]") for at, value in enumerate(wire.images or ())]
    if wire.audio is not None:
        parts.append(AudioOutput(wire.audio))
    for at, call in enumerate(wire.tool_calls or ()):
        parts.append(parse_request_call(call, f"{where}.tool_calls[{at}]"))
    if wire.function_call is not None:
        arguments = arguments_text(wire.function_call.arguments)
        parts.append(ToolCall(f"call_{index}", wire.function_call.name, arguments))
    return tuple(parts)


def _image(value: JsonObject, where: str) -> ImageOutput:
    image = parse_image_output(value)
    if image is None:
        raise InvalidRequest(f"{where}.image_url.url: must be a string.")
    return image


def parse_image_output(value: JsonObject) -> ImageOutput | None:
    """One of `images`; None where it has no URL."""
    inner = value.get("image_url")
    url = inner.get("url") if isinstance(inner, dict) else None
    if not isinstance(url, str):
        return None
    return ImageOutput(url, unknown(value, _IMAGE_KEYS))


_IMAGE_KEYS: Final = frozenset({"type", "image_url"})


def render_image_output(image: ImageOutput, *, same_dialect: bool) -> JsonObject:
    """One item of `images`."""
    value: JsonObject = {"type": "image_url", "image_url": {"url": image.url}}
    if image.extras and same_dialect:
        value |= image.extras
    return value


def render_messages(messages: Sequence[Message], voice: Voice) -> list[JsonObject]:
    """`messages` for a provider. Results of tools become messages of their own, before the rest of their turn."""
    rendered: list[JsonObject] = []
    for message in messages:
        if message.role == "developer" and not voice.developer_role:
            message = structs.replace(message, role="system")  # noqa: PLW2901 - the same, as the endpoint says it
        if message.role == "assistant":
            rendered.append(_render_assistant(message, voice))
        elif len(message.parts) == 1 and (text := plain_text(message.parts[0])) is not None:
            value: JsonObject = {"role": message.role, "content": text}
            rendered.append(_with_name_and_extras(value, message, voice))
        else:
            rendered += _render_turn(message, voice)
    return rendered


def _render_turn(message: Message, voice: Voice) -> list[JsonObject]:
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    rendered = [_render_result(result, message, voice) for result in results]
    if message.role != "tool" and (len(results) < len(message.parts) or not results):
        others = [part for part in message.parts if not isinstance(part, ToolResult)]
        content = render_content(others, voice)
        value: JsonObject = {"role": message.role, "content": [] if content is None else content}
        rendered.append(_with_name_and_extras(value, message, voice))
    return rendered


def _render_result(result: ToolResult, message: Message, voice: Voice) -> JsonObject:
    content = render_content(result.parts, voice)
    value: JsonObject = {
        "role": "tool",
        "tool_call_id": result.call_id,
        "content": "" if content is None else content,
    }
    return _with_name_and_extras(value, message, voice) if message.role == "tool" else value


def _render_assistant(message: Message, voice: Voice) -> JsonObject:
    parts = message.parts
    value: JsonObject = {"role": "assistant"}
    said = [part for part in parts if not isinstance(part, _NOT_CONTENT) and not _is_other(part)]
    value["content"] = render_content(said, voice)
    calls = [call for part in parts if (call := _render_call(part, voice)) is not None]
    if calls:
        value["tool_calls"] = calls
    elif value["content"] is None:
        value["content"] = ""
    if len(said) < len(parts):
        _add_reasoning(value, parts, voice)
        _add_outputs(value, parts, voice)
    return _with_name_and_extras(value, message, voice)


def _is_other(part: Part) -> bool:
    return isinstance(part, Opaque) and part.kind in {CALL, DETAIL}


def _render_call(part: Part, voice: Voice) -> JsonObject | None:
    if isinstance(part, ToolCall):
        return render_call(part, same_dialect=voice.same_dialect)
    if isinstance(part, Opaque) and part.kind == CALL:
        if voice.same_dialect:
            return part.value
        voice.drop("messages.tool_calls")
    return None


def _add_reasoning(value: JsonObject, parts: Sequence[Part], voice: Voice) -> None:
    thoughts = [
        part
        for part in parts
        if isinstance(part, Reasoning) or (isinstance(part, Opaque) and part.kind == DETAIL)
    ]
    if not thoughts:
        return
    text = reasoning_text(thoughts)
    detailed = any(not (isinstance(part, Reasoning) and part.plain) for part in thoughts)
    if voice.nested_reasoning:
        if text is not None:
            value["reasoning"] = text
        if detailed:
            value["reasoning_details"] = render_details(thoughts, same_dialect=voice.same_dialect)
        return
    if voice.reasoning_field == CHUNKS:
        _add_thinking(value, thoughts, voice)
        return
    if any(isinstance(part, Opaque) or part.signature or part.data for part in thoughts):
        voice.drop("messages.reasoning_details")
    if text is None:
        return
    if voice.reasoning_field:
        value[voice.reasoning_field] = text
    else:
        voice.drop("messages.reasoning")


def _add_thinking(value: JsonObject, thoughts: Sequence[Part], voice: Voice) -> None:
    """Earlier reasoning in front of the content, as chunks of it."""
    readable = [part for part in thoughts if isinstance(part, Reasoning) and not part.data]
    if len(readable) < len(thoughts):
        voice.drop("messages.reasoning_details")
    chunks = render_thinking(readable)
    content = value["content"]
    if chunks:
        said = [{"type": "text", "text": content}] if isinstance(content, str) and content else content
        value["content"] = [*chunks, *(said if isinstance(said, list) else [])]


def _add_outputs(value: JsonObject, parts: Sequence[Part], voice: Voice) -> None:
    images = [part for part in parts if isinstance(part, ImageOutput)]
    if images:
        value["images"] = [render_image_output(image, same_dialect=voice.same_dialect) for image in images]
    for part in parts:
        if isinstance(part, Refusal):
            value["refusal"] = part.text
        elif isinstance(part, AudioOutput):
            # A provider that made the sound wants to hear of it by its id alone.
            value["audio"] = {"id": part.value["id"]} if part.value.get("id") else part.value


def _with_name_and_extras(value: JsonObject, message: Message, voice: Voice) -> JsonObject:
    if message.name is not None:
        value["name"] = message.name
    if message.extras:
        if voice.same_dialect:
            value |= message.extras
        else:
            for key in message.extras:
                voice.drop(f"messages.{key}")
    return value
