"""Which values follow a schema: the draft's words one by one, and where the benefit of the doubt is given."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystation.codec.json_schema import _CHECKS, follows

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NONSENSE = st.recursive(
    ANY, lambda inner: st.dictionaries(st.sampled_from([*_CHECKS, "$ref"]), inner, max_size=3), max_leaves=6
)

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}
TREE = {"$ref": "#/definitions/node", "definitions": {"node": {
    "type": "object", "required": ["value"], "properties": {
        "value": {"type": "number"}, "children": {"type": "array", "items": {"$ref": "#/definitions/node"}}}}}}  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, 3.0, 3.5),
        ({"type": "number"}, 3, True),
        ({"type": ["string", "null"]}, None, 1),
        ({"type": "boolean"}, False, 0),
        ({"enum": ["a", 1]}, 1.0, True),
        ({"const": {"a": [1]}}, {"a": [1]}, {"a": [2]}),
        ({"minimum": 2, "maximum": 4}, 2, 5),
        ({"exclusiveMinimum": 2}, 2.1, 2),
        ({"exclusiveMaximum": 2}, 1.9, 2),
        ({"multipleOf": 0.1}, 0.3, 0.35),
        ({"minLength": 2, "maxLength": 3}, "ab", "abcd"),
        ({"minItems": 1}, [1], []),
        ({"maxProperties": 1}, {"a": 1}, {"a": 1, "b": 1}),
        ({"uniqueItems": True}, [1, True], [1, 1.0]),
        ({"items": {"type": "string"}}, ["a"], ["a", 1]),
        ({"items": [{"type": "string"}], "additionalItems": False}, ["a"], ["a", 1]),
        ({"contains": {"const": 1}}, [0, 1], [0]),
        ({"propertyNames": {"maxLength": 1}}, {"a": 1}, {"ab": 1}),
        ({"dependencies": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
        ({"dependencies": {"a": {"required": ["b"]}}}, {"b": 1}, {"a": 1}),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, 2, 3),
        ({"anyOf": [{"type": "string"}, {"minimum": 5}]}, 6, 3),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, None, 3),
        (PERSON, {"name": "Ada", "age": 36}, {"name": "Ada", "height": 1}),
        (PERSON, {"name": "Ada"}, {"age": 36}),
        (PERSON, {"name": "Ada", "age": 0}, {"name": "", "age": 0}),
        (TREE, {"value": 1, "children": [{"value": 2}]}, {"value": 1, "children": [{"children": []}]}),
    ],
)
def test_a_schema_tells_good_from_bad(schema: Any, good: Any, bad: Any) -> None:
    assert follows(schema, good)
    assert not follows(schema, bad)


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "^(a+)+$"},
        {"format": "date"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#/nowhere"},
        {"type": "frobnicated"},
        {"enum": "not a list"},
        {"minimum": "1"},
        {"not": {"pattern": "x"}},
        {"x-unknown": 1},
        {"required": [["a"]]},
        {"multipleOf": 1e-320},
    ],
)
def test_what_cannot_be_judged_is_let_pass(schema: Any) -> None:
    assert follows(schema, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")


def test_a_schema_without_end_is_given_up() -> None:
    assert follows({"$ref": "#"}, 1)
    assert follows({"anyOf": [{"$ref": "#"}, {"$ref": "#"}], "type": "string"}, "a")


def test_an_open_object_takes_what_a_pattern_may_name() -> None:
    schema: Any = {"patternProperties": {"^x": {}}, "additionalProperties": False}
    assert follows(schema, {"x1": 1})


@given(st.dictionaries(st.sampled_from([*_CHECKS, "$ref"]), NONSENSE, max_size=4), ANY)
def test_no_schema_however_senseless_is_an_error(schema: Any, value: Any) -> None:
    assert follows(schema, value) in (True, False)
