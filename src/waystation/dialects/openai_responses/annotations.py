"""Annotations of an output text -> those of contract section 4: pages by URL; files as files."""

from waystation.dialects.openai_responses.wire import index_of, text_of
from waystation.operations.parts import JsonObject


def parse_annotation(value: JsonObject, offset: int) -> JsonObject | None:
    """One annotation. `offset`: where the text it belongs to begins in the whole, in characters. None for a kind not known."""
    kind = text_of(value.get("type"))
    if kind == "url_citation":
        return {
            "type": kind,
            "url_citation": {
                "url": text_of(value.get("url")),
                "title": text_of(value.get("title")),
                "start_index": offset + index_of(value.get("start_index")),
                "end_index": offset + index_of(value.get("end_index")),
            },
        }
    identity = text_of(value.get("file_id"))
    if not identity:
        return None
    file: JsonObject = {"hash": identity, "content": []}
    name = text_of(value.get("filename"))
    if name:
        file["name"] = name
    return {"type": "file", "file": file}
