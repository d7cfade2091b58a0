"""Citations of a text block -> annotations (contract section 4): pages of the web by URL, documents as files."""

from hashlib import sha256

from waystation.dialects.anthropic_messages.wire import text_at
from waystation.operations.parts import JsonObject


def parse_citation(value: object, start: int, end: int) -> JsonObject | None:
    """One annotation. `start` and `end` are where the cited text block stands in the whole text, in characters."""
    if not isinstance(value, dict):
        return None
    quoted = text_at(value, "cited_text")
    url = text_at(value, "url") or text_at(value, "source")
    if url:
        cited: JsonObject = {
            "url": url,
            "title": text_at(value, "title") or "",
            "start_index": start,
            "end_index": end,
        }
        if quoted:
            cited["content"] = quoted
        return {"type": "url_citation", "url_citation": cited}
    title = text_at(value, "document_title")
    identity = f"{value.get('document_index')} {title or ''}"
    file: JsonObject = {"hash": sha256(identity.encode()).hexdigest()}
    if title:
        file["name"] = title
    file["content"] = [{"type": "text", "text": quoted}] if quoted else []
    return {"type": "file", "file": file}
