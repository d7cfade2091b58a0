"""On which line each key of a TOML text stands. Reads only text that `tomllib`, which tells no lines, already accepted."""

import re
import tomllib

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """The 1-based line of every key, table header and list element, by path; an element's index is text."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[tuple[str, ...], int] = {}
        self._elements: dict[tuple[str, ...], int] = {}

    def scan(self) -> dict[tuple[str, ...], int]:
        table: tuple[str, ...] = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._assignment(table)
            self._skip(_BLANK)
        return self._lines

    def _header(self) -> tuple[str, ...]:
        is_list = self._text.startswith("[[", self._at)
        self._at += 2 if is_list else 1
        path = self._inside_lists(self._key())
        if is_list:
            count = self._elements.get(path, -1) + 1
            self._elements[path] = count
            self._note(path)
            path = (*path, str(count))
        self._note(path)
        self._at += 2 if is_list else 1
        return path

    def _inside_lists(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """`[a.b.c]` below `[[a.b]]` speaks of the latest element of `a.b`."""
        path: tuple[str, ...] = ()
        for number, part in enumerate(key):
            path = (*path, part)
            if number < len(key) - 1 and path in self._elements:
                path = (*path, str(self._elements[path]))
        return path

    def _assignment(self, table: tuple[str, ...]) -> None:
        start = self._at
        path = (*table, *self._key())
        self._note(path, start)
        for end in range(len(table) + 1, len(path)):
            self._note(path[:end], start)
        self._at += 1
        self._value(path)

    def _key(self) -> tuple[str, ...]:
        """Parts of a dotted key; stops at what follows it."""
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            found = _STRING.match(self._text, self._at) or _BARE.match(self._text, self._at)
            if found is None:
                return tuple(parts)
            self._at = found.end()
            parts.append(_unquoted(found[0]))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _value(self, path: tuple[str, ...]) -> None:
        self._skip(_BLANK)
        if self._text.startswith("[", self._at):
            self._list(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            self._skip(_STRING if self._text[self._at] in "\"'" else _SCALAR)

    def _list(self, path: tuple[str, ...]) -> None:
        number = 0
        while self._inside("]"):
            self._note((*path, str(number)))
            self._value((*path, str(number)))
            number += 1

    def _inline_table(self, path: tuple[str, ...]) -> None:
        while self._inside("}"):
            self._assignment(path)

    def _inside(self, end: str) -> bool:
        """Step over the opening bracket or a comma; whether something stands before the end, else step over that."""
        self._skip(_BLANK)
        if self._text[self._at] != end:
            self._at += 1
            self._skip(_BLANK)
        if self._text[self._at] != end:
            return True
        self._at += 1
        return False

    def _note(self, path: tuple[str, ...], at: int | None = None) -> None:
        self._lines.setdefault(path, self._text.count("\n", 0, self._at if at is None else at) + 1)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()


def _unquoted(key: str) -> str:
    return next(iter(tomllib.loads(f"{key} = 0"))) if key[0] in "\"'" else key
