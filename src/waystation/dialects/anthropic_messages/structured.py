"""Structured answers on this wire: natively where the model has them, else by a forced tool, else by asking in words."""

from typing import Final

from msgspec import json

from waystation.dialects.anthropic_messages.tools import answer_tool
from waystation.dialects.anthropic_messages.wire import ANSWER_TOOL
from waystation.operations.chat import ResponseFormat
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


def add_structured_output(
    body: JsonObject, wanted: ResponseFormat, *, native: bool, dropped: list[str]
) -> None:
    """Ask for JSON. `native`: the endpoint has structured outputs."""
    if wanted.kind in {"grammar", "python"}:
        dropped.append("response_format")
    elif wanted.kind == "json_schema" and wanted.schema is not None:
        if native:
            config = body.get("output_config")
            shape: JsonObject = {"type": "json_schema", "schema": restricted(wanted.schema)}
            body["output_config"] = (config if isinstance(config, dict) else {}) | {"format": shape}
        elif "tools" not in body and "thinking" not in body and _is_object(wanted.schema):
            body["tools"] = [answer_tool(wanted)]
            body["tool_choice"] = {"type": "tool", "name": ANSWER_TOOL}
        else:
            dropped.append("structured_outputs")
            schema = json.encode(wanted.schema).decode()
            _instruct(body, f"Answer with JSON that matches this schema, and nothing else: {schema}")
    elif wanted.kind == "json_object":
        _instruct(body, "Answer with one JSON object, and nothing else.")


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


def _is_object(schema: JsonObject) -> bool:
    return schema.get("type", "object") == "object"


def _instruct(body: JsonObject, text: str) -> None:
    system = body.get("system")
    body["system"] = [*(system if isinstance(system, list) else []), {"type": "text", "text": text}]
