"""Signatures beside those of botocore's own signer, for the same request at the same second."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.upstream.signing import AwsCredentials, SigningScope, sign

KEY, SECRET = "AKIAFAKEFAKEFAKEFAKE", "fake/secret+of+no+account"
URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
PROFILE = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123"
JSON = (("content-type", "application/json"),)


def both(
    url: str,
    body: bytes = b"{}",
    token: str | None = None,
    region: str = "us-east-1",
    headers: tuple[tuple[str, str], ...] = JSON,
) -> tuple[dict[str, str], dict[str, str]]:
    """What botocore adds to this request, and what we add."""
    request = AWSRequest("POST", url, data=body, headers=dict(headers))
    SigV4Auth(Credentials(KEY, SECRET, token), "bedrock", region).add_auth(request)
    theirs = {
        name.lower(): value for name, value in request.headers.items() if name.lower() not in dict(headers)
    }
    now = datetime.strptime(theirs["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = sign(
        "POST",
        url,
        headers,
        body,
        credentials=AwsCredentials(KEY, SECRET, token),
        scope=SigningScope(region, "bedrock"),
        now=now,
    )
    return theirs, dict(ours)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL + "-stream",
        f"https://bedrock-runtime.eu-central-1.amazonaws.com/model/{PROFILE}/converse",
        "http://127.0.0.1:9400/bedrock/model/m/converse",
        "https://host.test:8443/a%20b/c~d?x=1&a=%2F&b=",
        "https://host.test/",
    ],
)
def test_a_signature_is_the_one_that_botocore_makes(url: str) -> None:
    theirs, ours = both(url, b'{"messages":[]}')
    assert ours == theirs


def test_a_session_token_is_sent_and_signed() -> None:
    theirs, ours = both(URL, token="fake-session-token")
    assert ours == theirs
    assert ours["x-amz-security-token"] == "fake-session-token"
    assert "x-amz-security-token" in ours["authorization"]


def test_further_headers_are_signed_with_their_white_space_folded() -> None:
    theirs, ours = both(URL, headers=(*JSON, ("x-amzn-bedrock-trace", "  a   b "), ("user-agent", "me")))
    assert ours == theirs
    assert "user-agent" not in ours["authorization"]


def test_another_body_region_or_second_gives_another_signature() -> None:
    credentials = AwsCredentials(KEY, SECRET)
    made = {
        dict(
            sign(
                "POST",
                URL,
                JSON,
                body,
                credentials=credentials,
                scope=SigningScope(region, "bedrock"),
                now=now,
            )
        )["authorization"]
        for body in (b"", b"{}")
        for region in ("us-east-1", "eu-west-1")
        for now in (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    }
    assert len(made) == 8


def test_credentials_do_not_show_themselves() -> None:
    assert SECRET not in repr(AwsCredentials(KEY, SECRET, "fake-session-token"))


@given(
    st.binary(max_size=300),
    st.text("abcXYZ019-._~", min_size=1, max_size=30),
    st.sampled_from([None, "fake-token"]),
)
@settings(max_examples=50)
def test_signatures_agree_for_any_body_and_model(body: bytes, model: str, token: str | None) -> None:
    theirs, ours = both(
        f"https://bedrock-runtime.us-west-2.amazonaws.com/model/m{model}/converse", body, token
    )
    assert ours == theirs
