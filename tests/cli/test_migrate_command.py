"""Migrations from the command line, and what the doctor says of the database."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_check_changes_nothing_and_ends_with_1(run: Run, folder: Path) -> None:
    result = run("migrate", "--check")

    assert result.exit_code == 1
    assert "pending migrations: 0001" in result.output
    assert not (folder / "data").exists()


def test_migrate_makes_the_database_and_then_has_nothing_to_do(run: Run, folder: Path) -> None:
    first = json.loads(run("migrate", "--json").output)
    second = run("migrate")

    assert first["applied"][0] == "0001"
    assert first["pending"] == []
    assert (folder / "data" / "waystation.db").exists()
    assert second.exit_code == 0
    assert second.output.endswith(f"revision {first['revision']}, current\n")
    assert run("migrate", "--check").exit_code == 0


def test_the_doctor_knows_a_database_that_is_not_made_and_one_that_is_current(run: Run) -> None:
    before = run("doctor", OPENAI_API_KEY="fake")
    run("migrate")
    after = run("doctor", OPENAI_API_KEY="fake")

    assert "waystation.db will be made on the first start" in before.output
    assert "current" in after.output


def test_a_database_that_cannot_be_read_fails_the_doctor(run: Run, folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "waystation.db").write_bytes(b"this is not a database, however it is called" * 50)

    result = run("doctor", OPENAI_API_KEY="fake")

    assert result.exit_code == 1
    assert "cannot be read" in result.output


def test_a_url_of_no_database_is_refused_without_repeating_it(run: Run) -> None:
    result = run("migrate", WAYSTATION_STORAGE__DATABASE_URL="mysql://user:canary@host/x")

    assert result.exit_code == 2
    assert "canary" not in result.output
