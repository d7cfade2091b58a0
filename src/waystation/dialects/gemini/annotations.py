"""Grounding and citations of a candidate -> annotations (contract section 4). Gemini counts bytes, the contract characters."""

from collections.abc import Iterator

from waystation.dialects.gemini.wire import object_of, objects_of, text_of, whole_of
from waystation.operations.parts import JsonObject


def annotations_of(text: str, grounding: list[JsonObject], citations: list[JsonObject]) -> list[JsonObject]:
    """`url_citation`s, each source and place once, in the order they came. `text` is all that the choice said."""
    found: dict[tuple[object, ...], JsonObject] = {}
    said = text.encode()
    for metadata in grounding:
        for citation in _of_grounding(text, said, metadata):
            found.setdefault(_place(citation), citation)
    for metadata in citations:
        for source in objects_of(metadata.get("citations") or metadata.get("citationSources")):
            if text_of(source.get("uri")):
                citation = _citation(source, *_span(text, said, source), None)
                found.setdefault(_place(citation), citation)
    return [{"type": "url_citation", "url_citation": citation} for citation in found.values()]


def _of_grounding(text: str, said: bytes, metadata: JsonObject) -> Iterator[JsonObject]:
    chunks = metadata.get("groundingChunks")
    sources = [_source(chunk) for chunk in chunks] if isinstance(chunks, list) else []
    used: set[int] = set()
    for support in objects_of(metadata.get("groundingSupports")):
        segment = object_of(support.get("segment"))
        start, end = _span(text, said, segment)
        indices = support.get("groundingChunkIndices")
        for index in indices if isinstance(indices, list) else []:
            source = sources[index] if isinstance(index, int) and 0 <= index < len(sources) else None
            if source is not None:
                used.add(index)
                yield _citation(source, start, end, text_of(segment.get("text")))
    for index, source in enumerate(sources):
        if source is not None and index not in used:
            yield _citation(source, 0, 0, None)


def _source(chunk: object) -> JsonObject | None:
    """What a grounding chunk points to, where that has an address: `web`, `retrievedContext`, `maps` ..."""
    for value in object_of(chunk).values():
        if isinstance(value, dict) and text_of(value.get("uri")):
            return value
    return None


def _citation(source: JsonObject, start: int, end: int, content: str | None) -> JsonObject:
    uri = text_of(source.get("uri")) or ""
    value: JsonObject = {"url": uri, "title": text_of(source.get("title")) or uri}
    if content is not None:
        value["content"] = content
    return {**value, "start_index": start, "end_index": end}


def _span(text: str, said: bytes, segment: JsonObject) -> tuple[int, int]:
    """Characters from and to. The bytes count within a part of the candidate, so the quoted words decide where they differ."""
    start = len(said[: whole_of(segment.get("startIndex"))].decode("utf-8", "ignore"))
    end = len(said[: whole_of(segment.get("endIndex"))].decode("utf-8", "ignore"))
    quoted = text_of(segment.get("text"))
    if quoted is not None and text[start:end] != quoted:
        at = text.find(quoted, start)
        at = text.find(quoted) if at < 0 else at
        if at >= 0:
            return at, at + len(quoted)
    return start, max(start, end)


def _place(citation: JsonObject) -> tuple[object, ...]:
    return citation["url"], citation["start_index"], citation["end_index"]
