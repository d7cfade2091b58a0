"""Structured output: `outputConfig` where model and schema allow it, else a tool of ours that the model must call.

The wire's own form takes a part of JSON Schema: every object closed, no recursion, no bounds. Bounds are moved into the
description, as hints; a schema that needs more is asked for by the tool.
Source: Amazon Bedrock user guide, "Get validated JSON results from models".
"""

from typing import Final

from msgspec import json

from waystation.dialects.bedrock_converse.families import Family
from waystation.dialects.bedrock_converse.wire import ANSWER_TOOL, object_of, text_of
from waystation.errors import InvalidRequest
from waystation.operations.chat import ResponseFormat
from waystation.operations.parts import JsonObject

_BOUNDS: Final = frozenset(
    {
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems",
        "uniqueItems", "minProperties", "maxProperties", "pattern",
    }
)  # fmt: skip
_MAPS: Final = ("properties", "$defs", "definitions")
_LISTS: Final = ("anyOf", "allOf", "oneOf", "prefixItems")
_UNSAYABLE: Final = frozenset(
    {"patternProperties", "not", "if", "unevaluatedProperties", "$dynamicRef", "$recursiveRef"}
)
_DEPTH: Final = 64


class _UnsayableError(Exception):
    """The wire's part of JSON Schema cannot express this."""


def native_schema(schema: JsonObject) -> JsonObject | None:
    """The schema as the wire takes it; None where that would change what it allows."""
    try:
        return _closed(schema, 0) if not _is_recursive(schema) else None
    except _UnsayableError:
        return None


def _closed(schema: JsonObject, depth: int) -> JsonObject:
    if depth > _DEPTH or not schema.keys().isdisjoint(_UNSAYABLE):
        raise _UnsayableError
    made: JsonObject = {}
    hints: list[str] = []
    for key, value in schema.items():
        if key in _BOUNDS or (key == "minItems" and value not in (0, 1)):
            hints.append(f"{key}: {json.encode(value).decode()}")
        elif key in _MAPS and isinstance(value, dict):
            made[key] = {name: _sub(item, depth) for name, item in value.items()}
        elif key in _LISTS and isinstance(value, list):
            made["anyOf" if key == "oneOf" else key] = [_sub(item, depth) for item in value]
        elif key == "items":
            made[key] = _sub(value, depth)
        elif key != "additionalProperties":
            made[key] = value
    _close(made, schema)
    if hints:
        told = text_of(made.get("description"))
        made["description"] = f"{told} ({', '.join(hints)})" if told else ", ".join(hints)
    return made


def _close(made: JsonObject, schema: JsonObject) -> None:
    """Every object says `additionalProperties: false`; one that is meant to be open cannot be said."""
    kind = schema.get("type")
    is_object = kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema
    if not is_object:
        return
    if schema.get("additionalProperties", False) is not False or not schema.get("properties"):
        raise _UnsayableError
    made["additionalProperties"] = False


def _sub(value: object, depth: int) -> object:
    return _closed(value, depth + 1) if isinstance(value, dict) else value


def _is_recursive(schema: JsonObject) -> bool:
    """True where a definition leads to itself, or a reference leads out of the schema."""
    definitions = {
        f"#/{key}/{name}": item for key in _MAPS[1:] for name, item in object_of(schema.get(key)).items()
    }
    uses = {name: _references(item) for name, item in definitions.items()}
    known = _references(schema)
    if not known <= definitions.keys():
        return True
    for name in definitions:
        reached: set[str] = set()
        waiting = [name]
        while waiting:
            for used in uses.get(waiting.pop(), set()) - reached:
                reached.add(used)
                waiting.append(used)
        if name in reached:
            return True
    return False


def _references(value: object) -> set[str]:
    """Every `$ref` in here."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            reference = item.get("$ref")
            if isinstance(reference, str):
                found.add(reference)
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return found


def render_output_config(wanted: ResponseFormat, schema: JsonObject) -> JsonObject:
    """`outputConfig` for a schema that the wire takes."""
    definition: JsonObject = {"schema": json.encode(schema).decode()}
    if wanted.name is not None:
        definition["name"] = wanted.name
    if wanted.description is not None:
        definition["description"] = wanted.description
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": definition}}}


def parse_output_config(value: object) -> ResponseFormat | None:
    """`outputConfig` as a response format; None where it asks for none."""
    form = object_of(object_of(value).get("textFormat"))
    definition = object_of(object_of(form.get("structure")).get("jsonSchema"))
    told = text_of(definition.get("schema"))
    if told is None:
        return None
    try:
        schema = json.decode(told, type=dict[str, object])
    except (ValueError, RecursionError):
        raise InvalidRequest(
            "outputConfig.textFormat.structure.jsonSchema.schema: must be a JSON object."
        ) from None
    name, description = text_of(definition.get("name")), text_of(definition.get("description"))
    return ResponseFormat("json_schema", name, schema, None, description)


def answer_tool(wanted: ResponseFormat) -> JsonObject:
    """The tool whose input is the answer."""
    schema = wanted.schema or {"type": "object"}
    if "type" not in schema:
        schema = {"type": "object", **schema}
    description = "Give the final answer to the user, as the input of this tool."
    if wanted.description:
        description = f"{description} {wanted.description}"
    return {"toolSpec": {"name": ANSWER_TOOL, "description": description, "inputSchema": {"json": schema}}}


def fits_native(wanted: ResponseFormat, family: Family, listed: frozenset[str]) -> JsonObject | None:
    """The schema to send in `outputConfig`; None where the answer tool has to do."""
    if not family.has_native_schema or (listed and "structured_outputs" not in listed):
        return None
    return None if wanted.schema is None else native_schema(wanted.schema)
