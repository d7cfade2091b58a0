"""Annotations of an output text -> those of contract section 4, and back: pages by URL; files as files."""

from waystation.dialects.openai_responses.wire import index_of, object_of, text_of
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


def render_annotation(value: JsonObject) -> JsonObject | None:
    """One of ours in this wire's words; None for a kind it has none for."""
    cited = object_of(value.get("url_citation"))
    if value.get("type") == "url_citation" and cited:
        told: JsonObject = {
            "type": "url_citation",
            "url": text_of(cited.get("url")),
            "title": text_of(cited.get("title")),
            "start_index": index_of(cited.get("start_index")),
            "end_index": index_of(cited.get("end_index")),
        }
        content = text_of(cited.get("content"))
        return told | {"content": content} if content else told
    file = object_of(value.get("file"))
    if not file:
        return None
    name = text_of(file.get("name"))
    return {"type": "file_citation", "file_id": text_of(file.get("hash")), "filename": name, "index": 0}
