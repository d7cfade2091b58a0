"""`contents` and `systemInstruction` -> messages. Keys are read in camelCase and in snake_case.

Calls without an id get one from their place, and results without one answer the first open call of their function.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import json, structs

from waystation.codec.carried_reasoning import carried
from waystation.dialects.gemini.media import parse_media
from waystation.dialects.gemini.tools import arguments_text, parse_result
from waystation.dialects.gemini.wire import (
    ORIGIN,
    PART,
    SERVER_SIDE,
    camel_keys,
    object_of,
    objects_of,
    text_of,
    unknown,
)
from waystation.errors import InvalidRequest
from waystation.operations.chat import Message
from waystation.operations.parts import (
    Audio,
    AudioOutput,
    Image,
    ImageOutput,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

_ROLES: Final = {"user": "user", "model": "assistant", "function": "user", "": "user"}
_TEXT_KEYS: Final = frozenset({"text", "thoughtSignature", "thought"})


def parse_system(value: object) -> list[Message]:
    """`systemInstruction`: a content, or text alone; nothing where it says nothing."""
    if isinstance(value, str):
        return [Message("system", (Text(value),))] if value else []
    parts = objects_of(camel_keys(object_of(value)).get("parts"))
    texts: list[Part] = [Text(text) for part in parts if (text := text_of(part.get("text")))]
    return [Message("system", tuple(texts))] if texts else []


def parse_contents(value: object) -> list[Message]:
    """`contents`: a list of turns, one turn, or text alone."""
    if isinstance(value, str):
        return [Message("user", (Text(value),))]
    turns = [value] if isinstance(value, dict) else value
    if not isinstance(turns, list) or not turns:
        raise InvalidRequest("contents: must hold at least one content.")
    reader = _Conversation()
    for index, turn in enumerate(turns):
        if not isinstance(turn, dict):
            raise InvalidRequest(f"contents[{index}]: must be an object.")
        reader.add(turn, index)
    return reader.messages


class _Conversation:
    """The turns read so far, and the calls that wait for their results."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._open: list[tuple[str, str]] = []

    def add(self, turn: JsonObject, index: int) -> None:
        where = f"contents[{index}]"
        role = turn.get("role") or ""
        if not isinstance(role, str) or role not in _ROLES:
            raise InvalidRequest(f"{where}.role: must be user or model.")
        raw = turn.get("parts")
        values = [raw] if isinstance(raw, dict) else raw
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise InvalidRequest(f"{where}.parts: must be a list of objects.")
        parts: list[Part] = []
        for at, value in enumerate(values):
            parts += self._parts(camel_keys(value), f"{where}.parts[{at}]", f"call_{index}_{at}")
        if _ROLES[role] == "assistant":
            self.messages.append(Message("assistant", tuple([_made_by_model(part) for part in parts])))
        else:
            self.messages += _as_messages(parts)

    def _parts(self, value: JsonObject, where: str, made_up_id: str) -> list[Part]:  # noqa: PLR0911 - one line a kind
        signature = text_of(value.get("thoughtSignature"))
        if foreign := carried(signature):
            return [structs.replace(one, text=text_of(value.get("text")) or one.text) for one in foreign]
        if "functionCall" in value:
            call = self._call(object_of(value["functionCall"]), where, made_up_id)
            return [*_signature(signature, call.id), call]
        if "functionResponse" in value:
            return [self._result(camel_keys(object_of(value["functionResponse"])), where)]
        if SERVER_SIDE & value.keys():
            whole = json.encode(value).decode()
            return [Reasoning("encrypted", data=whole, origin=ORIGIN)]
        text = value.get("text")
        if value.get("thought") is True and (isinstance(text, str) or text is None):
            return [Reasoning(text=text or "", signature=signature, origin=ORIGIN)]
        if isinstance(text, str):
            is_bare = not text and signature is not None
            said: list[Part] = [] if is_bare else [Text(text, extras=unknown(value, _TEXT_KEYS))]
            return [*_signature(signature, None), *said]
        if "inlineData" in value or "fileData" in value:
            return [*_signature(signature, None), parse_media(value, where)]
        return [Opaque(PART, value)]

    def _call(self, call: JsonObject, where: str, made_up_id: str) -> ToolCall:
        name = text_of(call.get("name"))
        if name is None:
            raise InvalidRequest(f"{where}.functionCall.name: must be a string.")
        call_id = text_of(call.get("id")) or made_up_id
        self._open.append((call_id, name))
        return ToolCall(call_id, name, arguments_text(call.get("args")))

    def _result(self, value: JsonObject, where: str) -> ToolResult:
        text, is_error = parse_result(value.get("response"))
        parts: list[Part] = [parse_media(camel_keys(one), where) for one in objects_of(value.get("parts"))]
        if text != "{}" or not parts:
            parts.insert(0, Text(text))
        return ToolResult(self._answered(value), tuple(parts), is_error)

    def _answered(self, value: JsonObject) -> str:
        """The id of the call that this result answers."""
        call_id, name = text_of(value.get("id")), text_of(value.get("name")) or "function"
        for at, (open_id, open_name) in enumerate(self._open):
            if open_id == call_id or (call_id is None and open_name == name):
                del self._open[at]
                return open_id
        return call_id or f"call_{name}"


def _signature(signature: str | None, belongs_to: str | None) -> list[Part]:
    return [] if signature is None else [Reasoning("encrypted", data=signature, id=belongs_to, origin=ORIGIN)]


def _made_by_model(part: Part) -> Part:
    """Media in the model's own turn are what it made."""
    match part:
        case Image(url=url):
            return ImageOutput(url, part.extras)
        case Audio(data=data, format=name):
            return AudioOutput({"data": data, "format": name})
    return part


def _as_messages(parts: Sequence[Part]) -> list[Message]:
    """Results of functions are messages of their own; everything between them is the user's."""
    messages: list[Message] = []
    said: list[Part] = []
    for part in parts:
        if not isinstance(part, ToolResult):
            said.append(part)
            continue
        if said:
            messages.append(Message("user", tuple(said)))
            said = []
        messages.append(Message("tool", (part,)))
    if said:
        messages.append(Message("user", tuple(said)))
    return messages
