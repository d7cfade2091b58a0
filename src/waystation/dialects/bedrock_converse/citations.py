"""Citations of an answer -> annotations (contract section 4), which want an address.

A cited document of the request has none: it is named by its number, as `document:0#page=1`, with its name as the title.
"""

from typing import Final

from waystation.dialects.bedrock_converse.wire import object_of, objects_of, text_of, whole_of
from waystation.operations.parts import JsonObject

_PLACES: Final = {
    "documentPage": ("document", "documentIndex", "page"),
    "documentChar": ("document", "documentIndex", "char"),
    "documentChunk": ("document", "documentIndex", "chunk"),
    "searchResultLocation": ("search-result", "searchResultIndex", "block"),
}
"""Kinds of location: what is cited, the field with its number, and the unit of `start`."""


def annotation_of(citation: JsonObject, start: int, end: int) -> JsonObject | None:
    """A `url_citation` over the characters `start` to `end` of the choice's text; None where it tells no source."""
    location = object_of(citation.get("location"))
    web = object_of(location.get("web"))
    url = text_of(web.get("url")) or _address(citation.get("source")) or _place(location)
    if url is None:
        return None
    cited: JsonObject = {
        "url": url,
        "title": text_of(citation.get("title")) or text_of(web.get("domain")) or url,
        "start_index": start,
        "end_index": end,
    }
    texts = [text_of(one.get("text")) or "" for one in objects_of(citation.get("sourceContent"))]
    if any(texts):
        cited["content"] = "".join(texts)
    return {"type": "url_citation", "url_citation": cited}


def _address(source: object) -> str | None:
    text = text_of(source)
    return text if text is not None and "://" in text else None


def _place(location: JsonObject) -> str | None:
    for kind, (what, number, unit) in _PLACES.items():
        if kind in location:
            place = object_of(location[kind])
            return f"{what}:{whole_of(place.get(number))}#{unit}={whole_of(place.get('start'))}"
    return None
