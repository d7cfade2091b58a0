"""No count that a real provider gave is disbelieved: every recorded answer, as if from an endpoint of 128,000 tokens' context."""

import json
from decimal import Decimal
from typing import Final

import pytest

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.accounts.keys import Account
from waystation.app.outward import OUTWARD
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import Pricing
from waystation.codec.dialect import Outward
from waystation.credits.cost import Tariff
from waystation.errors import GatewayError
from waystation.exchange import Attribution, begin_exchange
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.chat_events import MessageEnd
from waystation.operations.parts import Text
from waystation.operations.usage import Usage
from waystation.pipeline.meter import Meter

PROTOCOLS: Final = {
    "openai.chat": "openai_chat",
    "mistral.chat": "openai_chat",
    "openai.responses": "openai_responses",
    "anthropic.messages": "anthropic_messages",
    "google.generateContent": "gemini",
    "bedrock.converse": "bedrock_converse",
    "cohere.chat": "cohere",
    "ollama.native": "ollama",
}
LIMITS: Final = (
    ("max_completion_tokens",),
    ("max_tokens",),
    ("max_output_tokens",),
    ("generationConfig", "maxOutputTokens"),
    ("inferenceConfig", "maxTokens"),
    ("options", "num_predict"),
)
PRICING: Final = Pricing(Decimal("0.000001"), Decimal("0.000002"))
ENDPOINT: Final = Endpoint(
    "acme/m1", "acme", "acme", "m1", context_length=128_000, max_completion_tokens=32_000, pricing=PRICING
)
ACCOUNT: Final = Account("ab" * 32, "a", "a", is_management=False, created_at=0)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_recorded_count_is_believed(protocol: str) -> None:
    dialect = next(one for one in OUTWARD if one.name == PROTOCOLS[protocol])
    answered = [one for one in recordings(protocol) if one.status == 200 and one.request is not None]
    counted = [pair for one in answered if (pair := _counted(one, dialect)) is not None]

    assert len(counted) >= 10
    assert [name for name, told, charged in counted if told != charged] == []


def _counted(one: Recording, dialect: Outward) -> tuple[str, Usage, Usage | None] | None:
    """What the provider counted, and what would be charged; None where it counted nothing."""
    sent = one.request or {}
    choices = sent.get("n")
    prompt = Message("user", (Text("x" * len(json.dumps(sent))),))
    request = ChatRequest(
        dialect.name,
        "acme/m1",
        (prompt,),
        max_tokens=_limit(sent),
        n=choices if isinstance(choices, int) else None,
    )
    exchange = begin_exchange(dialect.name, ACCOUNT, Attribution())
    meter = Meter(exchange, request, Tariff(PRICING), ENDPOINT)
    told: Usage | None = None
    if one.stream is not None:
        parser = dialect.stream_parser()
        events = [*parser.feed(one.stream), *parser.close()]
        told = next((event.usage for event in events if isinstance(event, MessageEnd)), None)
        meter.feed(events)
    elif one.body is not None and "error" not in one.body:
        try:
            result = dialect.parse_response(json.dumps(one.body).encode())
        except GatewayError:
            return None
        told = result.usage
        meter.result(result)
    return None if told is None else (one.name, told, exchange.usage)


def _limit(sent: JsonObject) -> int | None:
    """The `max_tokens` of a request, by whatever name."""
    for path in LIMITS:
        value: object = sent
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, int) and value > 0:
            return value
    return None
