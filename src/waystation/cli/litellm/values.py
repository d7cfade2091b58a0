"""Values of a configuration that somebody else wrote: asked for by name and type, absent where they are something else."""

from collections.abc import Mapping
from typing import Final

PREFIX = "os.environ/"


class Values:
    """A table of which nothing is known for sure."""

    def __init__(self, value: object) -> None:
        self._value = value if isinstance(value, Mapping) else {}

    def names(self) -> list[str]:
        """The names that have a value."""
        return [str(name) for name, value in self._value.items() if value is not None]

    def get(self, name: str) -> object:
        """Whatever stands there."""
        return self._value.get(name)

    def text(self, name: str) -> str:
        """A text; empty where there is none."""
        value = self._value.get(name)
        return value.strip() if isinstance(value, str) else ""

    def count(self, name: str) -> int | None:
        """A whole number above 0."""
        value = self._value.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None

    def inner(self, name: str) -> "Values":
        """A table in the table."""
        return Values(self._value.get(name))

    def items(self, name: str) -> list[object]:
        """A list; empty where there is none."""
        value = self._value.get(name)
        return value if isinstance(value, list) else []


def variable_of(text: str) -> str | None:
    """The variable that `os.environ/NAME` means."""
    return text.removeprefix(PREFIX).strip() or None if text.startswith(PREFIX) else None


TIMEOUTS: Final = (
    ("timeout", "total_timeout"),
    ("timeout", "answer_timeout"),
    ("stream_timeout", "first_byte_timeout"),
)
"""LiteLLM's limits of one call, and the keys here that mean the same."""


def seconds_of(value: object) -> float | None:
    """A number of seconds above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value > 0 else None
