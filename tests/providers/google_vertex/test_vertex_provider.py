"""Vertex: where each kind of model is served, and with which credential."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from google_credentials import account
from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Configuration, Secret
from waystation.providers.google_vertex.provider import GoogleVertex
from waystation.providers.registry import Registry
from waystation.settings import ProviderSettings, Settings

PROJECT = {"GOOGLE_CLOUD_PROJECT": "acme"}
GENERATE = "/models/gemini-2.5-flash:generateContent"
GLOBAL = "https://aiplatform.googleapis.com/v1beta1/projects/acme/locations/global"


def vertex(
    *keys: str,
    environment: Mapping[str, str] = PROJECT,
    region: str | None = None,
    base_url: str | None = None,
    enabled: bool = True,
) -> GoogleVertex:
    secrets = tuple(Secret(key) for key in keys)
    said = Configuration(
        keys=secrets, environment=environment, region=region, base_url=base_url, enabled=enabled
    )
    return GoogleVertex(said)


def endpoint(model_id: str, native_id: str, protocol: str | None = None) -> Endpoint:
    return Endpoint(model_id, "google-vertex", "google-vertex", native_id, protocol=protocol)


def test_gemini_is_served_by_google_in_the_location() -> None:
    said = endpoint("google/gemini-2.5-flash", "gemini-2.5-flash")

    assert vertex("token").url_for(GENERATE, said) == f"{GLOBAL}/publishers/google{GENERATE}"
    assert vertex("token", region="europe-west4").url_for(GENERATE, said) == (
        "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/acme/locations/europe-west4"
        f"/publishers/google{GENERATE}"
    )
    assert vertex("token", base_url="http://127.0.0.1:9/vertex/").url_for(GENERATE, said) == (
        f"http://127.0.0.1:9/vertex/projects/acme/locations/global/publishers/google{GENERATE}"
    )
    whole = "https://proxy.example/v1/projects/p/locations/l"
    assert vertex("token", base_url=whole).url_for(GENERATE, said) == f"{whole}/publishers/google{GENERATE}"


@pytest.mark.parametrize(("stream", "verb"), [(True, "streamRawPredict"), (False, "rawPredict")])
def test_claude_is_asked_in_its_own_words(stream: bool, verb: str) -> None:  # noqa: FBT001 - a row of the table
    said = endpoint("anthropic/claude-opus-4.6", "claude-opus-4-6@default", "anthropic_messages")
    body: JsonObject = {"model": said.native_id, "max_tokens": 9, "messages": [], "stream": stream}
    provider = vertex("token")

    amendment = provider.amend_request(body, said)

    assert provider.dialect_for(said) == "anthropic_messages"
    assert body == {
        "max_tokens": 9,
        "messages": [],
        "stream": stream,
        "anthropic_version": "vertex-2023-10-16",
    }
    assert amendment is not None
    assert provider.url_for(amendment.path or "", said) == (
        f"{GLOBAL}/publishers/anthropic/models/claude-opus-4-6@default:{verb}"
    )


def test_managed_models_share_one_address() -> None:
    said = endpoint("meta-llama/llama-4-scout", "meta/llama-4-scout-17b-16e-instruct-maas", "openai_chat")
    provider = vertex("token")
    body: JsonObject = {"model": said.native_id}

    assert provider.amend_request(body, said) is None
    assert provider.url_for("/chat/completions", said) == f"{GLOBAL}/endpoints/openapi/chat/completions"


def test_other_guests_are_asked_at_their_publisher() -> None:
    said = endpoint("mistralai/mistral-large-2407", "mistral-large@2407", "openai_chat")
    body: JsonObject = {"model": said.native_id, "messages": []}
    amendment = vertex("token").amend_request(body, said)

    assert body["model"] == "mistral-large"
    assert amendment is not None
    assert amendment.path == "/publishers/mistralai/models/mistral-large@2407:rawPredict"


def test_a_ready_token_needs_no_preparation() -> None:
    provider = vertex("ya29.fake", "ya29.other")

    assert not provider.needs_preparation
    assert provider.authorize(provider.next_key()) == [("authorization", "Bearer ya29.fake")]
    assert provider.authorize(provider.next_key()) == [("authorization", "Bearer ya29.other")]


def test_an_api_key_has_its_own_header_and_needs_no_project() -> None:
    provider = vertex("AIzaFake", environment={})

    assert provider.configured
    assert provider.authorize(provider.next_key()) == [("x-goog-api-key", "AIzaFake")]
    assert (
        provider.url_for(GENERATE) == f"https://aiplatform.googleapis.com/v1beta1/publishers/google{GENERATE}"
    )


def test_what_is_missing_is_told() -> None:
    assert "GOOGLE_APPLICATION_CREDENTIALS" in (vertex().missing or "")
    assert vertex("token", environment={}).missing == "set GOOGLE_CLOUD_PROJECT"
    assert "JSON key" in (vertex('{"type": "nothing"}').missing or "")
    assert "enabled" in (vertex("token", enabled=False).missing or "")
    assert vertex("token").missing is None


def test_it_is_configured_by_its_row_and_by_the_environment(tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps(account()))
    found = {"GOOGLE_APPLICATION_CREDENTIALS": str(key)}
    row = ProviderSettings(region="us-east5")

    provider = Registry.build(Settings(environment=found, providers={"google-vertex": row})).get(
        "google-vertex"
    )

    assert provider is not None
    assert provider.configured
    assert provider.needs_preparation
    assert provider.url_for("/x").startswith(
        "https://us-east5-aiplatform.googleapis.com/v1beta1/projects/acme/"
    )
    assert not Registry.build(Settings()).is_configured("google-vertex")


async def test_a_service_account_gets_its_token_where_its_key_says() -> None:
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode().strip())
        granted = json.dumps({"access_token": "ya29.fake", "expires_in": 3599, "token_type": "Bearer"})
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(granted)}\r\n\r\n{granted}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as office:
        port = office.sockets[0].getsockname()[1]
        provider = vertex(json.dumps(account(f"http://127.0.0.1:{port}/token")), environment={})
        await provider.prepare()
        await provider.prepare()
        await provider.aclose()

    assert asked == ["POST /token HTTP/1.1"]
    assert provider.authorize(provider.next_key()) == [("authorization", "Bearer ya29.fake")]
    assert provider.url_for(GENERATE) == f"{GLOBAL}/publishers/google{GENERATE}"
