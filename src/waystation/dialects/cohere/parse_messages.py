"""`messages` of a request on this wire -> the neutral conversation. Documents among results stay whole."""

from typing import Final

from waystation.dialects.cohere.wire import DOCUMENT, PLAN, object_of, objects_of, text_of
from waystation.errors import InvalidRequest
from waystation.operations.chat import Message
from waystation.operations.parts import Image, JsonObject, Opaque, Part, Reasoning, Text, ToolCall, ToolResult

_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool"})


def parse_messages(value: object) -> tuple[Message, ...]:
    """The conversation; `InvalidRequest` where there is none."""
    if not isinstance(value, list) or not value:
        raise InvalidRequest("messages: must be a list that is not empty.")
    return tuple([_message(message, index) for index, message in enumerate(value)])


def _message(value: object, index: int) -> Message:
    where = f"messages[{index}]"
    if not isinstance(value, dict):
        raise InvalidRequest(f"{where}: must be an object.")
    role = text_of(value.get("role"))
    if role not in _ROLES:
        raise InvalidRequest(f"{where}.role: must be system, user, assistant or tool.")
    parts = _parts(value.get("content"), where)
    if role == "tool":
        return Message(role, (ToolResult(text_of(value.get("tool_call_id")), tuple(parts)),))
    if role == "assistant":
        plan = text_of(value.get("tool_plan"))
        if plan:
            parts.append(Reasoning(text=plan, id=PLAN))
        parts += [_call(call, where) for call in objects_of(value.get("tool_calls"))]
    return Message(role, tuple(parts))


def _parts(content: object, where: str) -> list[Part]:
    if isinstance(content, str):
        return [Text(content)] if content else []
    return [_part(block, where) for block in objects_of(content)]


def _part(block: JsonObject, where: str) -> Part:
    kind = text_of(block.get("type"))
    if kind == "text":
        return Text(text_of(block.get("text")))
    if kind == "thinking":
        return Reasoning(text=text_of(block.get("thinking")))
    if kind == "document":
        return Opaque(DOCUMENT, block)
    if kind == "image_url":
        image = block.get("image_url")
        told = {"url": image} if isinstance(image, str) else object_of(image)
        return Image(text_of(told.get("url")), text_of(told.get("detail")) or None)
    raise InvalidRequest(
        f"{where}.content: this wire has no blocks of the type {kind or 'that is not named'}."
    )


def _call(value: JsonObject, where: str) -> ToolCall:
    function = object_of(value.get("function"))
    name = text_of(function.get("name"))
    if not name:
        raise InvalidRequest(f"{where}.tool_calls: a call has no name.")
    return ToolCall(text_of(value.get("id")), name, text_of(function.get("arguments")) or "{}")
