"""The page for operators names every provider and the variables that hold its key."""

from pathlib import Path

import pytest

from waystation.providers.base import Provider
from waystation.providers.registry import Registry
from waystation.settings import Settings

PAGE = Path(__file__).parents[2].joinpath("docs", "providers.md").read_text(encoding="utf-8")
ROWS = {line.split("|")[1].strip(" `"): line for line in PAGE.splitlines() if line.startswith("| `")}
PROVIDERS = Registry.build(Settings()).all()


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.slug)
def test_a_provider_has_its_line(provider: Provider) -> None:
    line = ROWS[provider.slug]

    assert f"| {provider.name} |" in line
    assert all(f"`{variable}`" in line for variable in provider.key_variables)
    assert provider.base_url_like in line


def test_no_line_is_of_a_provider_that_does_not_exist() -> None:
    assert ROWS.keys() == {provider.slug for provider in PROVIDERS}
