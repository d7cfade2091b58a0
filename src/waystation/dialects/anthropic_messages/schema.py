"""The part of JSON Schema that this wire's constrained decoding takes. Source: Anthropic's guide to structured outputs."""

from typing import Final

from waystation.operations.parts import JsonObject

_UNKNOWN: Final = frozenset(
    {
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
        "maxItems", "uniqueItems", "minProperties", "maxProperties", "patternProperties",
    }
)  # fmt: skip
"""Keywords that the wire's constrained decoding answers with an error."""
_HOLDERS: Final = frozenset({"properties", "$defs", "definitions"})
_MAX_DEPTH: Final = 64


def restricted(schema: JsonObject, depth: int = 0) -> JsonObject:
    """The schema in the part of JSON Schema that the wire takes: objects closed, keywords it does not know left out."""
    if depth > _MAX_DEPTH:
        return schema
    kept: JsonObject = {}
    for key, value in schema.items():
        if key in _UNKNOWN or (key == "minItems" and value not in (0, 1)):
            continue
        if key in _HOLDERS and isinstance(value, dict):
            kept[key] = {name: _within(inner, depth) for name, inner in value.items()}
        else:
            kept[key] = value if key in {"enum", "const", "default", "examples"} else _within(value, depth)
    if kept.get("type") == "object" or "properties" in kept:
        kept["additionalProperties"] = False
    return kept


def _within(value: object, depth: int) -> object:
    if isinstance(value, dict):
        return restricted(value, depth + 1)
    if isinstance(value, list):
        return [_within(item, depth + 1) for item in value]
    return value
