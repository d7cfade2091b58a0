"""Every command explains itself: what it does in sentences, an example, and each option."""

import re
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result

from waystation import __version__
from waystation.cli import main

Run = Callable[..., Result]


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


EVERY = [pytest.param(path, command, id=" ".join(path) or "waystation") for path, command in commands(main)]


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_help_is_there_for_every_command(run: Run, path: tuple[str, ...], command: click.Command) -> None:
    result = run(*path, "--help")

    assert result.exit_code == 0
    assert result.output.startswith("Usage: waystation")
    assert "\x1b" not in result.output
    assert re.search(r"\n  [A-Z].*[.:]", result.output)
    if path:
        assert (command.short_help or "").endswith(".")


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_help_describes_every_option_in_a_sentence(path: tuple[str, ...], command: click.Command) -> None:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "version":
            assert re.fullmatch(r"[A-Z].*[.)]", parameter.help or "", re.DOTALL), (path, parameter.name)


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_help_of_a_command_that_does_something_shows_an_example(
    run: Run, path: tuple[str, ...], command: click.Command
) -> None:
    if not isinstance(command, click.Group):
        assert f"    waystation {' '.join(path)}" in run(*path, "--help").output


def test_version(run: Run) -> None:
    assert run("--version").output == f"waystation {__version__}\n"


def test_an_unknown_command_is_refused_with_status_2(run: Run) -> None:
    result = run("serv")

    assert result.exit_code == 2
    assert "No such command" in result.output
