"""Items of a client's stream while they are being told: a message, a thought, a call. Each says its own events."""

from typing import Final, Protocol

from msgspec import json, structs

from waystation.dialects.openai_responses.annotations import render_annotation
from waystation.dialects.openai_responses.answer_items import (
    Names,
    belongs,
    function_item,
    message_item,
    reasoning_item,
    refusal_piece,
    text_piece,
    token_chances,
)
from waystation.dialects.openai_responses.wire import text_of
from waystation.operations.chat_events import Annotation, PartStart
from waystation.operations.parts import JsonObject, Reasoning

_ENCODE: Final = json.Encoder().encode


class Speaker(Protocol):
    """Who numbers the events and sends them."""

    def say(self, kind: str, **fields: object) -> None:
        """One more event."""
        ...


class OpenItem:
    """An item that is being told, at its place in the output. `rest`: what its maker said of it at the end."""

    def __init__(self, speaker: Speaker, index: int, identity: str) -> None:
        self.id = identity
        self.rest: JsonObject = {}
        self._speaker = speaker
        self._index = index

    def begin(self) -> None:
        """Say that there is one."""
        self._speaker.say("response.output_item.added", output_index=self._index, item=self._first())

    def end(self, status: str) -> JsonObject:
        """Say that it is over; the item as a whole."""
        item = self._last(status) | self.rest
        self._speaker.say("response.output_item.done", output_index=self._index, item=item)
        return item

    def _first(self) -> JsonObject:
        raise NotImplementedError

    def _last(self, status: str) -> JsonObject:
        raise NotImplementedError

    def _tell(self, kind: str, **fields: object) -> None:
        self._speaker.say(kind, item_id=self.id, output_index=self._index, **fields)


class OpenMessage(OpenItem):
    """What the model says: texts and refusals. `given_id`: the provider's own id, where it spoke this wire."""

    def __init__(self, speaker: Speaker, index: int, names: Names, given_id: str) -> None:
        super().__init__(speaker, index, names.identity("msg", given_id))
        self.given_id = given_id
        self._pieces: list[JsonObject] = []
        self._kind = ""
        self._texts: list[str] = []
        self._cited: list[JsonObject] = []
        self._chances: list[JsonObject] = []
        self._frame: tuple[bytes, bytes] | None = None

    def quick(self, text: str) -> bytes | None:
        """The frame of one more text, but for its number; None where no text is open."""
        if self._frame is None:
            return None
        self._texts.append(text)
        return self._frame[0] + _ENCODE(text).replace(b"%", b"%%") + self._frame[1]

    def text(self, text: str, logprobs: JsonObject | None = None) -> None:
        """More text."""
        if self._kind != "text":
            self._start_piece("text", text_piece(""))
        self._texts.append(text)
        chances = token_chances(logprobs)
        self._chances += chances
        self._tell(
            "response.output_text.delta", content_index=len(self._pieces), delta=text, logprobs=chances
        )

    def refusal(self, text: str) -> None:
        """More of a refusal."""
        if self._kind != "refusal":
            self._start_piece("refusal", refusal_piece(""))
        self._texts.append(text)
        self._tell("response.refusal.delta", content_index=len(self._pieces), delta=text)

    def cite(self, event: Annotation, *, same_dialect: bool) -> None:
        """A citation in the text that is open."""
        annotation = event.extras if same_dialect else render_annotation(event.value)
        if annotation is None or self._kind != "text":
            return
        self._tell(
            "response.output_text.annotation.added",
            content_index=len(self._pieces),
            annotation_index=len(self._cited),
            annotation=annotation,
        )
        self._cited.append(annotation)

    def next_piece(self) -> None:
        """What comes next is a piece of its own."""
        self._end_piece()

    def _first(self) -> JsonObject:
        return message_item(self.id, [], "in_progress")

    def _last(self, status: str) -> JsonObject:
        self._end_piece()
        return message_item(self.id, self._pieces, status)

    def _start_piece(self, kind: str, piece: JsonObject) -> None:
        self._end_piece()
        self._kind = kind
        self._tell("response.content_part.added", content_index=len(self._pieces), part=piece)
        if kind == "text":
            head = {
                "type": "response.output_text.delta",
                "item_id": self.id,
                "output_index": self._index,
                "content_index": len(self._pieces),
            }
            begin = b'data: {"sequence_number":%d,' + _ENCODE(head)[1:-1].replace(b"%", b"%%")
            self._frame = begin + b',"logprobs":[],"delta":', b"}\n\n"

    def _end_piece(self) -> None:
        kind, self._kind, self._frame = self._kind, "", None
        if not kind:
            return
        text, place = "".join(self._texts), len(self._pieces)
        if kind == "text":
            self._tell("response.output_text.done", content_index=place, text=text, logprobs=self._chances)
            piece = text_piece(text, self._cited, self._chances)
        else:
            self._tell("response.refusal.done", content_index=place, refusal=text)
            piece = refusal_piece(text)
        self._tell("response.content_part.done", content_index=place, part=piece)
        self._pieces.append(piece)
        self._texts, self._cited, self._chances = [], [], []


