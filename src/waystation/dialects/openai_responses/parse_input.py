"""`input` of a request on this wire -> the neutral conversation. Items without a word of ours stay whole.

Neighbouring items of the model (thoughts, texts, calls) are one turn of it, neighbouring results one of the tools.
"""

from typing import Final

from waystation.codec.carried_reasoning import carried
from waystation.dialects.openai_responses.client_tools import (
    arguments_of_item,
    is_call,
    is_output,
    text_of_output,
)
from waystation.dialects.openai_responses.output_items import CALLS, arguments_of, thoughts_of
from waystation.dialects.openai_responses.wire import (
    CONTENT,
    ITEM,
    WHOLE,
    object_of,
    objects_of,
    rest_of,
    text_of,
)
from waystation.errors import InvalidRequest
from waystation.operations.chat import Message
from waystation.operations.parts import (
    Audio,
    File,
    Image,
    JsonObject,
    Opaque,
    Part,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

_ROLES: Final = frozenset({"system", "developer", "user", "assistant"})
_OUTPUT: Final = "function_call_output"
_RESULT_KEYS: Final = frozenset({"type", "call_id", "output"})
_MESSAGE_KEYS: Final = frozenset({"role", "content"})
_CALL_KEYS: Final = frozenset({"type", "call_id", "name", "arguments", "input"})
_TEXT_KEYS: Final = frozenset({"type", "text"})
_IMAGE_KEYS: Final = frozenset({"type", "image_url", "detail"})


def parse_input(value: object, origin: str) -> tuple[Message, ...]:
    """The conversation; `InvalidRequest` names what is wrong in it."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (Message("user", (Text(value),)),)
    if not isinstance(value, list):
        raise InvalidRequest("input: must be a string or a list.")
    messages: list[Message] = []
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise InvalidRequest(f"input[{index}]: must be an object.")
        message = _message(item, f"input[{index}]", origin)
        last = messages[-1] if messages else None
        if (
            last is not None
            and last.role == message.role
            and last.extras == message.extras
            and _joins(message)
        ):
            messages[-1] = Message(last.role, last.parts + message.parts, extras=last.extras)
        else:
            messages.append(message)
    return tuple(messages)


def _joins(message: Message) -> bool:
    return message.role in {"assistant", "tool"}


def _message(item: JsonObject, where: str, origin: str) -> Message:
    kind = text_of(item.get("type")) or "message"
    if is_call(kind):
        name, arguments = arguments_of_item(item)
        call_id = text_of(item.get("call_id")) or text_of(item.get("id"))
        return Message("assistant", (ToolCall(call_id, name, arguments, {WHOLE: item}),))
    if is_output(kind):
        return Message("tool", (_client_result(item),))
    if kind in CALLS:
        return Message("assistant", (_call(item, where),))
    if kind == "message":
        return _said(item, where)
    return _other(item, kind, where, origin)


def _other(item: JsonObject, kind: str, where: str, origin: str) -> Message:
    """What is neither said nor called: thoughts, results, and what the provider's own tools left."""
    if kind == "reasoning":
        return Message("assistant", tuple(_thoughts(item, origin)))
    if kind == _OUTPUT:
        result = ToolResult(
            text_of(item.get("call_id")),
            _result(item.get("output")),
            extras=rest_of(item, _RESULT_KEYS),
        )
        return Message("tool", (result,))
    if kind == "item_reference":
        raise InvalidRequest(f"{where}: nothing is stored here; send the item itself.")
    return Message("assistant", (Opaque(ITEM, item),))


def _said(item: JsonObject, where: str) -> Message:
    role = text_of(item.get("role"))
    if role not in _ROLES:
        raise InvalidRequest(f"{where}.role: must be system, developer, user or assistant.")
    return Message(role, _content(item.get("content")), extras=rest_of(item, _MESSAGE_KEYS))


def _client_result(item: JsonObject) -> ToolResult:
    call_id = text_of(item.get("call_id")) or text_of(item.get("id"))
    output = item.get("output")
    if item.get("type") == "custom_tool_call_output" and not isinstance(output, str):
        return ToolResult(call_id, _result(output), extras={WHOLE: item})
    text = text_of_output(item)
    return ToolResult(call_id, (Text(text),) if text else (), extras={WHOLE: item})


def _call(item: JsonObject, where: str) -> ToolCall:
    name = text_of(item.get("name"))
    if not name:
        raise InvalidRequest(f"{where}.name: must be a string.")
    return ToolCall(text_of(item.get("call_id")), name, arguments_of(item), rest_of(item, _CALL_KEYS))


def _thoughts(item: JsonObject, origin: str) -> list[Part]:
    """The details of an item; one that says nothing at all is kept whole. Another maker's are in what is sealed."""
    foreign = carried(text_of(item.get("encrypted_content")))
    if foreign:
        return list(foreign)
    return list(thoughts_of(item, origin, 0)) or [Opaque(ITEM, item)]


def _result(output: object) -> tuple[Part, ...]:
    if isinstance(output, str):
        return (Text(output),) if output else ()
    return tuple([_piece(piece) for piece in objects_of(output)])


def _content(content: object) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),)
    return tuple([_piece(piece) for piece in objects_of(content)])


def _piece(piece: JsonObject) -> Part:
    """One piece of content; whole where it says more than we have words for."""
    kind = text_of(piece.get("type"))
    if kind in {"input_text", "output_text", "text"} and isinstance(piece.get("text"), str):
        return Text(text_of(piece["text"]), extras=rest_of(piece, _TEXT_KEYS))
    if kind == "refusal":
        return Refusal(text_of(piece.get("refusal")))
    return _media(piece, kind) or Opaque(CONTENT, piece)


def _media(piece: JsonObject, kind: str) -> Part | None:
    if kind == "input_image" and piece.get("image_url") and not piece.get("file_id"):
        return Image(
            text_of(piece["image_url"]),
            text_of(piece.get("detail")) or None,
            extras=rest_of(piece, _IMAGE_KEYS),
        )
    if kind == "input_file":
        return _file(piece)
    if kind == "input_audio":
        return _audio(piece)
    if kind == "input_video" and text_of(piece.get("video_url")):
        return Video(text_of(piece["video_url"]))
    return None


def _audio(piece: JsonObject) -> Part:
    sound = object_of(piece.get("input_audio"))
    data, how = text_of(sound.get("data")), text_of(sound.get("format"))
    return Audio(data, how) if data and how else Opaque(CONTENT, piece)


def _file(piece: JsonObject) -> Part:
    if piece.keys() <= {"type", "file_id"}:
        return File(file_id=text_of(piece.get("file_id")))
    if piece.keys() <= {"type", "filename", "file_data"}:
        return File(text_of(piece.get("file_data")), filename=text_of(piece.get("filename")) or None)
    if piece.keys() <= {"type", "file_url"}:
        return File(text_of(piece.get("file_url")))
    return Opaque(CONTENT, piece)
