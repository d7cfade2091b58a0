"""Ollama: when it is on, where it is, and which paths it has."""

import pytest

from waystation.providers.base import Configuration, Provider
from waystation.providers.ollama import Ollama, address_of
from waystation.providers.registry import Registry
from waystation.settings import ProviderSettings, Settings


def ollama(settings: Settings) -> Provider:
    provider = Registry.build(settings).get("ollama")
    assert provider is not None
    return provider


def test_it_is_off_until_it_is_spoken_of() -> None:
    silent = ollama(Settings(environment={"OLLAMA_API_KEY": "fake-key"}))

    assert not silent.configured
    assert silent.missing == "set OLLAMA_HOST, or `base_url` in [providers.ollama]"


def test_an_empty_row_is_enough() -> None:
    provider = ollama(Settings(providers={"ollama": ProviderSettings()}))

    assert provider.configured
    assert provider.url_for("/api/chat") == "http://127.0.0.1:11434/api/chat"
    assert provider.authorize(provider.next_key()) == []


def test_the_servers_own_variable_switches_it_on() -> None:
    provider = ollama(Settings(environment={"OLLAMA_HOST": "gpu-box"}))

    assert provider.configured
    assert provider.url_for("/api/chat") == "http://gpu-box:11434/api/chat"


def test_a_row_can_switch_it_off() -> None:
    settings = Settings(
        environment={"OLLAMA_HOST": "gpu-box"}, providers={"ollama": ProviderSettings(enabled=False)}
    )
    assert ollama(settings).missing == "remove `enabled = false` from [providers.ollama]"


def test_the_services_key_is_a_bearer_token() -> None:
    settings = Settings(
        environment={"OLLAMA_API_KEY": "fake-key"},
        providers={"ollama": ProviderSettings(base_url="https://ollama.com")},
    )
    provider = ollama(settings)

    assert provider.url_for("/api/chat") == "https://ollama.com/api/chat"
    assert provider.authorize(provider.next_key()) == [("authorization", "Bearer fake-key")]


@pytest.mark.parametrize("base_url", ["http://a:1", "http://a:1/", "http://a:1/v1", "http://a:1/api"])
def test_an_address_may_be_that_of_either_protocol(base_url: str) -> None:
    provider = Ollama(Configuration(base_url=base_url))

    assert provider.url_for("/api/chat") == "http://a:1/api/chat"
    assert provider.url_for("/models") == "http://a:1/api/tags"
    assert provider.url_for("/chat/completions") == "http://a:1/v1/chat/completions"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", ""),
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0:9000", "http://127.0.0.1:9000"),
        (":9000", "http://127.0.0.1:9000"),
        ("http://0.0.0.0:9000", "http://127.0.0.1:9000"),
        ("gpu-box", "http://gpu-box:11434"),
        ("gpu-box/below", "http://gpu-box:11434/below"),
        ("http://gpu-box", "http://gpu-box"),
        ("https://ollama.com/", "https://ollama.com"),
        ("[fe80::1:2]", "http://[fe80::1:2]:11434"),
        ("[::]:9000", "http://127.0.0.1:9000"),
        ("ftp://gpu-box", ""),
    ],
)
def test_addresses_as_ollamas_own_programs_read_them(host: str, address: str) -> None:
    assert address_of(host) == address
