"""JSON schemas as Gemini takes them (`parametersJsonSchema`, `responseJsonSchema`), and its own `Schema` back to JSON schema.

References are written out, constants become enumerations, keywords that the service refuses are left out. Source: the
reference of `responseJsonSchema`, which lists the keywords it knows.
"""

from typing import Final

from waystation.dialects.gemini.wire import camel_case
from waystation.operations.parts import JsonObject

_UNSUPPORTED: Final = frozenset(
    {
        "$schema", "$id", "$comment", "$defs", "definitions", "$anchor", "examples", "discriminator", "not", "if",
        "then", "else", "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas", "dependencies",
        "unevaluatedProperties", "unevaluatedItems", "contains", "contentEncoding", "contentMediaType", "readOnly",
        "writeOnly", "deprecated", "multipleOf", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "const",
        "nullable", "allOf", "strict",
    }
)  # fmt: skip
_NAMED: Final = frozenset({"properties"})
_LISTED: Final = frozenset({"anyOf", "oneOf", "prefixItems"})
_SINGLE: Final = frozenset({"items", "additionalProperties"})
_FORMATS: Final = frozenset(
    {"date-time", "date", "time", "duration", "int32", "int64", "float", "double", "enum"}
)


def render_schema(schema: JsonObject) -> JsonObject:
    """A schema without references and unsupported keywords. What refers to itself is cut to its plain type."""
    return _clean(schema, schema, ())


def _clean(schema: JsonObject, root: JsonObject, within: tuple[str, ...]) -> JsonObject:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _resolved(schema, reference, root, within)
    cleaned: JsonObject = {}
    for key, value in schema.items():
        if key in _UNSUPPORTED or key == "$ref":
            continue
        if key in _NAMED and isinstance(value, dict):
            cleaned[key] = {name: _inner(one, root, within) for name, one in value.items()}
        elif key in _LISTED and isinstance(value, list):
            cleaned[key] = [_inner(one, root, within) for one in value]
        elif key == "items" and isinstance(value, list):
            cleaned["prefixItems"] = [_inner(one, root, within) for one in value]
        elif key in _SINGLE and isinstance(value, dict):
            cleaned[key] = _clean(value, root, within)
        elif key == "format" and not (isinstance(value, str) and value in _FORMATS):
            cleaned.setdefault("description", schema.get("description") or f"Format: {value}")
        else:
            cleaned[key] = value
    _add_merged(cleaned, schema, root, within)
    _add_constraints(cleaned, schema)
    return cleaned


def _inner(value: object, root: JsonObject, within: tuple[str, ...]) -> JsonObject:
    """A schema below; `true` and what is none allow anything."""
    return _clean(value, root, within) if isinstance(value, dict) else {}


def _resolved(schema: JsonObject, reference: str, root: JsonObject, within: tuple[str, ...]) -> JsonObject:
    """What the reference points to, with what stands beside it laid over."""
    target = _lookup(root, reference)
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    if reference in within or target is None:
        kind = (target or {}).get("type", "object")
        return {
            "type": kind,
            **{key: value for key, value in beside.items() if key in {"description", "title"}},
        }
    return _clean({**target, **beside}, root, (*within, reference))


def _lookup(root: JsonObject, reference: str) -> JsonObject | None:
    """A JSON pointer within the same schema (`#/$defs/Place`)."""
    if not reference.startswith("#"):
        return None
    found: object = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _add_merged(cleaned: JsonObject, schema: JsonObject, root: JsonObject, within: tuple[str, ...]) -> None:
    """`allOf`: everything at once, properties and required names joined."""
    parts = schema.get("allOf")
    for part in parts if isinstance(parts, list) else []:
        for key, value in _inner(part, root, within).items():
            known = cleaned.get(key)
            if isinstance(known, dict) and isinstance(value, dict):
                cleaned[key] = known | value
            elif isinstance(known, list) and isinstance(value, list):
                cleaned[key] = known + [one for one in value if one not in known]
            else:
                cleaned.setdefault(key, value)


def _add_constraints(cleaned: JsonObject, schema: JsonObject) -> None:
    """What other keywords of this wire can say instead."""
    if "const" in schema:
        cleaned.setdefault("enum", [schema["const"]])
    step = 1 if schema.get("type") == "integer" else 0
    for key, limit, direction in (
        ("exclusiveMinimum", "minimum", step),
        ("exclusiveMaximum", "maximum", -step),
    ):
        bound = schema.get(key)
        if isinstance(bound, (int, float)) and not isinstance(bound, bool):
            cleaned.setdefault(limit, bound + direction)
    kind = cleaned.get("type")
    if schema.get("nullable") is True and isinstance(kind, str):
        cleaned["type"] = [kind, "null"]


def parse_schema(schema: JsonObject) -> JsonObject:
    """Gemini's own `Schema` as JSON schema: types in lower case, `nullable` as a type."""
    parsed: JsonObject = {}
    for name, value in schema.items():
        key = camel_case(name)
        if key in _NAMED and isinstance(value, dict):
            parsed[key] = {inner: _parsed(one) for inner, one in value.items()}
        elif key in _LISTED and isinstance(value, list):
            parsed[key] = [_parsed(one) for one in value]
        elif key in _SINGLE:
            parsed[key] = _parsed(value)
        elif key == "type" and isinstance(value, str):
            parsed[key] = [value.lower(), "null"] if schema.get("nullable") is True else value.lower()
        elif key not in {"nullable", "propertyOrdering"}:
            parsed[key] = value
    return parsed


def _parsed(value: object) -> object:
    return parse_schema(value) if isinstance(value, dict) else value
