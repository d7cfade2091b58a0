"""What one attempt sends: headers, and a signature over the very bytes that go out."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest

from scripted_provider import ScriptedProvider, Whole
from waystation.accounts.keys import Account
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.model import Model
from waystation.dialects.bedrock_converse import DIALECT
from waystation.exchange import Attempt, Attribution, begin_exchange
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.pipeline.dispatch import Dispatch
from waystation.providers.registry import Registry
from waystation.routing.plan import Candidate, PlannedAttempt
from waystation.settings import ProviderSettings, Settings
from waystation.upstream.client import Client, ClientSettings, Timeouts
from waystation.upstream.signing import AwsCredentials, SigningScope, sign

ACCOUNT = Account(key_hash="ab" * 32, label="a", name="a", is_management=False, created_at=0)
ENDPOINT = Endpoint(
    "acme/m", "amazon-bedrock", "amazon-bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
)
REQUEST = ChatRequest("openai_chat", "acme/m", (Message("user", (Text("Grüße"),)),))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client(ClientSettings())
    yield client
    await client.aclose()


async def test_a_request_is_signed_as_it_goes_out(client: Client) -> None:
    with ScriptedProvider() as upstream:
        upstream.answer(Whole({"output": {}}))
        row = ProviderSettings(api_key="AKIAFAKE:fake-secret:fake-token", base_url=upstream.url)
        registry = Registry.build(Settings(providers={"amazon-bedrock": row}))
        dispatch = Dispatch(registry, {DIALECT.name: DIALECT}, client, Timeouts())
        model = Model("acme/m", "acme/m", "M", "acme", endpoints=(ENDPOINT,))
        opened = await dispatch.open(
            begin_exchange("openai_chat", ACCOUNT, Attribution()),
            REQUEST,
            PlannedAttempt(Candidate(model, "direct"), ENDPOINT),
            Attempt(ENDPOINT, "Amazon Bedrock", 0.0),
        )
        assert await opened.response.read(1_000) == b'{"output": {}}'
        [asked] = upstream.asked

    assert asked.path == "/v1/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    assert re.match("AWS4-HMAC-SHA256 Credential=AKIAFAKE/", asked.headers["authorization"])
    expected = sign(
        "POST",
        f"{upstream.url}{asked.path.removeprefix('/v1')}",
        [("content-type", asked.headers["content-type"])],
        msgspec.json.encode(asked.body),
        credentials=AwsCredentials("AKIAFAKE", "fake-secret", "fake-token"),
        scope=SigningScope("us-east-1", "bedrock"),
        now=datetime.strptime(asked.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
    )
    assert asked.headers["authorization"] == dict(expected)["authorization"]
