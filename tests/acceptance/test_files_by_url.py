"""A provider that takes files only as bytes is passed over for a request that gives a URL, unless the gateway may fetch it."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from gateway_client import Answer, chat
from gateway_process import GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Whole
from web_pages import Page, Web

TOML = """
[routing]
order = "listed"
[media]
{media}
[providers.amazon-bedrock]
api_key = "fake-bearer"
base_url = "{bedrock}"
models = [
  {{ id = "acme/dual", context_length = 50000, input_modalities = ["text", "image"] }},
  {{ id = "acme/single", context_length = 50000, input_modalities = ["text", "image"] }},
]
[providers.elsewhere]
base_url = "{elsewhere}"
models = [{{ id = "acme/dual", context_length = 50000, input_modalities = ["text", "image"] }}]
"""
CONVERSED = Whole(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "A cat."}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
    }
)
PICTURE = b"\x89PNG\r\n\x1a\nnot much of one"


@pytest.fixture
def bedrock() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture
def elsewhere() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as provider:
        yield provider


def look(gateway: GatewayProcess, model: str, url: str) -> Answer:
    image: dict[str, Any] = {"type": "image_url", "image_url": {"url": url}}
    return chat(gateway, model, messages=[{"role": "user", "content": [image]}])


def test_a_url_goes_to_the_provider_that_takes_it(
    start_gateway: StartGateway, bedrock: ScriptedProvider, elsewhere: ScriptedProvider
) -> None:
    toml = TOML.format(media="", bedrock=bedrock.url, elsewhere=elsewhere.url)
    gateway = start_gateway(toml)
    both = look(gateway, "acme/dual", "https://example.com/cat.png")
    assert both.status == 200, both.text
    assert (len(bedrock.asked), len(elsewhere.asked)) == (0, 1)
    alone = look(gateway, "acme/single", "https://example.com/cat.png")
    assert alone.status == 400
    assert "image_url" in alone.text
    assert bedrock.asked == []


def test_a_url_is_fetched_where_the_operator_allows_it(
    start_gateway: StartGateway, bedrock: ScriptedProvider, elsewhere: ScriptedProvider
) -> None:
    media = 'fetch = true\nallow_networks = ["127.0.0.1"]'
    gateway = start_gateway(TOML.format(media=media, bedrock=bedrock.url, elsewhere=elsewhere.url))
    bedrock.answer(CONVERSED)
    with Web() as web:
        web.pages["/cat.png"] = Page(PICTURE)
        answer = look(gateway, "acme/dual", web.url + "/cat.png")
    assert answer.status == 200, answer.text
    [asked] = bedrock.asked
    [block] = asked.body["messages"][0]["content"]
    assert block["image"] == {"format": "png", "source": {"bytes": base64.b64encode(PICTURE).decode()}}


def test_a_private_address_is_not_fetched_from(
    start_gateway: StartGateway, bedrock: ScriptedProvider, elsewhere: ScriptedProvider
) -> None:
    gateway = start_gateway(TOML.format(media="fetch = true", bedrock=bedrock.url, elsewhere=elsewhere.url))
    with Web() as web:
        answer = look(gateway, "acme/single", web.url + "/cat.png")
        assert web.asked == []
    assert answer.status == 400
    assert "could not be reached" in answer.text
