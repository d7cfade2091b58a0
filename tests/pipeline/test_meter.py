"""What is billed where a provider counts nothing."""

from decimal import Decimal

from waystation.accounts.keys import Account
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import Pricing
from waystation.credits.cost import Tariff
from waystation.exchange import Attribution, Exchange, begin_exchange
from waystation.operations.chat import ChatRequest, ChatResult, Choice, Message
from waystation.operations.chat_events import (
    MessageEnd,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import Reasoning, Refusal, Text, ToolCall
from waystation.operations.usage import Usage
from waystation.pipeline.meter import Meter

PRICING = Pricing(prompt=Decimal("0.000001"), completion=Decimal("0.00001"))
ENDPOINT = Endpoint("acme/m1", "acme", "acme", "m1", pricing=PRICING)
REQUEST = ChatRequest("openai_chat", "acme/m1", (Message("user", (Text("x" * 396),)),))
ESTIMATE = Usage(prompt_tokens=103, completion_tokens=7, estimated=True)
"""Of 4 bytes of text, 12 of reasoning, 6 of arguments and 5 of a refusal."""


def an_exchange() -> Exchange:
    account = Account("ab" * 32, "a", "a", is_management=False, created_at=0)
    return begin_exchange("openai_chat", account, Attribution())


def test_a_stream_without_a_count_is_billed_by_the_bytes_of_all_that_was_said() -> None:
    exchange = an_exchange()
    meter = Meter(exchange, REQUEST, Tariff(PRICING), ENDPOINT)
    meter.feed([TextDelta(0, 0, "text"), ReasoningDelta(0, 1, "思考思考")])
    meter.feed([ToolCallDelta(0, 2, 0, '{"é":'), RefusalDelta(0, 3, "never"), MessageEnd()])

    assert exchange.usage == ESTIMATE
    assert exchange.cost is not None
    assert exchange.cost.total == 103 * 1000 + 7 * 10_000


def test_a_whole_answer_without_a_count_is_billed_alike() -> None:
    exchange = an_exchange()
    parts = (Text("text"), Reasoning(text="思考思考"), ToolCall("c", "f", '{"é":'), Refusal("never"))

    Meter(exchange, REQUEST, Tariff(PRICING), ENDPOINT).result(
        ChatResult("openai_chat", None, None, None, (Choice(0, parts, "stop"),))
    )

    assert exchange.usage == ESTIMATE
