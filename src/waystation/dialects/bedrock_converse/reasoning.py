"""Reasoning on this wire: `reasoningContent` blocks in both directions, signatures and redacted bytes untouched.

Redacted reasoning is a text of base64 digits to the one who made it, and a blob of that text here: ours is the maker's,
so that the details may travel between both.
"""

import base64
import binascii
import re
from typing import Final

from waystation.dialects.bedrock_converse.families import Family
from waystation.dialects.bedrock_converse.wire import BLOCK, CLAUDE_FORMAT, object_of, text_of
from waystation.operations.parts import JsonObject, Opaque, Reasoning

_RAW: Final = "base64:"
"""Before a blob that is not the text we know; a colon is no digit of base64."""
_DIGITS: Final = re.compile(rb"[A-Za-z0-9+/_=-]+")
_UNSAID: Final = frozenset({"unknown", None})
"""Origins of signed reasoning whose client lost the word."""


def parse_reasoning(value: JsonObject, index: int) -> Reasoning | Opaque:
    """A `reasoningContent` block, number `index` in its message. Only Claude signs."""
    redacted = text_of(value.get("redactedContent"))
    if redacted is not None:
        return redacted_part(redacted, index)
    told = object_of(value.get("reasoningText"))
    text, signature = told.get("text"), text_of(told.get("signature"))
    if not isinstance(text, str) and signature is None:
        return Opaque(BLOCK, {"reasoningContent": value})
    return Reasoning(
        text=text if isinstance(text, str) else "",
        signature=signature,
        origin=CLAUDE_FORMAT if signature is not None else None,
        index=index,
    )


def redacted_part(blob: str, index: int) -> Reasoning:
    """Redacted reasoning from its blob; Claude's begins with the same field, so that its origin shows."""
    data = _text_of_blob(blob)
    return Reasoning(
        kind="encrypted", data=data, origin=CLAUDE_FORMAT if data[0] == "E" else None, index=index
    )


def _text_of_blob(blob: str) -> str:
    try:
        inner = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        return _RAW + blob
    if _DIGITS.fullmatch(inner) is None or base64.b64encode(inner).decode() != blob:
        return _RAW + blob
    return inner.decode()


def blob_of_text(text: str) -> str:
    """The blob of redacted reasoning, as it came."""
    if text.startswith(_RAW):
        return text.removeprefix(_RAW)
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def render_reasoning(part: Reasoning, family: Family) -> JsonObject | None:
    """A block for a turn of the history; None where the model wants none: its own, signed or redacted, byte for byte."""
    mine = family.reasoning_format
    if not mine or (part.origin != mine and part.origin not in _UNSAID):
        return None
    if part.kind == "text" and part.signature is not None:
        told = {"reasoningText": {"text": part.text or "", "signature": part.signature}}
        return {"reasoningContent": told}
    if part.kind == "encrypted" and part.data is not None and part.origin == mine:
        return {"reasoningContent": {"redactedContent": blob_of_text(part.data)}}
    return None
