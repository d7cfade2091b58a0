"""What the structure of a request says of its task, before and beside the text: each rule multiplies chances."""

import re
from typing import Final

import numpy as np

from waystation.routing.auto.asked import Asked
from waystation.routing.auto.grams import Floats
from waystation.routing.auto.tags import TAGS

_TRACE: Final = re.compile(
    r"Traceback \(most recent call last\)|^\s+at [\w.$<>]+\(|^panic: |\berror\[E\d+\]|Segmentation fault",
    re.MULTILINE,
)
_DIFF: Final = re.compile(r"^@@ -\d|^diff --git |^\+\+\+ b/", re.MULTILINE)
_SQL: Final = re.compile(r"\b(?:SELECT\b.+\bFROM|INSERT INTO|CREATE TABLE|UPDATE \w+ SET)\b", re.DOTALL)
_TRACE_WORDS: Final = ("Traceback", " at ", "panic: ", "error[E", "Segmentation fault", "\tat ")
_DIFF_WORDS: Final = ("@@ -", "diff --git ", "+++ b/")
_SQL_WORDS: Final = ("SELECT", "INSERT INTO", "CREATE TABLE", "UPDATE ")
"""Without one of these a pattern is not looked for."""

RULES: Final[dict[str, dict[str, float]]] = {
    "tools": {"agent:tool_dispatch": 3.0, "agent:workflow_execution": 2.0, "agent:web_search": 1.5},
    "tool_result": {"agent:workflow_execution": 4.0, "agent:tool_dispatch": 2.0},
    "structured": {"data:extraction": 2.5, "classification_tagging": 2.0, "data:transformation": 1.5},
    "image_output": {"image_prompting": 20.0},
    "stack_trace": {"code:debugging": 4.0},
    "diff": {"code:review_security": 2.5, "code:debugging": 1.5},
    "sql": {"code:sql_database": 3.0},
}
"""How much likelier each finding makes a tag."""


def found(asked: Asked) -> tuple[str, ...]:
    """The rules that apply."""
    text = asked.text
    facts = (
        ("tools", asked.tools),
        ("tool_result", asked.answered),
        ("structured", asked.structured),
        ("image_output", asked.wants_image),
        ("stack_trace", _any(_TRACE_WORDS, text) and _TRACE.search(text) is not None),
        ("diff", _any(_DIFF_WORDS, text) and _DIFF.search(text) is not None),
        ("sql", _any(_SQL_WORDS, text) and _SQL.search(text) is not None),
    )
    return tuple([name for name, holds in facts if holds])


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(map(text.__contains__, words))


def weighed(likely: Floats, names: tuple[str, ...]) -> Floats:
    """The chances after the rules named, summing to 1 again."""
    if not names:
        return likely
    result = likely.copy()
    for name in names:
        for tag, factor in RULES[name].items():
            result[TAGS.index(tag)] *= factor
    total: Floats = result / np.float32(result.sum())
    return total
