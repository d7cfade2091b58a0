"""What a provider counts is believed as long as it can be true."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import Pricing
from waystation.credits.plausible import MOST_TOKENS, believed, exceeds
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.operations.usage import Usage

PRICING = Pricing(prompt=Decimal("0.000001"), completion=Decimal("0.00001"))
ENDPOINT = Endpoint(
    "acme/m1", "acme", "acme", "m1", context_length=8000, max_completion_tokens=2000, pricing=PRICING
)
THINKING = replace(ENDPOINT, supported_parameters=frozenset({"reasoning"}))
UNKNOWN = replace(ENDPOINT, context_length=None, max_completion_tokens=None)
REQUEST = ChatRequest("openai_chat", "acme/m1", (Message("user", (Text("x" * 396),)),), max_tokens=100)
WITHOUT = replace(REQUEST, max_tokens=None)
ESTIMATE = Usage(prompt_tokens=103, completion_tokens=50, estimated=True)


def judged(
    usage: Usage, request: ChatRequest = REQUEST, endpoint: Endpoint = ENDPOINT, size: int = 200
) -> Usage:
    """What is charged of an answer, as the meter finds it."""
    if not exceeds(usage, request, endpoint):
        return usage
    return believed(usage, request, endpoint, size, "gen-1")


@pytest.mark.parametrize(
    ("usage", "request_", "endpoint"),
    [
        (Usage(103, 100), REQUEST, ENDPOINT),
        (Usage(103, 120), REQUEST, ENDPOINT),
        (Usage(7000, 2000, cached_tokens=6000, cache_write_tokens=500), WITHOUT, ENDPOINT),
        (Usage(103, 450), REQUEST, ENDPOINT),
        (Usage(103, 300), replace(REQUEST, n=3), ENDPOINT),
        (Usage(103, 1500, reasoning_tokens=1400), REQUEST, ENDPOINT),
        (Usage(103, 1500), REQUEST, THINKING),
        (Usage(103, 1500), replace(REQUEST, modalities=("text", "image")), ENDPOINT),
        (Usage(103, 1500), REQUEST, replace(ENDPOINT, output_modalities=("text", "audio"))),
        (Usage(60_000, 100, web_search_requests=5), REQUEST, ENDPOINT),
        (Usage(103, 100_000), WITHOUT, UNKNOWN),
    ],
    ids=[
        "allowed",
        "a little more for marks",
        "cached",
        "as many as there are bytes",
        "choices",
        "told reasoning beyond max_tokens",
        "a model that may think unseen",
        "a request for pictures",
        "a model that speaks",
        "several turns of its own tools",
        "nothing is known of the endpoint",
    ],
)
def test_what_can_be_true_is_charged_to_the_token(
    usage: Usage, request_: ChatRequest, endpoint: Endpoint
) -> None:
    assert judged(usage, request_, endpoint) is usage


@pytest.mark.parametrize(
    "usage",
    [
        Usage(103, 10**300),
        Usage(10**300, 5),
        Usage(103, 457),
        Usage(103, 5000, reasoning_tokens=4990),
        Usage(8 * 8000 + 1, 5),
        Usage(103, 5, cached_tokens=10**12),
        Usage(103, 5, cache_write_1h_tokens=10**12),
        Usage(103, 5, audio_completion_tokens=10**12),
        Usage(103, 5, web_search_requests=10**6),
        Usage(103, 5, charged_completion_tokens=10**9),
        Usage(103, 5, upstream_cost_nano=10**300),
    ],
)
def test_what_cannot_be_true_counts_as_nothing_said(usage: Usage, caplog: pytest.LogCaptureFixture) -> None:
    assert judged(usage) == ESTIMATE
    assert "cannot be true" in caplog.text


def test_of_an_endpoint_that_nobody_knows_a_million_tokens_are_believed() -> None:
    assert judged(Usage(103, MOST_TOKENS), WITHOUT, UNKNOWN) == Usage(103, MOST_TOKENS)
    assert judged(Usage(103, MOST_TOKENS + 1000), WITHOUT, UNKNOWN) == ESTIMATE
