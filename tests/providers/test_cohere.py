"""Cohere: where it is, and which variables hold its key."""

import pytest

from waystation.providers.base import Configuration, Secret
from waystation.providers.cohere import Cohere
from waystation.providers.registry import Registry
from waystation.settings import Settings


def test_the_path_names_the_version() -> None:
    provider = Cohere(Configuration(keys=(Secret("fake-key"),)))
    assert provider.url_for("/v2/chat") == "https://api.cohere.com/v2/chat"
    assert provider.authorize(provider.next_key()) == [("authorization", "Bearer fake-key")]


@pytest.mark.parametrize("variable", ["COHERE_API_KEY", "CO_API_KEY"])
def test_either_variable_switches_it_on(variable: str) -> None:
    assert Registry.build(Settings(environment={variable: "fake-key"})).is_configured("cohere")
    assert not Registry.build(Settings()).is_configured("cohere")
