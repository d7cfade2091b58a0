"""Whether a JSON value follows a JSON Schema (draft 7), for judging tool calls and never for refusing one.

Generous where it cannot be sure: `pattern` and `format` are not looked at, since a caller's regular expression could
take for ever over a model's text; unknown words, broken schemas and remote references allow everything; a schema that
takes more than `STEPS` steps is taken to be followed. What would turn generosity into its opposite (`not`, `if`, the
"exactly" of `oneOf`) is let pass. Source: the JSON Schema draft 7 validation vocabulary.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from waystation.operations.parts import JsonObject

STEPS: Final = 2000
"""Schemas applied to one value, at most."""

Check: TypeAlias = "Callable[[Follower, object, object, JsonObject], bool]"


def follows(schema: JsonObject, value: object) -> bool:
    """Whether a decoded value is what the schema describes."""
    follower = Follower(schema)
    try:
        return follower.follows(schema, value)
    except (_TooMuchError, RecursionError, ArithmeticError, TypeError, ValueError):
        return True  # too much of it, or a schema that makes no sense


class _TooMuchError(Exception):
    """More steps than a tool call is worth."""


class Follower:
    """One look at one value; knows the root for references, and how much was done."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._left = STEPS

    def follows(self, schema: object, value: object) -> bool:
        """Whether the value follows a schema or a part of one."""
        self._left -= 1
        if self._left < 0:
            raise _TooMuchError
        if not isinstance(schema, dict):
            return schema is not False
        if isinstance(schema.get("$ref"), str):
            return self.follows(self._referred(schema["$ref"]), value)
        for word, said in schema.items():
            check = _CHECKS.get(word)
            if check is not None and not check(self, said, value, schema):
                return False
        return True

    def _referred(self, reference: str) -> object:
        """What a reference inside the document points at; anything is allowed where it points elsewhere."""
        if not reference.startswith("#"):
            return True
        found: object = self._root
        for step in reference[1:].split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(name, True)
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                return True
        return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return _is_number(value) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


_TYPES: Final[Mapping[str, Callable[[object], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": _is_whole,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _type(_: Follower, said: object, value: object, __: JsonObject) -> bool:
    names = said if isinstance(said, list) else [said]
    known = [_TYPES[name] for name in names if isinstance(name, str) and name in _TYPES]
    return not known or any(fits(value) for fits in known)


def _same(one: object, other: object) -> bool:
    """Equality of JSON, where 1 is 1.0 and not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return one == other


def _enum(_: Follower, said: object, value: object, __: JsonObject) -> bool:
    return not isinstance(said, list) or any(_same(one, value) for one in said)


def _const(_: Follower, said: object, value: object, __: JsonObject) -> bool:
    return _same(said, value)


def _limit(size: Callable[[object], float | None], fits: Callable[[float, float], bool]) -> Check:
    def check(_: Follower, said: object, value: object, __: JsonObject) -> bool:
        measured = size(value)
        return measured is None or not isinstance(said, int | float) or fits(measured, said)

    return check


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _length(kind: type) -> Callable[[object], float | None]:
    def size(value: object) -> float | None:
        return len(value) if isinstance(value, kind) and isinstance(value, str | list | dict) else None

    return size


def _is_multiple(value: float, of: float) -> bool:
    if of <= 0:
        return True
    quotient = value / of
    return abs(quotient - round(quotient)) < 1e-9


def _unique(_: Follower, said: object, value: object, __: JsonObject) -> bool:
    if said is not True or not isinstance(value, list) or len(value) > 100:
        return True
    return not any(_same(one, other) for place, one in enumerate(value) for other in value[:place])


def _required(_: Follower, said: object, value: object, __: JsonObject) -> bool:
    return not isinstance(value, dict) or not isinstance(said, list) or all(name in value for name in said)


def _properties(follower: Follower, said: object, value: object, _: JsonObject) -> bool:
    if not isinstance(value, dict) or not isinstance(said, dict):
        return True
    return all(follower.follows(said[name], one) for name, one in value.items() if name in said)


def _additional(follower: Follower, said: object, value: object, schema: JsonObject) -> bool:
    """Names that a pattern may cover are let pass."""
    if not isinstance(value, dict) or schema.get("patternProperties"):
        return True
    known = schema.get("properties")
    named = known if isinstance(known, dict) else {}
    return all(follower.follows(said, one) for name, one in value.items() if name not in named)


def _names(follower: Follower, said: object, value: object, _: JsonObject) -> bool:
    return not isinstance(value, dict) or all(follower.follows(said, name) for name in value)


def _dependencies(follower: Follower, said: object, value: object, _: JsonObject) -> bool:
    if not isinstance(value, dict) or not isinstance(said, dict):
        return True
    asked = (needed for name, needed in said.items() if name in value)
    return all(
        all(name in value for name in needed) if isinstance(needed, list) else follower.follows(needed, value)
        for needed in asked
    )


def _items(follower: Follower, said: object, value: object, schema: JsonObject) -> bool:
    if not isinstance(value, list):
        return True
    if not isinstance(said, list):
        return all(follower.follows(said, one) for one in value)
    rest = schema.get("additionalItems", True)
    return all(map(follower.follows, said, value)) and all(
        follower.follows(rest, one) for one in value[len(said) :]
    )


def _contains(follower: Follower, said: object, value: object, _: JsonObject) -> bool:
    return not isinstance(value, list) or any(follower.follows(said, one) for one in value)


def _all_of(follower: Follower, said: object, value: object, _: JsonObject) -> bool:
    return not isinstance(said, list) or all(follower.follows(one, value) for one in said)


def _any_of(follower: Follower, said: object, value: object, _: JsonObject) -> bool:
    return not isinstance(said, list) or any(follower.follows(one, value) for one in said)


_CHECKS: Final[Mapping[str, Check]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "minimum": _limit(_number, lambda value, bound: value >= bound),
    "maximum": _limit(_number, lambda value, bound: value <= bound),
    "exclusiveMinimum": _limit(_number, lambda value, bound: value > bound),
    "exclusiveMaximum": _limit(_number, lambda value, bound: value < bound),
    "multipleOf": _limit(_number, _is_multiple),
    "minLength": _limit(_length(str), lambda value, bound: value >= bound),
    "maxLength": _limit(_length(str), lambda value, bound: value <= bound),
    "minItems": _limit(_length(list), lambda value, bound: value >= bound),
    "maxItems": _limit(_length(list), lambda value, bound: value <= bound),
    "minProperties": _limit(_length(dict), lambda value, bound: value >= bound),
    "maxProperties": _limit(_length(dict), lambda value, bound: value <= bound),
    "uniqueItems": _unique,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "dependencies": _dependencies,
    "items": _items,
    "contains": _contains,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _any_of,
}
