"""Messages -> `contents` and `systemInstruction`. Consecutive turns of one role become one.

Instructions at the beginning are the system's; later ones stay where they were said, as the user's words: moving them to the
front would change what they speak of.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from waystation.dialects.gemini.families import Family
from waystation.dialects.gemini.media import may_stand_in_result, render_media, with_extras
from waystation.dialects.gemini.model_turn import render_model_parts
from waystation.dialects.gemini.tools import render_result
from waystation.dialects.gemini.wire import PART
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

_INSTRUCTIONS: Final = frozenset({"system", "developer"})


class Voice(Struct):
    """How the target is spoken to. `names` are the functions called, by id; `dropped` what could not be said."""

    same_dialect: bool
    family: Family
    names: dict[str, str]
    dropped: list[str]

    def drop(self, name: str) -> None:
        """Note, once, what was left out."""
        if name not in self.dropped:
            self.dropped.append(name)


def function_names(messages: Sequence[Message]) -> dict[str, str]:
    """The function of every call, by the call's id: results on this wire name it."""
    return {
        part.id: part.name for message in messages for part in message.parts if isinstance(part, ToolCall)
    }


def render_contents(messages: Sequence[Message], voice: Voice) -> tuple[list[JsonObject], list[JsonObject]]:
    """`contents`, and the parts of `systemInstruction`. A request of nothing but instructions asks them as the user."""
    leading = 0
    while leading < len(messages) and messages[leading].role in _INSTRUCTIONS:
        leading += 1
    if leading == len(messages):
        leading = max(leading - 1, 0)
    system = [part for message in messages[:leading] for part in _render_parts(message, voice)]
    contents: list[JsonObject] = []
    turn: list[JsonObject] = []
    speaker = ""
    for message in messages[leading:]:
        role = "model" if message.role == "assistant" else "user"
        parts = _render_message(message, voice)
        if not parts:
            continue
        if role != speaker:
            speaker, turn = role, []
            contents.append({"role": role, "parts": turn})
        turn += parts
    return contents, system


def _render_message(message: Message, voice: Voice) -> list[JsonObject]:
    for key in message.extras or ():
        voice.drop(f"messages.{key}")
    if message.role != "assistant":
        return _render_parts(message, voice)
    parts = render_model_parts(message.parts, voice.family, same_dialect=voice.same_dialect, drop=voice.drop)
    return _with_name(parts, message)


def _render_parts(message: Message, voice: Voice) -> list[JsonObject]:
    rendered: list[JsonObject] = []
    for part in message.parts:
        rendered += _render_part(part, message, voice)
    return rendered if message.role == "tool" else _with_name(rendered, message)


def _render_part(part: Part, message: Message, voice: Voice) -> list[JsonObject]:
    if getattr(part, "cache_control", None) is not None:
        voice.drop("cache_control")
    match part:
        case Text(text=text, extras=extras):
            # Vertex refuses an empty text part; who speaks this dialect knows.
            said = with_extras({"text": text}, extras if voice.same_dialect else None)
            return [said] if text or voice.same_dialect else []
        case Refusal(text=text):
            return [{"text": text}] if text else []
        case Image() | Audio() | Video() | File():
            if isinstance(part, Image) and part.detail not in {None, "auto"}:
                voice.drop("messages.content.image_url.detail")
            return [with_extras(render_media(part), part.extras if voice.same_dialect else None)]
        case ToolResult():
            return _render_tool_result(part, message, voice)
        case Opaque(kind=kind, value=value) if kind == PART and voice.same_dialect:
            return [value]
        case Opaque(kind=kind):
            voice.drop(f"messages.content.{kind}")
        case _:
            voice.drop("messages.content")
    return []


def _with_name(parts: list[JsonObject], message: Message) -> list[JsonObject]:
    """This wire has no names: `name: ` before the first text (contract section 3)."""
    if message.name is None:
        return parts
    for at, part in enumerate(parts):
        text = part.get("text")
        if isinstance(text, str) and not part.get("thought"):
            parts[at] = {**part, "text": f"{message.name}: {text}"}
            break
    return parts


def _render_tool_result(result: ToolResult, message: Message, voice: Voice) -> list[JsonObject]:
    """`functionResponse`. Images and documents go into it where the model takes them there, else beside it."""
    text = "".join(part.text for part in result.parts if isinstance(part, Text))
    inside: list[JsonObject] = []
    beside: list[JsonObject] = []
    for part in result.parts:
        if isinstance(part, Text):
            if part.cache_control is not None:
                voice.drop("cache_control")
            continue
        for rendered in _render_part(part, message, voice):
            fits = voice.family.takes_media_in_results and may_stand_in_result(rendered)
            (inside if fits else beside).append(rendered)
    response = render_result(text, is_error=result.is_error) if text or not inside else {}
    value: JsonObject = {
        "id": result.call_id,
        "name": voice.names.get(result.call_id) or message.name or "function",
        "response": response,
    }
    if inside:
        value["parts"] = inside
    return [{"functionResponse": value}, *beside]
