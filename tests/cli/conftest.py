"""A clean environment, an empty working directory, and a way to run a command as if piped."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from waystation.cli import main
from waystation.settings import read_environment

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty working directory; of the environment only what a program needs to run is left."""
    for name in read_environment().keys() - {"PATH", "HOME", "PYTHONPATH"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WAYSTATION_SERVER__PORT", "0")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run() -> Run:
    """`run("doctor", "--json", OPENAI_API_KEY="x")`."""

    def invoke(*arguments: str, **variables: str) -> Result:
        return CliRunner().invoke(main, arguments, env=variables, prog_name="waystation")

    return invoke
