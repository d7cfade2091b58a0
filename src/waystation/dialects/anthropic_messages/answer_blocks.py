"""Parts of an answer -> content blocks for a client of this wire, whoever made them.

Claude's own thoughts keep their signatures. Those of other makers travel in the same fields behind a mark
(`codec.carried_reasoning`), so that the client gives them back without knowing.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from waystation.codec.carried_reasoning import carry
from waystation.dialects.anthropic_messages.tools import input_of
from waystation.dialects.anthropic_messages.wire import ORIGIN, text_at
from waystation.operations.parts import JsonObject, Opaque, Part, Reasoning, Refusal, Text, ToolCall

DIRECT: Final[JsonObject] = {"type": "direct"}
"""The `caller` of a call that the model makes itself; the published schema demands the key."""


def render_blocks(parts: Sequence[Part], *, same_dialect: bool, thoughts: bool) -> list[JsonObject]:
    """The blocks in the order of the parts; `thoughts`: whether the client wants to see them."""
    blocks: list[JsonObject] = []
    for part in parts:
        block = _render(part, same_dialect=same_dialect, thoughts=thoughts)
        if block is not None:
            blocks.append(block)
    return blocks


def _render(part: Part, *, same_dialect: bool, thoughts: bool) -> JsonObject | None:
    match part:
        case Text():
            return text_block(part.text) | (part.extras or {} if same_dialect else {})
        case Refusal(text=text):
            return None if same_dialect else text_block(text)
        case ToolCall():
            block = call_block(part.id, part.name, part.extras if same_dialect else None)
            return block | {"input": input_of(part.arguments)}
        case Reasoning():
            return thought_block(part, same_dialect=same_dialect) if thoughts else None
        case Opaque(value=value):
            return value if same_dialect else None
        case _:
            return None  # this wire has no block for images and sound that a model makes


def text_block(text: str) -> JsonObject:
    """A text without citations."""
    return {"type": "text", "text": text, "citations": None}


def call_block(call_id: str, name: str, extras: JsonObject | None) -> JsonObject:
    """A call, its input still to be said."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": {}, "caller": DIRECT} | (extras or {})


def thought_block(part: Reasoning, *, same_dialect: bool = False) -> JsonObject:
    """A block of thinking, or a hidden one."""
    extras = part.extras or {} if same_dialect else {}
    if is_hidden(part):
        data = part.data if part.origin == ORIGIN and part.data is not None else carry([part])
        return {"type": "redacted_thinking", "data": data, **extras}
    signature = part.signature or "" if is_claudes(part) else carried_signature(part)
    return {"type": "thinking", "thinking": part.text or "", "signature": signature, **extras}


def is_hidden(part: Reasoning) -> bool:
    """Whether there is nothing to read in it."""
    return part.kind not in {"text", "summary"}


def is_claudes(part: Reasoning) -> bool:
    """Whether its signature is one that Claude made."""
    return part.origin == ORIGIN and part.kind == "text" and not part.plain


def carried_signature(part: Reasoning) -> str:
    """What stands for the signature of a thought that Claude did not make: all of it but its text."""
    return carry([structs.replace(part, text=None)])


def citation_of(annotation: JsonObject) -> JsonObject | None:
    """A page that another maker cites, in this wire's words; None for a file."""
    cited = annotation.get("url_citation")
    url = text_at(cited, "url") if isinstance(cited, dict) else None
    if not isinstance(cited, dict) or not url:
        return None
    return {
        "type": "web_search_result_location",
        "url": url,
        "title": text_at(cited, "title"),
        "cited_text": text_at(cited, "content") or "",
        "encrypted_index": "",
    }
