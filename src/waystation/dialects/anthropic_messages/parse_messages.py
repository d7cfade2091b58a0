"""`system` and `messages` of a request on this wire -> the neutral conversation. Blocks without a word of ours stay whole."""

from typing import Final

from msgspec import json, structs

from waystation.codec.carried_reasoning import carried
from waystation.dialects.anthropic_messages.wire import IN_PLACE, ORIGIN, text_at
from waystation.errors import InvalidRequest
from waystation.operations.chat import Message
from waystation.operations.parts import (
    File,
    Image,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

_ROLES: Final = frozenset({"system", "user", "assistant"})
_TEXT: Final = frozenset({"type", "text", "cache_control"})
_CALL: Final = frozenset({"type", "id", "name", "input", "cache_control"})
_RESULT: Final = frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"})
_IMAGE: Final = frozenset({"type", "source", "cache_control"})
_DOCUMENT: Final = frozenset({"type", "source", "title", "cache_control"})
_SOURCE: Final = {
    "base64": frozenset({"type", "media_type", "data"}),
    "url": frozenset({"type", "url"}),
    "file": frozenset({"type", "file_id"}),
}


def parse_system(value: object) -> tuple[Message, ...]:
    """The instructions, as one message; none where there are none."""
    if value is None or value == "":
        return ()
    parts = _parts(value, "system")
    return (Message("system", parts),) if parts else ()


def parse_messages(value: object) -> tuple[Message, ...]:
    """The conversation; `InvalidRequest` names what is wrong in it."""
    if not isinstance(value, list) or not value:
        raise InvalidRequest("messages: must be a list that is not empty.")
    return tuple([_message(message, f"messages[{index}]") for index, message in enumerate(value)])


def _message(value: object, where: str) -> Message:
    if not isinstance(value, dict):
        raise InvalidRequest(f"{where}: must be an object.")
    role = text_at(value, "role")
    if role not in _ROLES:
        raise InvalidRequest(f"{where}.role: must be user or assistant.")
    parts = _parts(value.get("content"), f"{where}.content")
    return Message(role, parts, extras=IN_PLACE if role == "system" else None)


def _parts(content: object, where: str) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    if not isinstance(content, list):
        raise InvalidRequest(f"{where}: must be a string or a list.")
    parts: list[Part] = []
    for index, block in enumerate(content):
        if not isinstance(block, dict):
            raise InvalidRequest(f"{where}[{index}]: must be an object.")
        parts += _parts_of(block, f"{where}[{index}]")
    return tuple(parts)


def _parts_of(block: JsonObject, where: str) -> list[Part]:
    kind = text_at(block, "type")
    if kind is None:
        raise InvalidRequest(f"{where}.type: must be a string.")
    if kind in {"thinking", "redacted_thinking"}:
        return list(_thoughts(block, kind, where))
    return [_part(block, kind, where)]


def _part(block: JsonObject, kind: str, where: str) -> Part:
    if kind == "text":
        return Text(_required(block, "text", where), _mark(block), _rest(block, _TEXT))
    if kind == "tool_use":
        arguments = json.encode(block.get("input") or {}).decode()
        call_id, name = _required(block, "id", where), _required(block, "name", where)
        return ToolCall(call_id, name, arguments, _marked_rest(block, _CALL))
    if kind == "tool_result":
        return _result(block, where)
    return _media(block, kind) if kind in {"image", "document"} else Opaque(kind, block)


def _thoughts(block: JsonObject, kind: str, where: str) -> list[Reasoning]:
    """Claude's own thought, or what another model thought and this wire carried to the client and back."""
    if kind == "redacted_thinking":
        data = _required(block, "data", where)
        return carried(data) or [Reasoning("encrypted", data=data, origin=ORIGIN)]
    text, signature = text_at(block, "thinking"), text_at(block, "signature")
    foreign = carried(signature)
    if len(foreign) == 1:
        return [structs.replace(foreign[0], text=text)]
    return foreign or [Reasoning(text=text, signature=signature, origin=ORIGIN)]


def _result(block: JsonObject, where: str) -> ToolResult | Opaque:
    """A result; whole where it says more than we have words for. A breakpoint on it stands on its last part."""
    call_id = _required(block, "tool_use_id", where)
    content = block.get("content")
    parts = list(_parts(content, f"{where}.content")) if content is not None else []
    mark = _mark(block)
    if _rest(block, _RESULT) or (mark is not None and not (parts and isinstance(parts[-1], Text))):
        return Opaque("tool_result", block)
    if mark is not None and isinstance(last := parts[-1], Text):
        parts[-1] = Text(last.text, mark, last.extras)
    return ToolResult(call_id, tuple(parts), block.get("is_error") is True)


def _media(block: JsonObject, kind: str) -> Part:
    """An image or a document by its source; one that says more stays whole."""
    source = block.get("source")
    how = text_at(source, "type") if isinstance(source, dict) else None
    if not isinstance(source, dict) or how not in _SOURCE or source.keys() - _SOURCE[how]:
        return Opaque(kind, block)
    known = _IMAGE if kind == "image" else _DOCUMENT
    extras, mark, title = _rest(block, known), _mark(block), text_at(block, "title")
    if how == "file":
        file_id = text_at(source, "file_id")
        return Opaque(kind, block) if kind == "image" else File(None, file_id, title, mark, extras)
    url = text_at(source, "url") or f"data:{text_at(source, 'media_type')};base64,{text_at(source, 'data')}"
    if kind == "image":
        return Image(url, cache_control=mark, extras=extras)
    return File(url, filename=title, cache_control=mark, extras=extras)


def _required(block: JsonObject, key: str, where: str) -> str:
    found = text_at(block, key)
    if found is None:
        raise InvalidRequest(f"{where}.{key}: must be a string.")
    return found


def _mark(block: JsonObject) -> JsonObject | None:
    mark = block.get("cache_control")
    return mark if isinstance(mark, dict) else None


def _rest(block: JsonObject, known: frozenset[str]) -> JsonObject | None:
    return {key: item for key, item in block.items() if key not in known and item is not None} or None


def _marked_rest(block: JsonObject, known: frozenset[str]) -> JsonObject | None:
    """The rest, with the breakpoint of a block that has no field for it in the neutral form."""
    mark = _mark(block)
    rest = _rest(block, known) or {}
    return {**rest, "cache_control": mark} if mark is not None else rest or None
