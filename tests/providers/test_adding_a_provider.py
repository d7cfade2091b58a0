"""What `docs/how-to/add-a-provider.md` tells to write is enough: its own examples are found and called as it says."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from waystation import providers
from waystation.catalog.endpoint import Endpoint
from waystation.providers.base import Configuration, Provider, Secret
from waystation.providers.compatible import CompatibleProvider, Row, read_rows
from waystation.providers.registry import Registry, known_slugs
from waystation.settings import Settings

PAGE = Path(__file__).parents[2].joinpath("docs", "how-to", "add-a-provider.md").read_text(encoding="utf-8")
ENDPOINT = Endpoint(model_id="acme/m1", provider="acme", tag="acme", native_id="m1")


def blocks(language: str) -> list[str]:
    """The page's examples in this language, in order."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
    return [dedent(block) for block in found]


@pytest.fixture
def with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The page's file, beside the providers of the package, with a key from the environment."""
    (code,) = blocks("python")
    (tmp_path / "acme.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    provider = Registry.build(Settings(environment={"ACME_API_KEY": "blue:fake-key"})).get("acme")
    assert provider is not None
    return provider


def test_its_table_is_a_provider() -> None:
    table, _ = blocks("toml")
    row = read_rows(table.encode())["acme"]
    provider = CompatibleProvider("acme", row, Configuration((Secret("fake-key"),)))
    assert provider.configured
    assert provider.url_for("/chat/completions", ENDPOINT) == "https://api.acme.example/v1/chat/completions"
    assert provider.authorize(provider.next_key()) == [("authorization", "Bearer fake-key")]


def test_a_table_takes_everything_that_it_lists_and_it_lists_everything() -> None:
    table, more = blocks("toml")
    row = read_rows((table + more).encode())["acme"]
    provider = CompatibleProvider("acme", row, Configuration((Secret("fake-key"),)))
    assert provider.authorize("fake-key") == [("x-acme-version", "2026-01"), ("x-api-key", "fake-key")]
    assert all(re.search(rf"\b{field}\b", PAGE) for field in Row.__struct_fields__)


def test_its_file_is_found_and_decides_a_header(with_the_file: Provider) -> None:
    assert "acme" in known_slugs()
    assert with_the_file.configured
    assert with_the_file.authorize(with_the_file.next_key()) == [
        ("authorization", "Bearer fake-key"),
        ("x-acme-team", "blue"),
    ]


def test_every_hook_that_it_names_is_one() -> None:
    (named,) = re.findall(r"each with a default: (.*?)\.\n", PAGE, re.DOTALL)
    assert all(callable(getattr(Provider, hook)) for hook in re.findall(r"`(\w+)`", named))
