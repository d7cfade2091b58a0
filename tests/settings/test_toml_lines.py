"""The line scanner against texts that `tomllib` accepts: every key it knows has a line, and the right one."""

import tomllib
from collections.abc import Iterator

import pytest

from waystation.settings.toml_lines import key_lines

AWKWARD = r'''
# a comment = 1
title = "a # b = c"          # trailing
"quoted key" = 'x = "y"'
"dotted".inner.'most' = 1
"\u00e9t\U000000e9" = true

text = """
[not.a.table]
a = 1 \""" still inside """
raw = \'\'\'
b = """
\'\'\'
quotes = """two quotes at the end"""""
when = 1979-05-27 07:32:00
list = [ # comment ]
  [1, 2], # ] ,
  ["]", '[',
   "x"],
  { a = [1, { b = 2 }], c = "}" },
]
empty = []
none = {}

[ spaced . "out" ]
x = 1
[[many]]
a = 1
  [many.sub]
  b = 2
  [[many.sub.deep]]
  c = 3
[[many]]
  [many.sub]
  b = 4
'''.replace("\\'", "'")


def paths(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from paths(inner, (*path, str(number)))


def test_every_key_of_an_awkward_text_has_a_line() -> None:
    lines = key_lines(AWKWARD)
    implied = {("spaced",)}

    assert set(paths(tomllib.loads(AWKWARD))) - implied == set(lines)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("title",), "title ="),
        (("dotted", "inner", "most"), '"dotted".inner'),
        (("raw",), "raw ="),
        (("when",), "when ="),
        (("list", "1"), '  ["]", '),
        (("list", "2", "a", "1", "b"), "  { a = [1"),
        (("spaced", "out"), "[ spaced"),
        (("many", "0", "sub", "deep", "0", "c"), "  c = 3"),
        (("many", "1", "sub", "b"), "  b = 4"),
    ],
)
def test_the_line_is_the_one_where_the_key_stands(path: tuple[str, ...], text: str) -> None:
    line = key_lines(AWKWARD)[path]

    assert AWKWARD.splitlines()[line - 1].startswith(text)


def test_no_text_has_no_lines() -> None:
    assert key_lines("") == {}
