"""Plain where nobody looks, coloured on a terminal."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from waystation.cli.output import as_text, print_json, print_table, progress
from waystation.settings import read_environment

Run = Callable[..., Result]


def test_a_piped_table_is_aligned_and_has_no_trailing_space(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "bbb"), [("long cell", "x"), ("y", "")])

    assert capsys.readouterr().out == "a          bbb\nlong cell  x\ny\n"


def test_an_empty_table_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [])

    assert capsys.readouterr().out == "a  b\n"


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1, None]})

    assert capsys.readouterr().out == '{\n  "a": [\n    1,\n    null\n  ]\n}\n'


def test_cells_show_text_as_it_is_and_the_rest_as_json() -> None:
    assert [as_text(value) for value in ("x", True, ["*"], None)] == ["x", "true", '["*"]', "null"]


def test_piped_progress_says_each_tenth_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as show:
        show("looking", None)
        for percent in range(25):
            show("downloading", float(percent))

    assert capsys.readouterr().out.splitlines() == [
        "looking",
        "downloading (0 %)",
        "downloading (10 %)",
        "downloading (20 %)",
    ]


def on_a_terminal(*command: str, folder: Path, **variables: str) -> str:
    """What the program prints when its standard output is a terminal."""
    ours, theirs = pty.openpty()
    environment = read_environment() | {"TERM": "xterm", "COLUMNS": "200"} | variables
    with subprocess.Popen(
        [sys.executable, *command],
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=environment,
    ) as process:
        os.close(theirs)
        chunks = []
        try:
            while chunk := os.read(ours, 65536):
                chunks.append(chunk)
        except OSError:
            pass  # the end of a terminal is an error on Linux
        finally:
            os.close(ours)
    assert process.returncode == 0
    return b"".join(chunks).decode()


def test_a_terminal_gets_colours(folder: Path) -> None:
    assert "\x1b[" in on_a_terminal("-m", "waystation", "catalog", "status", folder=folder)


def test_the_auto_routers_choice_is_in_colour_on_a_terminal_alone(folder: Path) -> None:
    command = ("-m", "waystation", "auto", "--all", "Hello there")
    coloured = on_a_terminal(*command, folder=folder)
    assert coloured.startswith("\x1b[32m\x1b[1m"), "the model, green and bold"
    assert "\x1b[1;36mconversational_reply" in coloured, "the task, cyan"

    assert "\x1b[3" not in on_a_terminal(*command, folder=folder, NO_COLOR="1")
    piped = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=folder, check=True)
    assert "\x1b" not in piped.stdout


def test_the_module_runs_as_the_command_and_is_plain_when_piped(folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "waystation", "--help"], capture_output=True, text=True, cwd=folder, check=True
    )

    assert result.stdout.startswith("Usage: waystation ")
    assert "\x1b" not in result.stdout


def test_a_bar_shows_the_progress_on_a_terminal(folder: Path) -> None:
    program = "from waystation.cli.output import progress\nwith progress() as show: show('downloading', 50)"

    assert "downloading" in on_a_terminal("-c", program, folder=folder)


def test_help_imports_nothing_slow(folder: Path) -> None:
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom waystation.cli import main\n"
        "CliRunner().invoke(main, ['doctor', '--help'])\n"
        "slow = {'rich', 'sqlalchemy', 'litestar', 'asyncio', 'alembic'} & sys.modules.keys()\n"
        "print(sorted(slow))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=folder, check=True
    )

    assert result.stdout == "[]\n"


def test_local_status_agrees_with_its_exit_status(run: Run) -> None:
    result = run("local", "status", "--json")

    assert ('"ready": true' in result.output) == (result.exit_code == 0)
    assert run("local", "status").exit_code == result.exit_code


def test_serve_refuses_a_wrong_option_and_a_wrong_file(run: Run, folder: Path) -> None:
    assert run("serve", "--port", "x").exit_code == 2
    result = run("serve", "--config", "absent.toml")

    assert result.exit_code == 2
    assert result.output == "Error: absent.toml: cannot be read: No such file or directory\n"
