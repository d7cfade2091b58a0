"""Where clients are told to find the gateway."""

import pytest

from waystation.app.address import public_address
from waystation.settings import ServerSettings, Settings


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (ServerSettings(), "http://127.0.0.1:8787"),
        (ServerSettings(host="::1", port=80), "http://[::1]:80"),
        (ServerSettings(public_url="https://gateway.example/llm/"), "https://gateway.example/llm"),
        (ServerSettings(host="0.0.0.0"), ""),
        (ServerSettings(port=0), ""),
    ],
)
def test_the_public_address(server: ServerSettings, expected: str) -> None:
    assert public_address(Settings(server=server)) == expected
