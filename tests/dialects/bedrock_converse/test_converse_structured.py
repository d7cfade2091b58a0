"""Which schemas the wire's own structured output takes, and how they are closed."""

import pytest

from waystation.dialects.bedrock_converse.structured import native_schema
from waystation.operations.parts import JsonObject

LEAF: JsonObject = {"type": "object", "properties": {"x": {"type": "string"}}}


def test_every_object_is_closed_and_bounds_become_hints() -> None:
    made = native_schema(
        {
            "type": "object",
            "properties": {
                "n": {"type": "integer", "minimum": 1, "maximum": 9, "description": "A digit"},
                "list": {"type": "array", "items": LEAF, "minItems": 3},
                "either": {"oneOf": [LEAF, {"type": "null"}]},
                "pattern": {"type": "string"},
            },
            "required": ["n"],
        }
    )
    closed = {**LEAF, "additionalProperties": False}
    assert made == {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "description": "A digit (minimum: 1, maximum: 9)"},
            "list": {"type": "array", "items": closed, "description": "minItems: 3"},
            "either": {"anyOf": [closed, {"type": "null"}]},
            "pattern": {"type": "string"},
        },
        "required": ["n"],
        "additionalProperties": False,
    }


def test_definitions_are_followed() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/leaf"}},
        "$defs": {"leaf": LEAF},
    }
    made = native_schema(schema)
    assert made is not None
    assert made["$defs"] == {"leaf": {**LEAF, "additionalProperties": False}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": True},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"type": "object", "properties": {"a": {"$ref": "https://schemas.test/a"}}},
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/n"}},
            "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}},
        },
        {"type": "object", "properties": {"a": {"not": {"type": "string"}}}},
        {"type": "object", "properties": {"a": {"type": "object", "patternProperties": {}}}},
    ],
)
def test_open_recursive_and_conditional_schemas_are_not_native(schema: JsonObject) -> None:
    assert native_schema(schema) is None


def test_a_schema_is_not_changed_in_place() -> None:
    schema: JsonObject = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
    native_schema(schema)
    assert schema == {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}


def test_a_schema_nested_without_end_is_not_native() -> None:
    schema = dict(LEAF)
    for _ in range(200):
        schema = {"type": "object", "properties": {"a": schema}}
    assert native_schema(schema) is None
