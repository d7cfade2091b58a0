"""The conversation for Converse: system blocks apart, turns that alternate, tool results at the head of theirs.

Sources: `Message` and `ContentBlock` of the service model; the user guide's rules (no blank text, a document never
alone); Anthropic's (results first in the user's turn, no white space behind a prefill).
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from waystation.dialects.bedrock_converse.families import Family
from waystation.dialects.bedrock_converse.media import render_audio, render_file, render_image, render_video
from waystation.dialects.bedrock_converse.reasoning import render_reasoning
from waystation.dialects.bedrock_converse.tools import render_cache_point, render_call, tool_id
from waystation.dialects.bedrock_converse.wire import BLOCK, object_of
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

_NOTHING = "."
"""A turn that the wire wants and the caller did not make."""
_WITH_DOCUMENT = "See the attached document."


class Voice(Struct):
    """To whom we speak, and what could not be said so far."""

    family: Family
    same_dialect: bool
    dropped: list[str]
    document_names: set[str] = field(default_factory=set)

    def drop(self, name: str) -> None:
        """Note it, once."""
        if name not in self.dropped:
            self.dropped.append(name)


def render_conversation(
    messages: Sequence[Message], voice: Voice
) -> tuple[list[JsonObject], list[JsonObject]]:
    """`system` and `messages`. Instructions from any position go to `system`, in their order."""
    system: list[JsonObject] = []
    turns: list[tuple[str, list[JsonObject]]] = []
    for message in messages:
        _note_extras(message, voice)
        blocks = _blocks(message, voice)
        if message.role in {"system", "developer"}:
            system += blocks
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        elif blocks:
            turns.append((role, blocks))
    _mend(turns, voice)
    return system, [{"role": role, "content": content} for role, content in turns]


def _mend(turns: list[tuple[str, list[JsonObject]]], voice: Voice) -> None:
    """What the wire asks of the turns as a whole."""
    if turns and turns[-1][0] == "assistant":
        _trim_prefill(turns)
    if not turns or (turns[0][0] == "assistant" and voice.family.name != "claude"):
        turns.insert(0, ("user", [{"text": _NOTHING}]))
    for role, content in turns:
        if role == "user":
            content[:] = _results_first(content)
            if any("document" in block for block in content) and not any(
                "text" in block for block in content
            ):
                content.insert(_count_results(content), {"text": _WITH_DOCUMENT})


def _trim_prefill(turns: list[tuple[str, list[JsonObject]]]) -> None:
    """The last words of a prefill may not be white space."""
    content = turns[-1][1]
    text = content[-1].get("text")
    if isinstance(text, str):
        content[-1] = {**content[-1], "text": text.rstrip()}


def _results_first(content: list[JsonObject]) -> list[JsonObject]:
    """Tool results, each with the cache point behind it, before everything else."""
    results: list[JsonObject] = []
    others: list[JsonObject] = []
    current = others
    for block in content:
        if "cachePoint" not in block:
            current = results if "toolResult" in block else others
        current.append(block)
    return results + others


def _count_results(content: Sequence[JsonObject]) -> int:
    return sum(1 for block in content if "toolResult" in block)


def _note_extras(message: Message, voice: Voice) -> None:
    for key in message.extras or ():
        voice.drop(f"messages.{key}")


def _blocks(message: Message, voice: Voice) -> list[JsonObject]:
    blocks: list[JsonObject] = []
    prefix = f"{message.name}: " if message.name and message.role != "tool" else ""
    detailed = any(isinstance(part, Reasoning) and not part.plain for part in message.parts)
    for part in message.parts:
        if isinstance(part, Reasoning) and part.plain and detailed:
            continue
        if prefix and isinstance(part, Text) and part.text.strip():
            part, prefix = Text(prefix + part.text, part.cache_control), ""  # noqa: PLW2901 - the first text has the name
        block = _render_result(part, voice) if isinstance(part, ToolResult) else _render_part(part, voice)
        if block is not None:
            blocks.append(block)
            _add_cache_point(blocks, part, voice)
    return blocks


def _add_cache_point(blocks: list[JsonObject], part: Part, voice: Voice) -> None:
    """A breakpoint stands behind its block; one inside a tool's result behind the whole result."""
    marks = [
        getattr(inner, "cache_control", None)
        for inner in (part.parts if isinstance(part, ToolResult) else (part,))
    ]
    mark = next((one for one in reversed(marks) if one is not None), None)
    if mark is None:
        return
    if voice.family.cache_points:
        blocks.append(render_cache_point(mark, voice.family, voice.dropped))
    else:
        voice.drop("cache_control")


def _render_part(part: Part, voice: Voice) -> JsonObject | None:  # noqa: C901, PLR0911, PLR0912 - one line a kind of part reads best
    match part:
        case Text(text=text, extras=extras):
            return _render_text(text, extras, voice)
        case Refusal(text=text):
            return _render_text(text, None, voice)
        case Image():
            return render_image(part)
        case ImageOutput(url=url):
            return render_image(Image(url))
        case File():
            return render_file(part, voice.document_names)
        case Video():
            return render_video(part)
        case Audio():
            return render_audio(part)
        case ToolCall():
            return render_call(part)
        case Reasoning():
            block = render_reasoning(part, voice.family)
            if block is None:
                voice.drop("messages.reasoning")
            return block
        case AudioOutput(value=value):
            voice.drop("messages.audio")
            transcript = value.get("transcript")
            return _render_text(transcript, None, voice) if isinstance(transcript, str) else None
        case Opaque(kind=kind, value=value):
            if kind == BLOCK and voice.same_dialect:
                return value
            voice.drop(f"messages.{kind}")
            return None
        case _:
            return None


def _render_text(text: str, extras: JsonObject | None, voice: Voice) -> JsonObject | None:
    """A text block; nothing for a blank one, which the wire refuses."""
    if not text.strip():
        return None
    return {"text": text, **extras} if extras and voice.same_dialect else {"text": text}


def _render_result(result: ToolResult, voice: Voice) -> JsonObject:
    content: list[JsonObject] = []
    for part in result.parts:
        if isinstance(part, Text) and voice.same_dialect and part.extras and "json" in part.extras:
            content.append({"json": object_of(part.extras["json"])})
        elif (block := _render_part(part, voice)) is not None:
            content.append(block)
    value: JsonObject = {"toolUseId": tool_id(result.call_id), "content": content}
    if result.is_error:
        if voice.family.knows_result_status:
            value["status"] = "error"
        else:
            voice.drop("messages.is_error")
    return {"toolResult": value}


def automatic_cache_point(turns: Iterable[JsonObject]) -> list[JsonObject] | None:
    """Where a breakpoint for the whole prompt goes: the content of the last turn; None where it has one already."""
    last = None
    for turn in turns:
        last = turn
    content = None if last is None else last.get("content")
    if not isinstance(content, list) or not content or "cachePoint" in content[-1]:
        return None
    return content
