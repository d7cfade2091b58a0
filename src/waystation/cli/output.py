"""How results are printed: tables in colour on a terminal, aligned plain text when piped, JSON when asked for."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
import msgspec

from waystation.settings import read_environment

Progress = Callable[[str, float | None], None]
"""A line for people, and how far a long step is (0 to 100) where known."""

Rows = Sequence[Sequence[str]]


def is_terminal() -> bool:
    """Whether a person reads this."""
    return sys.stdout.isatty()


def is_colourful() -> bool:
    """Whether a person reads this who has not asked for plain text (NO_COLOR, any value)."""
    return is_terminal() and not read_environment().get("NO_COLOR")


def print_json(value: object) -> None:
    """One JSON document with indentation, and nothing else."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def as_text(value: object) -> str:
    """A value for a table's cell: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def print_heading(text: str) -> None:
    """The title of what follows."""
    click.echo()
    click.echo(click.style(text, bold=True) if is_colourful() else text)


def print_table(columns: Sequence[str], rows: Rows) -> None:
    """Rows under their columns; nothing is cut off when piped."""
    if is_terminal():
        _print_rich_table(columns, rows)
        return
    widths = [max(len(row[at]) for row in (columns, *rows)) for at in range(len(columns))]
    for row in (columns, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@contextmanager
def progress() -> Iterator[Progress]:
    """Show how a long step goes: a bar on a terminal, else a line for each tenth."""
    if is_terminal():
        with _rich_progress() as show:
            yield show
    else:
        yield _LineProgress()


def _print_rich_table(columns: Sequence[str], rows: Rows) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text.from_ansi(cell, style=_STYLES.get(cell, "")) for cell in row))
    Console().print(table)


_STYLES = {"ok": "green", "yes": "green", "warning": "yellow", "failed": "bold red", "default": "dim"}


@contextmanager
def _rich_progress() -> Iterator[Progress]:
    from rich.progress import Progress as Bar

    with Bar() as bar:
        task = bar.add_task("starting", total=100)

        def show(message: str, percent: float | None = None) -> None:
            bar.update(task, description=message, completed=percent)

        yield show


class _LineProgress:
    """Says a message once, and then each tenth of the way."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    def __call__(self, message: str, percent: float | None = None) -> None:
        tenth = (message, int((percent or 0) // 10))
        if tenth != self._last:
            self._last = tenth
            click.echo(message if percent is None else f"{message} ({percent:.0f} %)")
