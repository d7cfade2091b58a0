"""The configuration file as a layer of values, each with the line it stands on."""

import re
import tomllib
from pathlib import Path

from waystation.settings.keys import KeyPath, Layer, leaves
from waystation.settings.problem import SettingsError
from waystation.settings.toml_lines import key_lines


class TomlFile:
    """A `Source`: the file's name as the operator wrote it, and its lines."""

    is_text = False

    def __init__(self, name: str, lines: dict[KeyPath, int]) -> None:
        self._name = name
        self._lines = lines

    def origin(self, path: KeyPath) -> str:
        """`waystation.toml:12`; for a path inside a value, the nearest line known."""
        while path and path not in self._lines:
            path = path[:-1]
        return f"{self._name}:{self._lines.get(path, 1)}"


def read_file(name: str, named_by: str | None = None) -> Layer:
    """The values of the file; `named_by` is the variable that names it, for the error's sake."""
    text = _read(name, named_by)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SettingsError(f"{name}:{_line(problem, text)}: not valid TOML: {_reason(problem)}") from None
    return dict(leaves(table, TomlFile(name, key_lines(text.replace("\r\n", "\n")))))


def _read(name: str, named_by: str | None) -> str:
    where = f"{named_by}: {name}" if named_by else name
    try:
        return Path(name).expanduser().read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise SettingsError(f"{where}: cannot be read: {problem.strerror or 'unknown reason'}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{where}: not valid UTF-8") from None


def _line(problem: tomllib.TOMLDecodeError, text: str) -> int:
    found = re.search(r"at line (\d+)", str(problem))
    return int(found[1]) if found else text.count("\n") + 1


def _reason(problem: tomllib.TOMLDecodeError) -> str:
    return re.sub(r" \(at [^)]*\)$", "", str(problem))
