"""Arguments of a call that Vertex streams in pieces, each with a path (`$.place.names[0]`) and a value or more of its text."""

import re
from itertools import pairwise
from typing import Final

from waystation.dialects.gemini.wire import text_of
from waystation.operations.parts import JsonObject

_STEP: Final = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,4})\]|\['([^']*)'\]|\["([^"]*)"\]""")
_VALUES: Final = ("stringValue", "numberValue", "boolValue")


def set_partial(arguments: JsonObject, piece: JsonObject) -> None:
    """Put one piece in its place; text continues what stands there. A path that fits nothing is left out."""
    steps = _steps(text_of(piece.get("jsonPath")) or "")
    if not steps:
        return
    holder: object = arguments
    for step, following in pairwise(steps):
        holder = _descend(holder, step, [] if isinstance(following, int) else {})
    _put(holder, steps[-1], _value(piece))


def _value(piece: JsonObject) -> object:
    for name in _VALUES:
        if name in piece:
            value = piece[name]
            return int(value) if isinstance(value, float) and value.is_integer() else value
    return None


def _steps(path: str) -> list[str | int]:
    found: list[str | int] = []
    for name, index, single, double in _STEP.findall(path.removeprefix("$")):
        found.append(int(index) if index else name or single or double)
    return found


def _descend(holder: object, step: str | int, fresh: object) -> object:
    """The container at this step, made where it is missing."""
    inside = _at(holder, step)
    if isinstance(inside, (dict, list)):
        return inside
    _put(holder, step, fresh)
    return fresh


def _at(holder: object, step: str | int) -> object:
    if isinstance(holder, dict):
        return holder.get(step)
    if isinstance(holder, list) and isinstance(step, int) and step < len(holder):
        return holder[step]
    return None


def _put(holder: object, step: str | int, value: object) -> None:
    known = _at(holder, step)
    if isinstance(known, str) and isinstance(value, str):
        value = known + value
    if isinstance(holder, dict) and isinstance(step, str):
        holder[step] = value
    elif isinstance(holder, list) and isinstance(step, int):
        holder += [None] * (step + 1 - len(holder))
        holder[step] = value
