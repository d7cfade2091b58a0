"""Renewing the catalogue from the command line: which sources are read, what is refused, and the way back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from waystation.catalog.load import load_packaged
from waystation.catalog.packed import encode_packed
from web_pages import Page, Web

Run = Callable[..., Result]


@pytest.fixture
def team(folder: Path) -> Path:
    """A file that holds exactly the packaged facts, as a team would publish it."""
    path = folder / "team.json.gz"
    path.write_bytes(encode_packed(load_packaged()))
    return path


def test_without_any_source_it_says_how_to_name_one(run: Run) -> None:
    result = run("catalog", "refresh")

    assert result.exit_code == 1
    assert "catalog.sources" in result.output


def test_a_source_that_is_none_is_refused_with_a_guess(run: Run, folder: Path) -> None:
    text = "[[catalog.sources]]\nname = 'team'\nkind = 'catalog'\nlocation = 'x'\n"
    (folder / "waystation.toml").write_text(text, encoding="utf-8")

    result = run("catalog", "refresh", "--source", "taem")

    assert result.exit_code == 1
    assert result.output == 'Error: taem is no source, URL or file. Did you mean "team"?\n'


def test_a_dry_run_of_a_file_writes_nothing(run: Run, team: Path, folder: Path) -> None:
    result = run("catalog", "refresh", "--source", team.name, "--dry-run", "--json")
    report = json.loads(result.output)

    assert result.exit_code == 0
    assert report["sources"][0]["outcome"] == "changed"
    assert report["written"] is False
    assert not list((folder / "data").glob("catalog-refreshed*"))


def test_a_configured_source_is_read_and_can_be_taken_back(run: Run, team: Path, folder: Path) -> None:
    text = f"[[catalog.sources]]\nname = 'team'\nkind = 'catalog'\nlocation = '{team.name}'\n"
    (folder / "waystation.toml").write_text(text, encoding="utf-8")

    refreshed = run("catalog", "refresh")
    back = run("catalog", "rollback")

    assert refreshed.exit_code == 0
    assert "The result was written." in refreshed.output
    assert back.output == "Back to the packaged facts.\n"
    assert run("catalog", "rollback").exit_code == 1


def test_a_corrupted_file_is_refused_with_status_1(run: Run, folder: Path) -> None:
    (folder / "bad.json.gz").write_bytes(b"\x1f\x8bnot a catalogue")

    result = run("catalog", "refresh", "--source", "bad.json.gz")

    assert result.exit_code == 1
    assert "refused" in result.output
    assert "Nothing was written." in result.output


def test_a_url_is_fetched(run: Run, team: Path) -> None:
    with Web() as web:
        web.pages["/catalog"] = Page(team.read_bytes())
        result = run("catalog", "refresh", "--source", f"{web.url}/catalog", "--check", "--json")

    assert json.loads(result.output)["sources"][0]["outcome"] == "changed"


def test_a_url_that_answers_otherwise_is_refused(run: Run) -> None:
    with Web() as web:
        web.pages["/catalog"] = Page(status=503)
        result = run("catalog", "refresh", "--source", f"{web.url}/catalog")

    assert result.exit_code == 1
    assert "503" in result.output


def test_a_url_where_nobody_listens_is_refused(run: Run) -> None:
    with Web() as web:
        pass

    result = run("catalog", "refresh", "--source", f"{web.url}/catalog")

    assert result.exit_code == 1
    assert "refused" in result.output
