"""Citations of an answer's text -> annotations (contract section 4): pages by their URL, other documents as files."""

from hashlib import sha256
from typing import Final

from msgspec import json

from waystation.dialects.cohere.wire import object_of, objects_of, text_of
from waystation.operations.parts import JsonObject

_ENCODE: Final = json.Encoder(order="deterministic").encode
_TEXT: Final = "TEXT_CONTENT"


def annotations_of(citation: JsonObject, offset: int) -> list[JsonObject]:
    """One annotation for each source. `offset`: where the cited content block begins in the whole text, in characters.

    What is said of a plan or of thoughts is left out: clients look for the places in the text.
    """
    if text_of(citation.get("type")) not in {"", _TEXT}:
        return []
    start, end = _place(citation.get("start"), offset), _place(citation.get("end"), offset)
    return [
        _annotation(source, text_of(citation.get("text")), start, end)
        for source in objects_of(citation.get("sources"))
    ]


def _annotation(source: JsonObject, cited: str, start: int, end: int) -> JsonObject:
    document = object_of(source.get("document")) or object_of(source.get("tool_output"))
    identity = text_of(source.get("id"))
    url = text_of(document.get("url")) or (identity if identity.startswith(("https://", "http://")) else "")
    title, content = text_of(document.get("title")), _content(document)
    if url:
        page: JsonObject = {"url": url, "title": title, "start_index": start, "end_index": end}
        if content:
            page["content"] = content
        return {"type": "url_citation", "url_citation": page}
    file: JsonObject = {
        "hash": sha256(_ENCODE([identity, document])).hexdigest(),
        "name": title or identity,
        "content": [{"type": "text", "text": content or cited}],
    }
    return {"type": "file", "file": file}


def _content(document: JsonObject) -> str:
    """The text of a document, under whichever word the caller's tool had for it."""
    said = (
        text_of(document.get("text")) or text_of(document.get("content")) or text_of(document.get("snippet"))
    )
    if said:
        return said
    rest = {key: value for key, value in document.items() if key not in {"url", "title", "id"}}
    return _ENCODE(rest).decode() if rest else ""


def _place(value: object, offset: int) -> int:
    return offset + (value if isinstance(value, int) and not isinstance(value, bool) else 0)
