"""Amazon Bedrock: whose credentials, which region, which address, and whose mark on reasoning."""

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import ReasoningDelta, TextDelta
from waystation.operations.parts import JsonObject, Reasoning, Text
from waystation.providers.amazon_bedrock import AmazonBedrock
from waystation.providers.registry import Registry
from waystation.settings import ProviderSettings, Settings

PAIR = {"AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": "fake/secret"}
ARN = "arn:aws:bedrock:eu-west-3:123456789012:application-inference-profile/abc"
PATH = "/model/m/converse"


def bedrock(environment: dict[str, str] | None = None, **row: object) -> AmazonBedrock:
    rows = {"amazon-bedrock": ProviderSettings(**row)} if row else {}  # type: ignore[arg-type]
    registry = Registry.build(Settings(providers=rows, environment=environment or {}))
    found = registry.get("amazon-bedrock")
    assert isinstance(found, AmazonBedrock)
    return found


def endpoint(native_id: str = "m", model_id: str = "acme/m", **more: object) -> Endpoint:
    return Endpoint(model_id, "amazon-bedrock", "amazon-bedrock", native_id, **more)  # type: ignore[arg-type]


def test_without_a_key_it_says_what_it_needs() -> None:
    assert bedrock().missing == "set AWS_BEARER_TOKEN_BEDROCK or `api_key` in [providers.amazon-bedrock]"
    assert not bedrock({"AWS_ACCESS_KEY_ID": "AKIAFAKE"}).configured


def test_a_bedrock_api_key_is_sent_as_it_is() -> None:
    provider = bedrock(PAIR | {"AWS_BEARER_TOKEN_BEDROCK": "ABSKfake=="})
    key = provider.next_key()

    assert provider.authorize(key) == [("authorization", "Bearer ABSKfake==")]
    assert provider.sign("POST", "https://a.test/", [], b"", key) == []


@pytest.mark.parametrize("token", ["", "fake-token"])
def test_an_access_key_signs_and_is_never_sent(token: str) -> None:
    provider = bedrock(PAIR | ({"AWS_SESSION_TOKEN": token} if token else {}))
    key = provider.next_key()
    signed = dict(provider.sign("POST", provider.url_for(PATH), [("content-type", "a")], b"{}", key))

    assert provider.authorize(key) == []
    assert signed["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAFAKE/")
    assert "/us-east-1/bedrock/aws4_request" in signed["authorization"]
    assert signed.get("x-amz-security-token", "") == token
    assert "fake/secret" not in str(signed)


def test_the_configured_key_wins_and_may_be_several() -> None:
    provider = bedrock(PAIR, api_key=("AKIAONE:s1:t1", "ABSKtwo"))

    assert provider.keys == ("AKIAONE:s1:t1", "ABSKtwo")


@pytest.mark.parametrize(
    ("environment", "row", "region"),
    [
        ({}, {}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, {}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-2"}, {}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-2"}, {"region": "ap-south-1"}, "ap-south-1"),
    ],
)
def test_the_region_is_in_the_address(environment: dict[str, str], row: dict[str, str], region: str) -> None:
    assert (
        bedrock(environment, **row).url_for(PATH) == f"https://bedrock-runtime.{region}.amazonaws.com{PATH}"
    )


def test_the_region_of_china_has_another_domain() -> None:
    assert (
        bedrock(region="cn-north-1")
        .url_for(PATH)
        .startswith("https://bedrock-runtime.cn-north-1.amazonaws.com.cn/")
    )


def test_an_arn_names_its_own_region_and_is_signed_for_it() -> None:
    provider = bedrock(PAIR)
    url = provider.url_for(PATH, endpoint(ARN))
    signed = dict(provider.sign("POST", url, [], b"", provider.next_key()))

    assert url.startswith("https://bedrock-runtime.eu-west-3.amazonaws.com/")
    assert "/eu-west-3/bedrock/" in signed["authorization"]


def test_the_operators_address_counts_for_every_model() -> None:
    provider = bedrock(PAIR, base_url="http://127.0.0.1:1/bedrock/")

    assert provider.url_for(PATH, endpoint(ARN)) == f"http://127.0.0.1:1/bedrock{PATH}"


def test_openais_protocols_have_another_host() -> None:
    assert bedrock().url_for("/responses") == "https://bedrock-mantle.us-east-1.api.aws/v1/responses"


@pytest.mark.parametrize(
    ("region", "native_id", "called"),
    [
        ("us-west-2", "us.anthropic.claude-x", "us.anthropic.claude-x"),
        ("eu-central-1", "us.anthropic.claude-x", "eu.anthropic.claude-x"),
        ("ap-northeast-1", "us.amazon.nova-x", "apac.amazon.nova-x"),
        ("us-gov-west-1", "us.anthropic.claude-x", "us-gov.anthropic.claude-x"),
        ("eu-central-1", "global.anthropic.claude-x", "global.anthropic.claude-x"),
        ("eu-central-1", "mistral.large", "mistral.large"),
    ],
)
def test_the_profile_is_that_of_the_regions_area(region: str, native_id: str, called: str) -> None:
    assert bedrock(region=region).target(endpoint(native_id)).native_id == called


def test_the_tier_of_an_endpoint_is_asked_for() -> None:
    body: JsonObject = {"messages": []}
    bedrock().amend_request(body, endpoint(service_tier="flex"))

    assert body["serviceTier"] == {"type": "flex"}


@pytest.mark.parametrize(
    ("native_id", "model_id", "origin"),
    [
        ("us.anthropic.claude-sonnet-4-5", "anthropic/claude-sonnet-4.5", "anthropic-claude-v1"),
        (ARN, "anthropic/claude-sonnet-4.5", "anthropic-claude-v1"),
        ("global.openai.gpt-5.5", "openai/gpt-5.5", "bedrock-openai-responses-v1"),
        ("global.xai.grok-4.6", "x-ai/grok-4.6", "bedrock-xai-responses-v1"),
    ],
)
def test_reasoning_bears_its_makers_mark(native_id: str, model_id: str, origin: str) -> None:
    amendment = bedrock().amend_request({}, endpoint(native_id, model_id))
    assert amendment is not None
    assert amendment.amend_result is not None
    assert amendment.amend_events is not None
    result = ChatResult(
        "d", None, None, None, (Choice(0, (Reasoning(text="Hm.", index=0), Text("x")), "stop"),)
    )
    events = amendment.amend_events(
        [ReasoningDelta(0, 0, "Hm.", (Reasoning(text="Hm."),)), TextDelta(0, 1, "x")]
    )

    assert amendment.amend_result(result).choices[0].parts == (
        Reasoning(text="Hm.", origin=origin, index=0),
        Text("x"),
    )
    assert events == [
        ReasoningDelta(0, 0, "Hm.", (Reasoning(text="Hm.", origin=origin),)),
        TextDelta(0, 1, "x"),
    ]


@pytest.mark.parametrize(
    "native_id", ["us.amazon.nova-2-lite-v1:0", "openai.gpt-oss-120b-1:0", "qwen.qwen3-32b-v1:0"]
)
def test_open_reasoning_bears_none(native_id: str) -> None:
    assert bedrock().amend_request({}, endpoint(native_id)) is None
