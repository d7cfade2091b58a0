"""The embedded model as a provider: amendments and their undoing, pure first, then against the real process."""

import json
from pathlib import Path

import msgspec
import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.codec.stream_checker import check_stream
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import (
    ChoiceEnd,
    Event,
    MessageEnd,
    MessageStart,
    PartEnd,
    PartStart,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import JsonObject, Text, ToolCall
from waystation.providers.base import Amendment, Configuration
from waystation.providers.local.provider import LocalProvider
from waystation.upstream.client import Client

ENDPOINT = Endpoint(model_id="huggingfacetb/smollm2", provider="local", tag="local", native_id="smollm2")
CALL = '{"name": "get_weather", "arguments": {"city": "Paris"}}'


def forced_body() -> JsonObject:
    return {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "Weather in Paris?"}],
        "temperature": 0,
        "max_tokens": 64,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "get_weather",
                    "parameters": {
                        "type": "object",
                        "properties": {"city": {"enum": ["Paris", "Tokyo"]}},
                        "required": ["city"],
                    },
                },
            }
        ],
        "tool_choice": "required",
    }


def forced() -> Amendment:
    amendment = LocalProvider().amend_request(forced_body(), ENDPOINT)
    assert amendment is not None
    return amendment


def stream(*texts: str) -> list[Event]:
    return [
        MessageStart(),
        PartStart(0, 0, "text"),
        *(TextDelta(0, 0, text) for text in texts),
        PartEnd(0, 0),
        ChoiceEnd(0, "stop", native_reason="stop"),
        MessageEnd(),
    ]


def result(text: str) -> ChatResult:
    choice = Choice(0, (Text(text),), "stop", "stop")
    return ChatResult("openai_chat", None, None, None, (choice,))


def test_tools_that_may_be_used_are_dropped_and_nothing_is_owed() -> None:
    body = forced_body() | {"tool_choice": "auto"}

    amendment = LocalProvider().amend_request(body, ENDPOINT)

    assert amendment == Amendment(("tools",))
    assert "tools" not in body
    assert "tool_choice" not in body


def test_a_plain_request_is_not_amended() -> None:
    body: JsonObject = {"model": "smollm2", "messages": [{"role": "user", "content": "hi"}]}

    assert LocalProvider().amend_request(body, ENDPOINT) is None


def test_a_forced_call_changes_the_very_body_that_is_sent() -> None:
    body = forced_body()

    LocalProvider().amend_request(body, ENDPOINT)

    match body["response_format"]:
        case {"type": "json_schema", "json_schema": {"schema": dict()}}:
            pass
        case other:
            pytest.fail(str(other))
    assert "tools" not in body


def test_a_whole_answer_becomes_the_call() -> None:
    amend = forced().amend_result
    assert amend is not None

    choice = amend(result(CALL)).choices[0]

    assert choice.finish_reason == "tool_calls"
    match choice.parts:
        case (ToolCall(name="get_weather", arguments=arguments, id=identity),):
            assert json.loads(arguments) == {"city": "Paris"}
            assert identity.startswith("call_")
        case _:
            pytest.fail(str(choice.parts))


def test_an_answer_that_was_cut_keeps_its_text() -> None:
    amend = forced().amend_result
    assert amend is not None

    assert amend(result(CALL[:20])) == result(CALL[:20])


@pytest.mark.parametrize("size", [1, 7, len(CALL)])
def test_a_streamed_answer_becomes_the_call_however_it_was_cut(size: int) -> None:
    amend = forced().amend_events
    assert amend is not None
    texts = [CALL[start : start + size] for start in range(0, len(CALL), size)]

    events = [made for event in stream(*texts) for made in amend([event])]

    check_stream(events)
    assert [type(event) for event in events] == [
        MessageStart,
        PartStart,
        ToolCallDelta,
        PartEnd,
        ChoiceEnd,
        MessageEnd,
    ]
    assert isinstance(events[1], PartStart)
    assert (events[1].kind, events[1].name) == ("tool_call", "get_weather")
    assert isinstance(events[4], ChoiceEnd)
    assert events[4].reason == "tool_calls"


def test_a_streamed_answer_that_was_cut_comes_as_its_text() -> None:
    amend = forced().amend_events
    assert amend is not None

    events = amend(stream(CALL[:9], CALL[9:20]))

    check_stream(events)
    assert [event.text for event in events if isinstance(event, TextDelta)] == [CALL[:20]]


def test_two_requests_share_no_state() -> None:
    provider = LocalProvider()
    first = provider.amend_request(forced_body(), ENDPOINT)
    second = provider.amend_request(forced_body(), ENDPOINT)
    assert first is not None
    assert second is not None
    assert first.amend_events is not None
    assert second.amend_events is not None
    first.amend_events(stream(CALL)[:3])

    assert second.amend_events([ChoiceEnd(0, "stop")]) == [ChoiceEnd(0, "stop")]


def test_switched_off_it_says_where() -> None:
    assert LocalProvider(Configuration(enabled=False)).missing == "set `enabled = true` in [local]"


async def test_a_server_started_elsewhere_is_used_as_it_is() -> None:
    provider = LocalProvider(Configuration(base_url="http://127.0.0.1:9/v1"))

    await provider.prepare()

    assert provider.configured
    assert provider.url_for("/chat/completions") == "http://127.0.0.1:9/v1/chat/completions"


async def test_the_real_model_is_called_at_the_address_it_was_given(model_path: Path) -> None:
    provider, client = LocalProvider(), Client()
    try:
        await provider.prepare()
        body = forced_body()
        amendment = provider.amend_request(body, ENDPOINT)
        headers = [("content-type", "application/json"), *provider.authorize(provider.next_key())]
        url = provider.url_for("/chat/completions", ENDPOINT)
        response = await client.send("POST", url, headers, msgspec.json.encode(body))
        answer = json.loads(await response.read())
    finally:
        await client.aclose()
        await provider.aclose()

    assert amendment is not None
    assert amendment.amend_result is not None
    made = amendment.amend_result(result(answer["choices"][0]["message"]["content"])).choices[0]
    assert isinstance(made.parts[0], ToolCall)
    assert made.parts[0].name == "get_weather"
