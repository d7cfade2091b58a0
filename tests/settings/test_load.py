"""One precedence rule, every source, and where each value came from."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from waystation.settings import SECTIONS, ProviderSettings, Settings, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(
    folder: Path,
    text: str = "",
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    (folder / "way.toml").write_text(text, encoding="utf-8")
    return load("way.toml", environment or {}, overrides)


def test_nothing_given_is_all_defaults(folder: Path) -> None:
    settings = load(None, {})

    assert settings.server.port == 8787
    assert settings.config_path is None
    assert not settings.providers
    assert set(settings.origins.values()) == {"default"}
    assert {key.partition(".")[0] for key in settings.origins} == set(SECTIONS)


def test_command_line_over_environment_over_file_over_default(folder: Path) -> None:
    text = "[server]\nhost = 'file'\nport = 1\nworkers = 2\n"
    environment = {"WAYSTATION_SERVER__PORT": "3", "WAYSTATION_SERVER__WORKERS": "4"}

    settings = configured(folder, text, environment, {"server.workers": 5, "server.host": None})

    assert settings.server.max_body_mb == 100
    assert settings.server.host == "file"
    assert settings.server.port == 3
    assert settings.server.workers == 5
    assert settings.origins["server.max_body_mb"] == "default"
    assert settings.origins["server.host"] == "way.toml:2"
    assert settings.origins["server.port"] == "WAYSTATION_SERVER__PORT"
    assert settings.origins["server.workers"] == "command line"


def test_layers_join_key_by_key_inside_one_provider(folder: Path) -> None:
    text = "[providers.my-vllm]\nbase_url = 'http://a'\nregion = 'x'\n"

    settings = configured(folder, text, {"WAYSTATION_PROVIDERS__MY_VLLM__REGION": "y"})

    assert settings.providers["my-vllm"].base_url == "http://a"
    assert settings.providers["my-vllm"].region == "y"


def test_environment_speaks_every_kind_of_value(folder: Path) -> None:
    settings = configured(
        folder,
        environment={
            "WAYSTATION_SERVER__REQUEST_TIMEOUT": "1.5",
            "WAYSTATION_SERVER__CORS_ORIGINS": '["https://a", "https://b"]',
            "WAYSTATION_ROUTING__HEALTH": "False",
            "WAYSTATION_STORAGE__DATA_DIR": "[odd]",
            "WAYSTATION_PROVIDERS__OPENAI__API_KEY": '["one", "two"]',
            "WAYSTATION_PROVIDERS__GROQ__API_KEY": "just one",
            "WAYSTATION_PROVIDERS__GROQ__HEADERS": '{"X-Team": "a"}',
            "WAYSTATION_PROVIDERS__GROQ__MODELS": '[{"id": "acme/m", "prompt": "0.000001"}]',
            "WAYSTATION_PROVIDERS__GROQ__NESTED_REASONING": "true",
            "WAYSTATION_PROVIDERS__GROQ__IDLE_TIMEOUT": "7",
        },
    )

    assert settings.server.request_timeout == 1.5
    assert settings.server.cors_origins == ("https://a", "https://b")
    assert settings.routing.health is False
    assert settings.storage.data_dir == "[odd]"
    assert settings.providers["openai"].api_keys == ("one", "two")
    groq = settings.providers["groq"]
    assert groq.api_keys == ("just one",)
    assert groq.headers == {"X-Team": "a"}
    assert groq.models[0].native_id == "acme/m"
    assert groq.nested_reasoning is True
    assert groq.idle_timeout == 7


def test_a_whole_table_is_json_and_the_specific_variable_wins(folder: Path) -> None:
    settings = configured(
        folder,
        environment={
            "WAYSTATION_SERVER": '{"port": 1, "workers": 2}',
            "WAYSTATION_SERVER__PORT": "3",
            "WAYSTATION_PROVIDERS": '{"groq": {"region": "a", "enabled": false}}',
            "WAYSTATION_PROVIDERS__GROQ": '{"region": "b"}',
        },
    )

    assert (settings.server.port, settings.server.workers) == (3, 2)
    assert (settings.providers["groq"].region, settings.providers["groq"].enabled) == ("b", False)


def test_an_empty_variable_is_not_set(folder: Path) -> None:
    settings = configured(
        folder, "[server]\nport = 1\n", {"WAYSTATION_SERVER__PORT": "", "WAYSTATION_TYPO": " "}
    )

    assert settings.server.port == 1


@pytest.mark.parametrize(
    ("variable", "slug"),
    [
        ("MY_VLLM", "my-vllm"),
        ("GOOGLE_AI_STUDIO", "google-ai-studio"),
        ("ODD_ONE", "odd_one"),
        ("V2_X", "v2.x"),
    ],
)
def test_variable_names_find_the_slug_that_is_known(folder: Path, variable: str, slug: str) -> None:
    (folder / "way.toml").write_text("[providers.odd_one]\n", encoding="utf-8")

    settings = load(
        "way.toml", {f"WAYSTATION_PROVIDERS__{variable}__REGION": "here"}, known_providers=["v2.x"]
    )

    assert settings.providers[slug].region == "here"


def test_an_empty_row_says_that_the_provider_is_wanted(folder: Path) -> None:
    assert configured(folder, "[providers.groq]\n").providers == {"groq": ProviderSettings()}


def test_rows_keep_the_order_of_the_file(folder: Path) -> None:
    settings = configured(folder, "[providers.z]\n[providers.a]\n[providers.m]\n")

    assert list(settings.providers) == ["z", "a", "m"]


def test_references_are_read_from_the_snapshot(folder: Path) -> None:
    text = "[providers.openai]\napi_key = ['env:ONE', 'plain', 'env:NONE']\nheaders = {x = 'env:ONE'}\n"

    settings = configured(folder, text, {"ONE": "first"})

    assert settings.providers["openai"].api_keys == ("first", "plain")
    assert settings.providers["openai"].headers == {"x": "first"}
    assert settings.origins["providers.openai.api_key"] == "way.toml:2 (ONE)"
    assert settings.unset == {"providers.openai.api_key": "NONE"}
    assert settings.environment == {"ONE": "first"}


def test_a_key_whose_variable_is_not_set_is_no_key(folder: Path) -> None:
    settings = configured(folder, "[providers.openai]\napi_key = 'env:OPENAI_API_KEY'\n")

    assert settings.providers["openai"].api_keys == ()
    assert settings.unset == {"providers.openai.api_key": "OPENAI_API_KEY"}


def test_the_file_is_named_by_argument_then_variable_then_found(folder: Path) -> None:
    for port, name in enumerate(["waystation.toml", "variable.toml", "argument.toml"], 1):
        (folder / name).write_text(f"[server]\nport = {port}\n", encoding="utf-8")
    environment = {"WAYSTATION_CONFIG": "variable.toml"}

    assert load("argument.toml", environment).server.port == 3
    assert load(None, environment).server.port == 2
    assert load(None, {}).server.port == 1
    assert load(None, {}).config_path == "waystation.toml"


def test_a_file_of_windows_is_read_with_the_right_lines(folder: Path) -> None:
    (folder / "way.toml").write_bytes(b"\xef\xbb\xbf[server]\r\nport = 1\r\nhost = 'a'\r\n")

    assert load("way.toml", {}).origins["server.host"] == "way.toml:3"


def test_settings_reach_another_process(folder: Path) -> None:
    settings = configured(folder, "[providers.groq]\napi_key = 'x'\n", {"A": "b"})

    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 -- our own bytes


def test_timeouts_and_prices_are_typed(folder: Path) -> None:
    text = "[[providers.v.models]]\nid = 'a/b'\nprompt = '1e-6'\ninput_cache_read = '0'\n"

    prices = configured(folder, text).providers["v"].models[0].prices()

    assert {name: str(price) for name, price in prices.items()} == {
        "prompt": "0.000001",
        "input_cache_read": "0",
    }
