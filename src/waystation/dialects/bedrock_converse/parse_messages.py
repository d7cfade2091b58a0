"""`system` and `messages` of a Converse request -> the neutral conversation. Blocks without a word of ours stay whole."""

from typing import Final

from msgspec import json, structs

from waystation.dialects.bedrock_converse.media import parse_media
from waystation.dialects.bedrock_converse.reasoning import parse_reasoning
from waystation.dialects.bedrock_converse.tools import is_servers, parse_call
from waystation.dialects.bedrock_converse.wire import (
    BLOCK,
    MEDIA_BLOCKS,
    cache_mark,
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
    Text,
    ToolResult,
    Video,
)

_TEXT_KEYS: Final = frozenset({"text"})
_RESULT_KEYS: Final = frozenset({"toolUseId", "content", "status"})
_MARKABLE: Final = (Text, Image, Audio, Video, File)


def parse_system(blocks: object) -> tuple[Message, ...]:
    """One system message of all its blocks; none where there are no blocks."""
    parts = _parse_blocks(objects_of(blocks), "system")
    return (Message("system", parts),) if parts else ()


def parse_turns(messages: object) -> tuple[Message, ...]:
    """Every turn, in order."""
    if messages is not None and not isinstance(messages, list):
        raise InvalidRequest("messages: must be a list.")
    turns = []
    for index, message in enumerate(messages or ()):
        value = object_of(message)
        role = text_of(value.get("role"))
        if role not in {"user", "assistant", "system"}:
            raise InvalidRequest(f"messages[{index}].role: must be user or assistant.")
        content = value.get("content")
        if not isinstance(content, list):
            raise InvalidRequest(f"messages[{index}].content: must be a list of blocks.")
        turns.append(Message(role, _parse_blocks(objects_of(content), f"messages[{index}].content")))
    return tuple(turns)


def _parse_blocks(blocks: list[JsonObject], where: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    for index, block in enumerate(blocks):
        if "cachePoint" in block and parts and (marked := _marked(parts[-1], cache_mark(block))) is not None:
            parts[-1] = marked
        else:
            parts.append(_parse_block(block, index, f"{where}[{index}]"))
    return tuple(parts)


def _marked(part: Part, mark: JsonObject) -> Part | None:
    """The part with a breakpoint behind it; None where it has one, or can have none."""
    if isinstance(part, ToolResult):
        last = part.parts[-1] if part.parts else None
        marked = None if last is None else _marked(last, mark)
        return None if marked is None else structs.replace(part, parts=(*part.parts[:-1], marked))
    if not isinstance(part, _MARKABLE) or part.cache_control is not None:
        return None
    return structs.replace(part, cache_control=mark)


def _parse_block(block: JsonObject, index: int, where: str) -> Part:
    if isinstance(text := block.get("text"), str):
        return Text(text, extras=rest_of(block, _TEXT_KEYS))
    if "toolUse" in block and not is_servers(object_of(block["toolUse"])):
        call = parse_call(object_of(block["toolUse"]), "")
        if call is None or not call.id:
            raise InvalidRequest(f"{where}.toolUse: needs a name and a toolUseId.")
        return call
    if "toolResult" in block and "type" not in object_of(block["toolResult"]):
        return _parse_result(object_of(block["toolResult"]), f"{where}.toolResult")
    if "reasoningContent" in block:
        return parse_reasoning(object_of(block["reasoningContent"]), index)
    for kind in MEDIA_BLOCKS:
        if kind in block:
            return parse_media(kind, block[kind])
    return Opaque(BLOCK, block)


def _parse_result(value: JsonObject, where: str) -> ToolResult | Opaque:
    call_id = text_of(value.get("toolUseId"))
    if call_id is None:
        raise InvalidRequest(f"{where}.toolUseId: must be a string.")
    if rest_of(value, _RESULT_KEYS) is not None:
        return Opaque(BLOCK, {"toolResult": value})
    parts = [_parse_result_block(block) for block in objects_of(value.get("content"))]
    return ToolResult(call_id, tuple(parts), value.get("status") == "error")


def _parse_result_block(block: JsonObject) -> Part:
    """JSON is text to us; the object rides along for this wire."""
    if "json" in block:
        return Text(json.encode(block["json"]).decode(), extras={"json": block["json"]})
    return _parse_block(block, 0, "content")