class OpenThought(OpenItem):
    """What the model thinks: summaries, texts, and what is sealed."""

    def __init__(self, speaker: Speaker, index: int, names: Names, first: Reasoning) -> None:
        super().__init__(speaker, index, text_of(reasoning_item([first], names)["id"]))
        self._names = names
        self._details: list[Reasoning] = []
        self._texts: list[str] = []

    def takes(self, piece: Reasoning) -> bool:
        """Whether a detail belongs here."""
        return belongs(self._details, piece)

    def think(self, piece: Reasoning) -> None:
        """One more detail, or more of the last."""
        if not self._details or not _continues(self._details[-1], piece):
            self._end_piece()
            self._details.append(structs.replace(piece, text=None))
            if piece.kind == "summary":
                self._tell(
                    "response.reasoning_summary_part.added",
                    summary_index=self._place("summary"),
                    part={"type": "summary_text", "text": ""},
                )
        elif piece.signature:
            self._details[-1] = structs.replace(self._details[-1], signature=piece.signature)
        if piece.text and piece.kind in _WORDS:
            self._texts.append(piece.text)
            word, key = _WORDS[piece.kind]
            self._tell(f"response.{word}.delta", **{key: self._place(piece.kind)}, delta=piece.text)

    def _first(self) -> JsonObject:
        return {"id": self.id, "type": "reasoning", "summary": []}

    def _last(self, status: str) -> JsonObject:
        del status
        self._end_piece()
        return reasoning_item(self._details, self._names, self.id)

    def _end_piece(self) -> None:
        if not self._details:
            return
        last, text = self._details[-1], "".join(self._texts)
        self._texts = []
        if last.kind not in _WORDS:
            return
        self._details[-1] = structs.replace(last, text=text)
        word, key = _WORDS[last.kind]
        place = {key: self._place(last.kind)}
        self._tell(f"response.{word}.done", **place, text=text)
        if last.kind == "summary":
            part = {"type": "summary_text", "text": text}
            self._tell("response.reasoning_summary_part.done", **place, part=part)

    def _place(self, kind: str) -> int:
        """Which of its kind the last detail is."""
        return sum(detail.kind == kind for detail in self._details) - 1


_WORDS: Final = {
    "summary": ("reasoning_summary_text", "summary_index"),
    "text": ("reasoning_text", "content_index"),
}
"""How the events of readable thoughts are called, and their place in the item."""


def _continues(last: Reasoning, piece: Reasoning) -> bool:
    return (
        piece.kind == last.kind
        and piece.kind in _WORDS
        and piece.index == last.index
        and piece.plain == last.plain
        and last.signature is None
    )


class OpenCall(OpenItem):
    """A call of the client's. One of a function that stands for another tool is told when its arguments are whole."""

    def __init__(
        self, speaker: Speaker, index: int, names: Names, start: PartStart, extras: JsonObject | None
    ) -> None:
        self._made = function_item(names, start.id or "", start.name or "", "", extras)
        super().__init__(speaker, index, text_of(self._made.get("id")))
        self._start = start
        self._names = names
        self._extras = {**(extras or {}), "id": self.id}
        self._waits = bool(names.kind(start.name or "")) and self._made.get("type") != "custom_tool_call"
        self._is_custom = self._made.get("type") == "custom_tool_call"
        self._is_raw = (extras or {}).get("type") == "custom_tool_call"
        self._fragments: list[str] = []

    def begin(self) -> None:
        """Only what is told as it comes is told now."""
        if not self._waits:
            super().begin()

    def arguments(self, fragment: str) -> None:
        """More of the arguments."""
        self._fragments.append(fragment)
        if self._is_raw:
            self._tell("response.custom_tool_call_input.delta", delta=fragment)
        elif not self._waits and not self._is_custom:
            self._tell("response.function_call_arguments.delta", delta=fragment)

    def _first(self) -> JsonObject:
        return self._made | {"status": "in_progress"}

    def _last(self, status: str) -> JsonObject:
        arguments = "".join(self._fragments)
        start = self._start
        item = function_item(self._names, start.id or "", start.name or "", arguments, self._extras)
        item |= {"id": self.id, "status": status}
        if self._waits:
            self._speaker.say("response.output_item.added", output_index=self._index, item=item)
        elif self._is_custom:
            given = text_of(item.get("input"))
            if not self._is_raw:
                self._tell("response.custom_tool_call_input.delta", delta=given)
            self._tell("response.custom_tool_call_input.done", input=given)
        else:
            self._tell("response.function_call_arguments.done", name=start.name or "", arguments=arguments)
        return item
