"""What a caller who debugs is told of what was sent."""

from typing import Any

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.exchange import Attempt
from waystation.operations.chat_events import BodySent
from waystation.pipeline.echo import body_shown, echoes
from waystation.providers.base import Provider
from waystation.providers.registry import Registry
from waystation.settings import ProviderSettings, Settings

LONG = "QUJD" * 100


@pytest.fixture
def provider() -> Provider:
    row = ProviderSettings(
        api_key="fake-key-of-the-operator",
        base_url="http://127.0.0.1:1/v1",
        headers={"x-team": "fake-team-secret"},
    )
    provider = Registry.build(Settings(providers={"acme": row})).get("acme")
    assert provider is not None
    return provider


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("What is an API key?", "What is an API key?"),
        ("Use fake-key-of-the-operator for fake-team-secret.", "Use [removed] for [removed]."),
        ("Bearer abcdefghijklmnopqrstuvwxyz", "[redacted]"),
        (f"data:image/png;base64,{LONG}", "data:image/png;base64,... (400 characters left out)"),
        (LONG, "... (400 characters left out)"),
        (f"{LONG[:200]}", LONG[:200]),
        ("word " * 100, "word " * 100),
        (7, 7),
        (None, None),
    ],
)
def test_a_body_is_shown_without_secrets_and_without_long_base64(
    provider: Provider, said: object, shown: object
) -> None:
    body: dict[str, Any] = {"model": "m", "deep": [{"inside": said}]}
    assert body_shown(body, provider) == {"model": "m", "deep": [{"inside": shown}]}
    assert body["deep"][0]["inside"] == said


def test_attempts_that_were_never_sent_have_no_echo() -> None:
    endpoint = Endpoint("acme/m", "acme", "acme", "m")
    unsent, sent = Attempt(endpoint, "Acme", 0.0), Attempt(endpoint, "Acme", 0.0, sent={"model": "m"})
    assert echoes([unsent, sent]) == [BodySent({"model": "m"})]
