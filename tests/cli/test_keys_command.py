"""Keys from the command line: shown once, listed without their secret, revoked by id, name or the key itself."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

Run = Callable[..., Result]


def listed(run: Run) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(run("keys", "list", "--json").output)
    return rows


def test_a_new_database_has_no_keys(run: Run) -> None:
    assert listed(run) == []


def test_the_key_alone_goes_to_standard_output(run: Run) -> None:
    result = run("keys", "create", "my laptop")

    assert result.exit_code == 0
    assert result.stdout.startswith("sk-ws-v1-")
    assert len(result.stdout.strip()) == len("sk-ws-v1-") + 64
    assert "not shown again" in result.stderr


def test_a_listed_key_is_masked_and_described(run: Run) -> None:
    raw = run("keys", "create", "ci", "--management", "--expires", "2030-01-02").stdout.strip()
    plain = run("keys", "list")
    (row,) = listed(run)

    assert raw not in plain.output
    assert "\x1b" not in plain.output
    cells = plain.output.splitlines()[1].split()
    assert [cells[0], *cells[2:4]] == [str(row["hash"])[:12], "ci", "management"]
    assert cells[-2:] == ["2030-01-02", "valid"]
    assert row["expires_at"] == "2030-01-02T00:00:00+00:00"
    assert (row["name"], row["is_management"], row["origin"]) == ("ci", True, "operator")
    assert raw not in json.dumps(row)


def test_json_of_create_is_one_document_with_the_key(run: Run) -> None:
    made = json.loads(run("keys", "create", "x", "--json").stdout)

    assert made["raw_key"].startswith("sk-ws-v1-")
    assert made["hash"] == listed(run)[0]["hash"]


@pytest.mark.parametrize("how", ["id", "name", "key", "hash"])
def test_a_key_is_revoked_by_id_name_or_itself(run: Run, how: str) -> None:
    made = json.loads(run("keys", "create", "old", "--json").stdout)
    run("keys", "create", "other")
    named = {"id": made["hash"][:12], "name": "old", "key": made["raw_key"], "hash": made["hash"]}

    result = run("keys", "revoke", named[how])

    assert result.exit_code == 0
    assert made["raw_key"] not in result.output
    assert [row["name"] for row in listed(run)] == ["other"]


def test_a_name_of_two_keys_asks_for_an_id(run: Run) -> None:
    run("keys", "create", "twin")
    run("keys", "create", "twin")

    result = run("keys", "revoke", "twin")

    assert result.exit_code == 1
    assert "2 keys have this name" in result.output
    assert len(listed(run)) == 2


def test_no_such_key_is_said_without_repeating_it(run: Run) -> None:
    result = run("keys", "revoke", "sk-ws-v1-canary")

    assert result.exit_code == 1
    assert "canary" not in result.output


def test_the_prefix_is_that_of_the_settings(run: Run) -> None:
    assert run("keys", "create", "x", WAYSTATION_KEYS__PREFIX="acme-").stdout.startswith("acme-")
