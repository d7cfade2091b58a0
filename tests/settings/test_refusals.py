"""What is refused names its place, says what was expected, and guesses what was meant."""

from pathlib import Path

import pytest

from waystation.settings import SettingsError, load


def refusal(
    text: str, environment: dict[str, str] | None = None, overrides: dict[str, object] | None = None
) -> str:
    Path("way.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load("way.toml", environment or {}, overrides)
    return caught.value.message


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sever]\nport = 1", 'way.toml:1: unknown section sever. Did you mean "server"?'),
        ("\n[server]\n\nprot = 1", 'way.toml:4: unknown key server.prot. Did you mean "port"?'),
        ("server = 3", "way.toml:1: server: expected a table"),
        ("[server]\nport = 'x'", "way.toml:2: server.port: expected a whole number, got text"),
        ("[server]\nport = true", "way.toml:2: server.port: expected a whole number, got true or false"),
        ("[server]\nport = 70000", "way.toml:2: server.port: expected a whole number <= 65535"),
        ("[server]\nrequest_timeout = 0", "way.toml:2: server.request_timeout: expected a number > 0.0"),
        (
            "[server]\nrequest_timeout = inf",
            "way.toml:2: server.request_timeout: expected a number <= 604800.0",
        ),
        ("[server]\nrequest_timeout = nan", "way.toml:2: server.request_timeout: expected a number > 0.0"),
        ("[server]\nworkers = '2'", "way.toml:2: server.workers: expected a whole number, got text"),
        ("[server]\nport =", "way.toml:2: not valid TOML: Invalid value"),
        ("[server]\nport = 1\nport = 2", "way.toml:3: not valid TOML: Cannot overwrite a value"),
        (
            "[routing]\norder = 'prize'",
            (
                'way.toml:2: routing.order: "prize" is none of weighted, price, throughput, latency, listed.'
                ' Did you mean "price"?'
            ),
        ),
        ("[routing]\norder = 1", "way.toml:2: routing.order: expected text, got a whole number"),
        ("[providers]\na = 3", "way.toml:2: providers.a: expected a table"),
        ("[providers.A]", "way.toml:1: providers.A: a provider's slug is lower case, such as my-vllm"),
        (
            "[providers.a]\napi_key = 3",
            "way.toml:2: providers.a.api_key: expected text or a list, got a whole number",
        ),
        ("[providers.a]\nbase = 'x'", 'way.toml:2: unknown key providers.a.base. Did you mean "base_url"?'),
        (
            "[providers.a]\nbase_url = 'ftp://x'",
            "way.toml:2: providers.a.base_url: expected a URL that begins with http:// or https://",
        ),
        ("[providers.a]\nbase_url = 'env:B'", "way.toml:2: providers.a.base_url: the variable B is not set"),
        (
            "[providers.a]\napi_key = 'env:B C'",
            "way.toml:2: providers.a.api_key: after env: comes the name of a variable",
        ),
        (
            "[[providers.a.models]]\nname = 'x'",
            "way.toml:1: providers.a.models.0: object missing required field id",
        ),
        (
            "[[providers.a.models]]\nid = 'x'",
            'way.toml:2: providers.a.models.0.id: expected a model\'s id, "author/name"',
        ),
        (
            "[providers.a]\nmodels = [\n  {id = 'a/b'},\n  {id = 'a/c', prompt = 'free'},\n]",
            (
                "way.toml:4: providers.a.models.1.prompt:"
                ' expected USD per token or unit as a decimal string, such as "0.0000025"'
            ),
        ),
        (
            "[[providers.a.models]]\nid = 'a/b'\nprompt = 0.1",
            "way.toml:3: providers.a.models.0.prompt: expected text, got a number",
        ),
        (
            "[[providers.a.models]]\nid = 'a/b'\n\npromt = '0'",
            'way.toml:4: unknown key providers.a.models.0.promt. Did you mean "prompt"?',
        ),
        (
            "[[catalog.sources]]\nname = 'a'\nlocaton = 'b'",
            'way.toml:3: unknown key catalog.sources.0.locaton. Did you mean "location"?',
        ),
        ("[keys]\nprefix = 'a b'", "way.toml:2: keys.prefix: expected letters, digits, - and _ only"),
        ("[storage]\ndata_dir = ''", "way.toml:2: storage.data_dir: expected text of length >= 1"),
    ],
)
def test_the_file_and_line_are_named(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "WAYSTATION_PORT",
            "1",
            'WAYSTATION_PORT: unknown variable. Did you mean "WAYSTATION_SERVER__PORT"?',
        ),
        ("WAYSTATION_CONFG", "a", 'WAYSTATION_CONFG: unknown variable. Did you mean "WAYSTATION_CONFIG"?'),
        (
            "WAYSTATION_QQQQQQQQQQQQQQQQ",
            "a",
            "WAYSTATION_QQQQQQQQQQQQQQQQ: unknown variable. See docs/configuration.md.",
        ),
        (
            "WAYSTATION_SERVER__PROT",
            "1",
            'WAYSTATION_SERVER__PROT: unknown key server.prot. Did you mean "port"?',
        ),
        (
            "WAYSTATION_SERVER__PORT",
            "x",
            "WAYSTATION_SERVER__PORT: server.port: expected a whole number, got text",
        ),
        (
            "WAYSTATION_SERVER",
            "x",
            "WAYSTATION_SERVER: not valid JSON; server is a table and is given as JSON",
        ),
        ("WAYSTATION_SERVER", "3", "WAYSTATION_SERVER: server: expected a table"),
        (
            "WAYSTATION_SERVER",
            '{"prt": 1}',
            'WAYSTATION_SERVER: unknown key server.prt. Did you mean "port"?',
        ),
        (
            "WAYSTATION_SERVER__CORS_ORIGINS",
            "https://a",
            (
                "WAYSTATION_SERVER__CORS_ORIGINS: not valid JSON;"
                " server.cors_origins is a list or a table and is given as JSON"
            ),
        ),
        (
            "WAYSTATION_PROVIDERS__A__HEADERS__X",
            "a",
            (
                "WAYSTATION_PROVIDERS__A__HEADERS__X: providers.a.headers.x:"
                " lists and tables are given as one JSON value of providers.a.headers"
            ),
        ),
        (
            "WAYSTATION_LOCAL__ENABLED",
            "perhaps",
            "WAYSTATION_LOCAL__ENABLED: local.enabled: expected true or false, got text",
        ),
        (
            "WAYSTATION_PROVIDERS__A__BASE_URL",
            "x",
            (
                "WAYSTATION_PROVIDERS__A__BASE_URL: providers.a.base_url:"
                " expected a URL that begins with http:// or https://"
            ),
        ),
    ],
)
def test_the_variable_is_named(variable: str, value: str, message: str) -> None:
    assert refusal("", {variable: value}) == message


