"""A canary in every secret place: never in a representation, a report or a refusal."""

from pathlib import Path

import pytest

from waystation.settings import MASK, SettingsError, Shown, load, show, without_credentials

CANARY = "canary-0000-not-a-real-secret"
EVERY_SECRET = f"""
[keys]
management_key = "{CANARY}"
api_key = "{CANARY}"
[storage]
database_url = "postgresql://user:{CANARY}@db/way"
valkey_url = "redis://:{CANARY}@host"
[catalog]
sources = [{{ name = "a", kind = "catalog", location = "https://user:{CANARY}@host/list?token={CANARY}&x=1" }}]
[providers.a]
api_key = ["{CANARY}", "env:CANARY"]
base_url = "http://user:{CANARY}@host/v1"
headers = {{ "X-Token" = "{CANARY}" }}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("way.toml").write_text(EVERY_SECRET, encoding="utf-8")


def rows() -> dict[str, Shown]:
    return {row.key: row for row in show(load("way.toml", {"CANARY": CANARY}))}


def test_representations_hide_every_secret() -> None:
    settings = load("way.toml", {"CANARY": CANARY, "HTTPS_PROXY": f"http://u:{CANARY}@proxy"})

    assert CANARY not in repr(settings)
    assert CANARY not in str(settings)
    assert CANARY not in f"{settings.providers} {settings.keys} {settings.storage} {settings.catalog}"
    assert settings.keys.api_key == CANARY


def test_the_report_hides_every_secret_and_keeps_the_rest() -> None:
    shown = rows()

    assert CANARY not in repr(shown)
    assert shown["keys.api_key"].value == MASK
    assert shown["keys.prefix"].value == "sk-ws-v1-"
    assert shown["providers.a.base_url"].value == f"http://{MASK}@host/v1"
    location = f"https://{MASK}@host/list?token={MASK}&x={MASK}"
    assert shown["catalog.sources"].value == [
        {"name": "a", "kind": "catalog", "location": location, "enabled": True}
    ]
    assert shown["providers.a.api_key"].origin == "way.toml:11 (CANARY)"


def test_an_empty_secret_is_shown_as_empty() -> None:
    Path("way.toml").write_text("", encoding="utf-8")

    assert rows()["keys.api_key"].value == ""


@pytest.mark.parametrize(
    "text",
    [
        f"[keys]\napi_key = ['{CANARY}']",
        f"[keys]\napi_key = {CANARY}",
        f"[keys]\napi_key = '{CANARY}",
        f"[providers.a]\napi_key = {{ x = '{CANARY}' }}",
        f"[providers.a]\nheaders = '{CANARY}'",
        f"[providers.a]\nheaders = {{ x = ['{CANARY}'] }}",
        f"[providers.a]\nbase_url = '{CANARY}'",
        f"[keys]\nprefix = '{CANARY} {CANARY}'",
    ],
)
def test_refusals_hide_the_value(text: str) -> None:
    Path("way.toml").write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        load("way.toml", {})

    assert CANARY not in caught.value.message
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None


def test_a_refused_variable_hides_its_value() -> None:
    with pytest.raises(SettingsError) as caught:
        load("way.toml", {"WAYSTATION_PROVIDERS__A__HEADERS": CANARY})

    assert CANARY not in caught.value.message


def test_a_url_without_credentials_is_left_alone() -> None:
    assert without_credentials("http://10.0.0.5:8000/v1@2") == "http://10.0.0.5:8000/v1@2"
