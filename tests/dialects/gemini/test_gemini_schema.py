"""JSON schemas on their way to Gemini, and its own back."""

import pytest

from recorded_exchanges import JsonObject
from waystation.dialects.gemini.schema import parse_schema, render_schema


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "string", "const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"type": "integer", "exclusiveMinimum": 1}, {"type": "integer", "minimum": 2}),
        ({"type": "number", "exclusiveMaximum": 1.5}, {"type": "number", "maximum": 1.5}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"type": "string", "format": "email"}, {"type": "string", "description": "Format: email"}),
        ({"$schema": "x", "type": "object", "patternProperties": {}}, {"type": "object"}),
        (
            {"type": "array", "items": [{"type": "string"}]},
            {"type": "array", "prefixItems": [{"type": "string"}]},
        ),
        (
            {"type": "object", "additionalProperties": False},
            {"type": "object", "additionalProperties": False},
        ),
        (
            {"type": "object", "additionalProperties": {"const": 1}},
            {"type": "object", "additionalProperties": {"enum": [1]}},
        ),
        ({"properties": {"const": {"type": "string"}}}, {"properties": {"const": {"type": "string"}}}),
        ({"properties": {"a": True}}, {"properties": {"a": {}}}),
        (
            {
                "allOf": [
                    {"properties": {"a": {}}, "required": ["a"]},
                    {"properties": {"b": {}}, "required": ["b"]},
                ]
            },
            {"properties": {"a": {}, "b": {}}, "required": ["a", "b"]},
        ),
        (
            {"anyOf": [{"$ref": "#/definitions/A"}], "definitions": {"A": {"type": "null"}}},
            {"anyOf": [{"type": "null"}]},
        ),
        ({"$ref": "https://elsewhere.example/x"}, {"type": "object"}),
    ],
)
def test_keywords(schema: JsonObject, wanted: JsonObject) -> None:
    assert render_schema(schema) == wanted


def test_what_stands_beside_a_reference_is_kept() -> None:
    schema: JsonObject = {
        "properties": {"a": {"$ref": "#/$defs/a~1b", "description": "mine"}},
        "$defs": {"a/b": {"type": "string", "description": "theirs"}},
    }

    assert render_schema(schema) == {"properties": {"a": {"type": "string", "description": "mine"}}}


def test_a_schema_of_itself_ends() -> None:
    schema: JsonObject = {
        "$ref": "#/$defs/Node",
        "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
    }

    assert render_schema(schema) == {"type": "object", "properties": {"next": {"type": "object"}}}


def test_geminis_own_schema_becomes_json_schema() -> None:
    schema: JsonObject = {
        "type": "OBJECT",
        "property_ordering": ["a"],
        "properties": {"a": {"type": "STRING", "nullable": True}, "type": {"any_of": [{"type": "NUMBER"}]}},
        "items": {"type": "INTEGER"},
    }

    assert parse_schema(schema) == {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"]}, "type": {"anyOf": [{"type": "number"}]}},
        "items": {"type": "integer"},
    }