def test_a_word_unlike_any_other_gets_the_list() -> None:
    assert (
        refusal("[credits]\nqqqq = 1")
        == "way.toml:2: unknown key credits.qqqq. Known: estimated_completion_tokens, estimated_request_cost, mode."
    )


def test_the_command_line_is_named() -> None:
    message = refusal("", overrides={"server.port": -1})

    assert message == "command line: server.port: expected a whole number >= 0"


def test_a_missing_file_is_named_with_what_names_it() -> None:
    with pytest.raises(SettingsError, match=r"^absent\.toml: cannot be read: No such file or directory$"):
        load("absent.toml", {})
    with pytest.raises(SettingsError, match=r"^WAYSTATION_CONFIG: absent\.toml: cannot be read"):
        load(None, {"WAYSTATION_CONFIG": "absent.toml"})


def test_a_file_in_another_encoding_is_refused() -> None:
    Path("way.toml").write_bytes(b"a = '\xff'")

    with pytest.raises(SettingsError, match=r"^way\.toml: not valid UTF-8$"):
        load("way.toml", {})


@pytest.mark.parametrize("network", ["10.0.0.1/8", "999.1.1.1", "localhost"])
def test_a_network_must_be_one(network: str) -> None:
    said = refusal(f'[media]\nallow_networks = ["{network}"]')
    assert said.startswith("[media]: ")
    assert network in said
