"""The doctor: statuses, origins, what to do next, and no secret anywhere."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from waystation.cli.checks import Check, age_in_days, check_address, check_data_dir
from web_pages import Page, Web

Run = Callable[..., Result]
CANARY = "canary-0000-not-a-real-secret"


def test_a_gateway_with_a_key_can_serve(run: Run, folder: Path) -> None:
    result = run("doctor", OPENAI_API_KEY=CANARY)

    assert result.exit_code == 0
    assert "configuration file: none" in result.output
    assert '- Run "waystation serve".' in result.output
    assert not list(folder.iterdir())


def test_without_any_provider_it_cannot_serve_and_says_what_to_do(run: Run) -> None:
    result = run("doctor", "--json", WAYSTATION_LOCAL__ENABLED="false")
    found = json.loads(result.output)

    assert result.exit_code == 1
    assert found["can_serve"] is False
    assert found["next"][0].startswith("Set OPENAI_API_KEY or")


def test_a_wrong_configuration_is_one_plain_line_and_status_2(run: Run, folder: Path) -> None:
    (folder / "waystation.toml").write_text("[server]\nprot = 1\n", encoding="utf-8")

    result = run("doctor")

    assert result.exit_code == 2
    assert result.output == 'Error: waystation.toml:2: unknown key server.prot. Did you mean "port"?\n'


def test_a_row_of_no_known_provider_is_refused(run: Run, folder: Path) -> None:
    (folder / "waystation.toml").write_text("[providers.opnai]\napi_key = 'x'\n", encoding="utf-8")

    result = run("doctor")

    assert result.exit_code == 2
    assert "[providers.opnai]" in result.output
    assert "openai" in result.output


def test_each_value_has_its_origin(run: Run, folder: Path) -> None:
    (folder / "way.toml").write_text("[server]\nworkers = 2\n", encoding="utf-8")

    result = run("doctor", "--config", "way.toml", "--data-dir", "state", "--json")
    rows = {row["key"]: (row["value"], row["origin"]) for row in json.loads(result.output)["settings"]}

    assert rows["server.workers"] == (2, "way.toml:2")
    assert rows["server.port"] == (0, "WAYSTATION_SERVER__PORT")
    assert rows["storage.data_dir"] == ("state", "command line")
    assert rows["server.host"] == ("127.0.0.1", "default")


def test_the_file_named_by_the_variable_is_shown(run: Run, folder: Path) -> None:
    (folder / "way.toml").write_text("", encoding="utf-8")

    result = run("doctor", "--json", WAYSTATION_CONFIG="way.toml")
    found = json.loads(result.output)

    assert found["config_file"] == "way.toml"
    assert {"key": "WAYSTATION_CONFIG", "value": "way.toml", "origin": "environment"} in found["settings"]


def test_each_provider_says_where_its_key_came_from_or_what_would_give_one(run: Run, folder: Path) -> None:
    text = "[providers.groq]\napi_key = 'x'\n[providers.together]\napi_key = 'env:MY_OWN'\n"
    (folder / "waystation.toml").write_text(text, encoding="utf-8")

    result = run("doctor", "--json", OPENAI_API_KEY=CANARY)
    found = json.loads(result.output)
    providers = {row["slug"]: row for row in found["providers"]}

    assert (providers["openai"]["configured"], providers["openai"]["origin"]) == (True, "OPENAI_API_KEY")
    assert (providers["groq"]["key"], providers["groq"]["origin"]) == ("yes", "waystation.toml:2")
    assert (providers["together"]["configured"], providers["together"]["key"]) == (False, "no")
    assert "MY_OWN" in providers["together"]["origin"]
    assert "DEEPSEEK_API_KEY" in providers["deepseek"]["origin"]
    assert providers["local"]["key"] == "not needed"
    assert "Set MY_OWN, which the configuration refers to." in found["next"]


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_no_secret_is_ever_printed(run: Run, folder: Path, option: list[str]) -> None:
    text = f"""
    [keys]
    management_key = "{CANARY}-1"
    [storage]
    valkey_url = "redis://:{CANARY}@host"
    [providers.groq]
    api_key = ["{CANARY}", "env:SECOND"]
    base_url = "http://user:{CANARY}@host/v1"
    headers = {{ "X-Token" = "{CANARY}" }}
    """
    (folder / "waystation.toml").write_text(text, encoding="utf-8")

    result = run(
        "doctor",
        *option,
        OPENAI_API_KEY=CANARY,
        SECOND=CANARY,
        HTTPS_PROXY=f"http://user:{CANARY}@proxy:3128",
        WAYSTATION_KEYS__API_KEY=CANARY,
    )

    assert result.exit_code == 0
    assert "groq" in result.output
    assert "proxy:3128" in result.output
    assert CANARY not in result.output


def test_piped_output_is_plain_and_whole(run: Run) -> None:
    result = run("doctor", OPENAI_API_KEY=CANARY)

    assert "\x1b" not in result.output
    assert "…" not in result.output
    assert all(character.isascii() for character in result.output)


def test_a_broken_catalogue_file_is_a_failed_check(run: Run, folder: Path) -> None:
    (folder / "data" / "catalog.d").mkdir(parents=True)
    (folder / "data" / "catalog.d" / "mine.toml").write_text("nonsense", encoding="utf-8")

    result = run("doctor", OPENAI_API_KEY=CANARY)

    assert result.exit_code == 1
    assert "mine.toml" in result.output


def test_certificates_not_verified_is_a_warning(run: Run) -> None:
    result = run("doctor", OPENAI_API_KEY=CANARY, WAYSTATION_UPSTREAM__VERIFY="false")

    assert result.exit_code == 0
    assert "certificates not verified" in result.output


def test_a_missing_authority_file_fails(run: Run) -> None:
    result = run("doctor", OPENAI_API_KEY=CANARY, WAYSTATION_UPSTREAM__CA_FILE="absent.pem")

    assert result.exit_code == 1
    assert "absent.pem" in result.output


def test_a_data_folder_that_is_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("", encoding="utf-8")

    assert check_data_dir(tmp_path / "data" / "deeper").state == "failed"
    assert check_data_dir(tmp_path / "other" / "deeper").state == "ok"


def test_an_address_where_a_gateway_serves_is_fine() -> None:
    with Web() as web:
        web.pages["/health/live"] = Page()
        port = web.port
        assert check_address("127.0.0.1", port) == Check(
            "address", "ok", f"127.0.0.1:{port}: a gateway is serving there already"
        )


def test_an_address_that_somebody_else_holds_fails_and_names_the_remedy() -> None:
    with Web() as web:
        check = check_address("127.0.0.1", web.port)

    assert check.state == "failed"
    assert "WAYSTATION_SERVER__PORT" in (check.next or "")


def test_an_address_held_by_somebody_who_does_not_answer_fails() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        assert check_address("127.0.0.1", held.getsockname()[1]).state == "failed"


def test_age_counts_days_and_knows_when_it_does_not_know() -> None:
    assert age_in_days("") is None
    assert (age_in_days("2020-01-01T00:00:00Z") or 0) > 2000
