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
    assert cells[-3:] == ["none", "2030-01-02", "valid"]
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


def test_a_limit_is_shown_and_can_be_changed_and_lifted(run: Run) -> None:
    made = json.loads(
        run("keys", "create", "x", "--limit", "12.50", "--limit-reset", "weekly", "--json").stdout
    )
    assert (made["limit"], made["limit_reset"]) == (12.5, "weekly")
    assert "$12.5 weekly" in run("keys", "list").output

    raised = json.loads(run("keys", "change", "x", "--limit", "20", "--name", "y", "--json").stdout)
    assert (raised["limit"], raised["limit_reset"], raised["name"]) == (20, "weekly", "y")
    lifted = json.loads(
        run("keys", "change", "y", "--limit", "none", "--limit-reset", "never", "--json").stdout
    )
    assert (lifted["limit"], lifted["limit_reset"], lifted["hash"]) == (None, None, made["hash"])


def test_a_key_is_disabled_and_enabled(run: Run) -> None:
    run("keys", "create", "x")

    assert "disabled" in run("keys", "change", "x", "--disable").output
    assert listed(run)[0]["disabled"] is True
    run("keys", "change", "x", "--limit", "1")
    assert listed(run)[0]["disabled"] is True
    run("keys", "change", "x", "--enable")
    assert listed(run)[0]["disabled"] is False


@pytest.mark.parametrize("limit", ["-1", "much", "nan", "1e30"])
def test_what_is_no_limit_is_refused(run: Run, limit: str) -> None:
    result = run("keys", "create", "x", "--limit", limit)

    assert result.exit_code == 2
    assert "expected an amount of USD" in result.output
    assert listed(run) == []
