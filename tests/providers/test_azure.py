"""Azure: which address a request goes to, with which credential, and in which words."""

import json
from urllib.parse import parse_qs

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.azure import Azure, ClientSecret
from waystation.providers.base import Configuration, Secret
from waystation.providers.registry import Registry
from waystation.settings import ProviderSettings, Settings

ROOT = "https://fake.openai.azure.com"
CHAT, RESPONSES = "/chat/completions", "/responses"
TOKEN = "eyJfake.eyJfake.fake-signature"


def azure(base_url: str = ROOT, key: str = "fake-key", **environment: str) -> Azure:
    keys = (Secret(key),) if key else ()
    return Azure(Configuration(keys=keys, base_url=base_url or None, environment=environment))


def endpoint(
    native_id: str = "my-gpt", model_id: str = "openai/gpt-5.2", protocol: str | None = None
) -> Endpoint:
    return Endpoint(model_id, "azure", "azure", native_id, protocol=protocol)


@pytest.mark.parametrize(
    ("base_url", "version", "path", "expected"),
    [
        (ROOT, "", CHAT, f"{ROOT}/openai/v1/chat/completions"),
        (ROOT + "/", "preview", RESPONSES, f"{ROOT}/openai/v1/responses"),
        (f"{ROOT}/openai/v1/", "", CHAT, f"{ROOT}/openai/v1/chat/completions"),
        (f"{ROOT}/openai/v1", "2024-10-21", CHAT, f"{ROOT}/openai/v1/chat/completions"),
        (
            f"{ROOT}/openai/v1?api-version=preview",
            "",
            CHAT,
            f"{ROOT}/openai/v1/chat/completions?api-version=preview",
        ),
        (
            ROOT,
            "2024-10-21",
            CHAT,
            f"{ROOT}/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
        ),
        (ROOT, "2025-04-01-preview", RESPONSES, f"{ROOT}/openai/responses?api-version=2025-04-01-preview"),
        (
            f"{ROOT}/openai/deployments/one?api-version=2024-06-01",
            "",
            CHAT,
            f"{ROOT}/openai/deployments/one/chat/completions?api-version=2024-06-01",
        ),
        (
            "https://fake.services.ai.azure.com/models",
            "",
            CHAT,
            "https://fake.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview",
        ),
    ],
)
def test_addresses(base_url: str, version: str, path: str, expected: str) -> None:
    assert azure(base_url, OPENAI_API_VERSION=version).url_for(path, endpoint()) == expected


def test_a_deployment_s_name_is_escaped() -> None:
    url = azure(OPENAI_API_VERSION="2024-10-21").url_for(CHAT, endpoint("a/b?c"))
    assert url == f"{ROOT}/openai/deployments/a%2Fb%3Fc/chat/completions?api-version=2024-10-21"


def test_a_key_and_a_token_have_different_headers() -> None:
    assert azure().authorize("fake-key") == [("api-key", "fake-key")]
    assert azure(key=TOKEN).authorize(TOKEN) == [("authorization", f"Bearer {TOKEN}")]


def test_it_is_on_with_an_address_and_a_key() -> None:
    variables = {"AZURE_OPENAI_API_KEY": "fake-key", "AZURE_OPENAI_ENDPOINT": ROOT}
    assert Registry.build(Settings(environment=variables)).is_configured("azure")
    for missing in variables:
        rest = {name: value for name, value in variables.items() if name != missing}
        assert not Registry.build(Settings(environment=rest)).is_configured("azure")
    row = ProviderSettings(api_key="fake-key", base_url=ROOT)
    assert Registry.build(Settings(providers={"azure": row})).is_configured("azure")
    assert "https://RESOURCE.openai.azure.com" in Registry.build(Settings()).why_not("azure")


def test_an_application_s_secret_is_changed_into_tokens() -> None:
    variables = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "fake-secret"}
    provider = azure(key="", **variables)
    assert provider.configured
    assert provider.needs_preparation
    assert not azure(**variables).needs_preparation, "a key that was given comes first"
    secret = ClientSecret("t", "c", "fake-secret")
    assert secret.token_uri == "https://login.microsoftonline.com/t/oauth2/v2.0/token"
    assert parse_qs(secret.form(0).decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["c"],
        "client_secret": ["fake-secret"],
        "scope": ["https://cognitiveservices.azure.com/.default"],
    }
    assert "fake-secret" not in repr(secret)


def test_a_deployment_is_known_by_the_catalogue_s_name_of_its_model() -> None:
    body: JsonObject = {"model": "my-gpt", "temperature": 1, "max_completion_tokens": 5}
    amendment = azure().amend_request(body, endpoint())
    assert body == {"model": "my-gpt", "max_completion_tokens": 5}
    assert amendment is not None
    assert amendment.dropped == ("temperature",)
    other: JsonObject = {"model": "llama", "temperature": 1, "max_completion_tokens": 5}
    assert azure().amend_request(other, endpoint("llama", "meta-llama/llama-4-scout")) is None
    assert json.dumps(other) == '{"model": "llama", "temperature": 1, "max_tokens": 5}'


def test_what_is_sealed_at_azure_carries_its_mark() -> None:
    assert azure().dialect_for(endpoint(protocol="openai_responses")) == "azure_openai_responses"
    assert azure().dialect_for(endpoint()) == "openai_chat"
