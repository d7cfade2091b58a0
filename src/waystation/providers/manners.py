"""A provider's quirks as data: rename, drop, default, and the facts its dialect's renderer asks for. Nothing cleverer."""

import copy
from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct, field

from waystation.operations.parts import JsonObject

Effort: TypeAlias = Literal["max", "xhigh", "high", "medium", "low", "minimal", "none"]


class Manners(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a provider wants otherwise. Keys are top-level body keys, or `outer.inner` for one nested level.

    Order: `drop`, then `rename`, then `default`; so `drop` and `rename` speak of the dialect's keys, `default` of the
    provider's.
    """

    rename: dict[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    default: dict[str, object] = field(default_factory=dict)
    reasoning_field: str = "reasoning"
    nested_reasoning: bool = False
    max_tokens_field: str = "max_tokens"
    developer_role: bool = False
    efforts: tuple[Effort, ...] = ()


class Verbs:
    """The three verbs, made ready once and applied to each body."""

    __slots__ = ("_default", "_drop", "_idle", "_rename")

    def __init__(self, manners: Manners) -> None:
        self._drop = sorted(manners.drop)
        self._rename = list(manners.rename.items())
        self._default = list(manners.default.items())
        self._idle = not (self._drop or self._rename or self._default)

    def apply(self, body: JsonObject) -> list[str]:
        """Change the body in place; returns the names that were dropped."""
        if self._idle:
            return []
        dropped = [name for name in self._drop if _take(body, name) is not _ABSENT]
        for name, to in self._rename:
            value = _take(body, name)
            if value is not _ABSENT:
                _put(body, to, value)
        for name, value in self._default:
            if not any(True for _ in _holders(body, name)):
                _put(body, name, copy.deepcopy(value))
        return dropped


_ABSENT = object()


def _holders(body: JsonObject, name: str) -> Iterator[tuple[JsonObject, str]]:
    """The object that holds `name` and the key within it, if it is there."""
    outer, dot, inner = name.partition(".")
    if not dot:
        if name in body:
            yield body, name
        return
    nested = body.get(outer)
    if isinstance(nested, dict) and inner in nested:
        yield nested, inner


def _take(body: JsonObject, name: str) -> object:
    for holder, key in _holders(body, name):
        return holder.pop(key)
    return _ABSENT


def _put(body: JsonObject, name: str, value: object) -> None:
    """Set `name`; what cannot be nested because a plain value is in the way is left alone."""
    outer, dot, inner = name.partition(".")
    if not dot:
        body[name] = value
        return
    nested = body.setdefault(outer, {})
    if isinstance(nested, dict):
        nested[inner] = value
