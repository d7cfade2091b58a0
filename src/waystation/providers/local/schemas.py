"""JSON schemas as the embedded engine can enforce them, the one of a forced tool call included.

The engine answers a schema it cannot read with free text and status 200, and lets a small model write white space
until its context is full. Both are prevented here, in the schema. Knows nothing of requests.
"""

from waystation.operations.parts import JsonObject

_GRAMMAR_OPTIONS: JsonObject = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "lenient": True,  # leave out what cannot be enforced, rather than enforce nothing
}
_LONGEST_STRING = 200
_LONGEST_ARRAY = 8
_MAPS_OF_SCHEMAS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_DATA = ("const", "enum", "default", "examples", "example")
_LIMITS_A_STRING = ("maxLength", "pattern", "format", "const", "enum")


def enforceable(schema: JsonObject) -> JsonObject:
    """The caller's schema, with what the engine's grammar needs to stay on track."""
    return {**_rewrite_schema(schema, None), "x-guidance": _GRAMMAR_OPTIONS}


def tool_call_schema(tools: dict[str, JsonObject]) -> JsonObject:
    """Schema of `{name, arguments}` for one of these tools, given as name -> schema of the arguments.

    Open objects are closed and endless strings and arrays bounded: a model this small never ends them by itself.
    """
    definitions: JsonObject = {}
    calls: list[JsonObject] = []
    for index, (name, parameters) in enumerate(tools.items()):
        place = f"tool_{index}"
        definitions[place] = _rewrite_schema(parameters, f"#/$defs/{place}")
        calls.append(_call(name, {"$ref": f"#/$defs/{place}"}))
    one = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return {**one, "$defs": definitions, "x-guidance": _GRAMMAR_OPTIONS}


def _call(name: str, arguments: JsonObject) -> JsonObject:
    return {
        "type": "object",
        "properties": {"name": {"const": name}, "arguments": arguments},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def _rewrite_schema(schema: JsonObject, moved_to: str | None) -> JsonObject:
    """One schema object; `moved_to` is where a tool's schema now lies, None for the caller's own, which keeps its bounds."""
    result = {
        key: _rewrite_value(key, value, moved_to)
        for key, value in schema.items()
        if not _looks_around(key, value)
    }
    if moved_to is not None:
        _move_reference(result, moved_to)
        _bound(result)
    return result


def _rewrite_value(key: str, value: object, moved_to: str | None) -> object:
    if key in _DATA:
        return value
    if key in _MAPS_OF_SCHEMAS and isinstance(value, dict):
        return {name: _rewrite_value("", inner, moved_to) for name, inner in value.items()}
    if isinstance(value, dict):
        return _rewrite_schema(value, moved_to)
    if isinstance(value, list):
        return [_rewrite_value("", inner, moved_to) for inner in value]
    return value


def _looks_around(key: str, value: object) -> bool:
    """A `pattern` with look-around: the one keyword that makes the engine give up the whole schema, lenient or not."""
    return (
        key == "pattern" and isinstance(value, str) and any(mark in value for mark in ("(?=", "(?!", "(?<"))
    )


def _move_reference(schema: JsonObject, moved_to: str) -> None:
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        schema["$ref"] = moved_to + reference[1:]


def _bound(schema: JsonObject) -> None:
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)
    if kind == "string" and not any(key in schema for key in _LIMITS_A_STRING):
        schema["maxLength"] = _LONGEST_STRING
    if kind == "array":
        schema.setdefault("maxItems", _LONGEST_ARRAY)
