"""Reasoning as chunks of `content`: `{"type": "thinking", "thinking": [{"type": "text", ...}], "signature"?}`.

Mistral's models speak so, wherever they are hosted. Each chunk is one details object, which goes back whole.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from waystation.operations.parts import JsonObject, Reasoning, Text

CHUNKS: Final = "content"
"""The `reasoning_field` of an endpoint that takes earlier reasoning as such chunks."""


def parse_thinking(value: JsonObject) -> Reasoning:
    """One `thinking` chunk, read generously: `thinking` may also be a string."""
    signature = value.get("signature")
    return Reasoning(
        text=_text_of(value.get("thinking")),
        signature=signature if isinstance(signature, str) and signature else None,
        index=0,
    )


def parse_chunks(content: object) -> Iterator[Text | Reasoning]:
    """What a streamed content that is a list says: text and reasoning, nothing empty; other chunks say nothing here."""
    for value in content if isinstance(content, list) else ():
        if not isinstance(value, dict):
            continue
        if value.get("type") == "thinking":
            thought = parse_thinking(value)
            if thought.text or thought.signature:
                yield thought
        elif isinstance(text := value.get("text"), str) and text:
            yield Text(text)


def render_thinking(thoughts: Sequence[Reasoning]) -> list[JsonObject]:
    """Chunks for reasoning that came earlier: what a signature covers is one chunk, all other text another.

    Text that came in pieces belongs to the signature that follows it. Signatures of other families are left out.
    """
    plain = [thought for thought in thoughts if thought.plain]
    detailed = [thought for thought in thoughts if not thought.plain]
    chunks: list[JsonObject] = []
    texts: list[str] = []
    for thought in detailed or plain:
        texts.append(thought.text or "")
        if thought.signature and thought.origin in {None, "unknown"}:
            chunks.append(_chunk("".join(texts), thought.signature))
            texts.clear()
    if rest := "".join(texts):
        chunks.append(_chunk(rest, None))
    return chunks


def _chunk(text: str, signature: str | None) -> JsonObject:
    value: JsonObject = {"type": "thinking", "thinking": [{"type": "text", "text": text}]}
    if signature is not None:
        value["signature"] = signature
    return value


def _text_of(thinking: object) -> str:
    if isinstance(thinking, str):
        return thinking
    pieces = thinking if isinstance(thinking, list) else []
    texts = [piece.get("text") for piece in pieces if isinstance(piece, dict)]
    return "".join([text for text in texts if isinstance(text, str)])
