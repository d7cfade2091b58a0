"""Sources named beside an answer instead of in it (`citations`, `search_results`) -> annotations, contract section 4.

Searching models list what their marks `[1]` ... refer to; nothing says where in the text that is.
"""

from typing import Final

from waystation.operations.parts import JsonObject

CITATION_KEYS: Final = frozenset({"citations", "search_results"})


def parse_citations(body: JsonObject) -> tuple[JsonObject, ...]:
    """One annotation a source, in the order of the marks; titles and excerpts where the search told them."""
    results = {
        result["url"]: result for result in _objects(body.get("search_results")) if _text(result, "url")
    }
    cited = body.get("citations")
    urls = [url for url in cited if isinstance(url, str) and url] if isinstance(cited, list) else []
    return tuple([_annotation(url, results.get(url, {})) for url in urls or map(str, results)])


def _annotation(url: str, result: JsonObject) -> JsonObject:
    citation: JsonObject = {
        "url": url,
        "title": _text(result, "title"),
        "start_index": 0,
        "end_index": 0,
    }
    if excerpt := _text(result, "snippet"):
        citation["content"] = excerpt
    return {"type": "url_citation", "url_citation": citation}


def _objects(value: object) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: JsonObject, key: str) -> str:
    text = value.get(key)
    return text if isinstance(text, str) else ""
