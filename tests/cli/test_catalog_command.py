"""Looking models up: what is listed, what is shown, and which layer said so."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result

from waystation.cli.catalog import per_million

Run = Callable[..., Result]

OWN = """
[providers.my-vllm]
base_url = "http://127.0.0.1:8000/v1"
models = [{ id = "acme/m1", native_id = "m1", context_length = 4096, prompt = "0.000001" }]
"""
CORRECTION = """
[[models]]
id = "openai/gpt-4o-mini"
name = "Corrected"
endpoints = [{ tag = "openai", pricing = { prompt = "0.5" } }]
"""


@pytest.fixture
def layered(folder: Path) -> Path:
    """A configuration with a server of the user's own and a correction in catalog.d/."""
    (folder / "waystation.toml").write_text(OWN, encoding="utf-8")
    (folder / "data" / "catalog.d").mkdir(parents=True)
    (folder / "data" / "catalog.d" / "mine.toml").write_text(CORRECTION, encoding="utf-8")
    return folder


def test_list_is_plain_when_piped_and_finds_by_text_and_provider(run: Run) -> None:
    result = run("catalog", "list", "GPT-4O", "--provider", "openai")
    lines = result.output.splitlines()

    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert lines[0].split() == ["model", "context", "prompt", "completion", "endpoints", "callable"]
    assert any(line.startswith("openai/gpt-4o ") for line in lines)
    assert all("gpt-4o" in line for line in lines[1:])


def test_list_of_callable_models_follows_the_keys(run: Run) -> None:
    without = json.loads(run("catalog", "list", "--callable", "--json").output)
    with_key = json.loads(run("catalog", "list", "--callable", "--json", OPENAI_API_KEY="fake").output)

    assert "openai/gpt-4o" not in {model["id"] for model in without}
    assert "openai/gpt-4o" in {model["id"] for model in with_key}


def test_the_models_of_the_configuration_are_listed(run: Run, layered: Path) -> None:
    rows = json.loads(run("catalog", "list", "acme/", "--json").output)

    assert rows == [
        {
            "id": "acme/m1",
            "context_length": 4096,
            "prompt": "1",
            "completion": None,
            "endpoints": 1,
            "callable_endpoints": 1,
        }
    ]


def test_show_says_of_each_fact_which_layer_said_it(run: Run, layered: Path) -> None:
    shown = json.loads(run("catalog", "show", "openai/gpt-4o-mini", "--why", "--json").output)
    layers = {fact["field"]: (fact["value"], fact["layer"]) for fact in shown["facts"]}

    assert layers["name"] == ("Corrected", "catalog.d/mine.toml")
    assert layers["endpoints[openai].pricing.prompt"] == ("0.5", "catalog.d/mine.toml")
    assert layers["endpoints[openai].pricing.completion"][1] == "packaged"
    assert layers["author"] == ("openai", "packaged")


def test_show_of_an_own_model_names_the_configuration(run: Run, layered: Path) -> None:
    result = run("catalog", "show", "acme/m1", "--why")

    assert "configuration" in result.output
    assert "packaged" not in result.output


def test_show_takes_a_name_without_its_author_and_says_what_a_call_lacks(run: Run) -> None:
    result = run("catalog", "show", "gpt-4o")

    assert "openai/gpt-4o" in result.output
    assert "set OPENAI_API_KEY" in result.output


def test_show_of_no_model_offers_close_ones(run: Run) -> None:
    result = run("catalog", "show", "openai/gtp-4o")

    assert result.exit_code == 1
    assert result.output.startswith("Error: no model openai/gtp-4o. Did you mean ")
    assert "openai/gpt-4o" in result.output


def test_status_counts(run: Run, layered: Path) -> None:
    status = json.loads(run("catalog", "status", "--json").output)

    assert status["models"] >= 2
    assert status["callable_models"] >= 1
    assert status["layers"] == ["packaged", "catalog.d/mine.toml", "configuration"]
    assert "made" in run("catalog", "status").output


def test_a_broken_file_is_named(run: Run, layered: Path) -> None:
    (layered / "data" / "catalog.d" / "mine.toml").write_text("models = 3", encoding="utf-8")

    result = run("catalog", "list")

    assert result.exit_code == 1
    assert "mine.toml" in result.output


@pytest.mark.parametrize(
    ("rate", "shown"),
    [("0.0000025", "2.5"), ("0.00001", "10"), ("0", "0"), ("0.0000000375", "0.0375"), ("0.001", "1000")],
)
def test_rates_are_shown_per_million_exactly(rate: str, shown: str) -> None:
    assert per_million(Decimal(rate)) == shown


def test_an_unknown_rate_stays_unknown() -> None:
    assert per_million(None) is None
