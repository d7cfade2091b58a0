"""Renewing the catalogue from the command line: which sources are read, what is refused, and the way back."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import Result

from waystation.catalog.load import load_packaged
from waystation.catalog.packed import encode_packed

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


@contextmanager
def published(content: bytes, status: int = 200) -> Iterator[str]:
    """The URL of a server on loopback that answers every GET with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/catalog"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_url_is_fetched(run: Run, team: Path) -> None:
    with published(team.read_bytes()) as url:
        result = run("catalog", "refresh", "--source", url, "--check", "--json")

    assert json.loads(result.output)["sources"][0]["outcome"] == "changed"


def test_a_url_that_answers_otherwise_is_refused(run: Run) -> None:
    with published(b"", 503) as url:
        result = run("catalog", "refresh", "--source", url)

    assert result.exit_code == 1
    assert "503" in result.output


def test_a_url_where_nobody_listens_is_refused(run: Run) -> None:
    with published(b"") as url:
        pass

    result = run("catalog", "refresh", "--source", url)

    assert result.exit_code == 1
    assert "refused" in result.output
