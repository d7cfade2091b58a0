"""Legacy completions: a prompt in, text out, the rest as in chat."""

import json
from typing import cast

import pytest

from waystation.codec.dialect import Identity, Target
from waystation.dialects.openai_completions import DIALECT, legacy_logprobs
from waystation.errors import InvalidRequest, Overloaded
from waystation.operations.chat import ChatRequest, ChatResult, Choice, Message
from waystation.operations.chat_events import (
    ChoiceEnd,
    Event,
    MessageEnd,
    MessageStart,
    PartEnd,
    PartStart,
    ReasoningDelta,
    StreamError,
    TextDelta,
)
from waystation.operations.parts import JsonObject, Reasoning, Text
from waystation.operations.usage import Cost, Usage

IDENTITY = Identity("gen-1", "acme/m1", "Acme", 7, is_completion=True)


def parse(**fields: object) -> ChatRequest:
    return DIALECT.parse_request(json.dumps({"model": "acme/m1", **fields}).encode(), "/completions")


@pytest.mark.parametrize("prompt", ["Once", ["Once"]])
def test_a_prompt_is_one_user_message(prompt: object) -> None:
    request = parse(prompt=prompt, max_tokens=5, temperature=0.5)
    assert request.messages == (Message("user", (Text("Once"),)),)
    assert (request.is_completion, request.dialect) == (True, "openai_completions")
    assert request.max_tokens == 5
    assert request.sent == {"max_tokens", "temperature"}


def test_the_number_of_alternatives_becomes_chats_two_fields() -> None:
    request = parse(prompt="a", logprobs=3)
    assert (request.logprobs, request.top_logprobs) == (True, 3)
    assert parse(prompt="a", logprobs=None).logprobs is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "prompt: is required"),
        ({"prompt": [12345, 123456]}, "prompt: token ids"),
        ({"prompt": [[1, 2]]}, "prompt: token ids"),
        ({"prompt": ["a", "b"]}, "prompt: must be"),
        ({"prompt": []}, "prompt: must be"),
        ({"prompt": {"a": 1}}, "prompt: must be"),
        ({"prompt": "a", "logprobs": 21}, "logprobs: "),
        ({"prompt": "a", "temperature": 3}, "temperature: "),
    ],
)
def test_a_refusal_names_the_field(fields: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(**fields)
    assert refused.value.message.startswith(named)


def test_what_a_chat_cannot_say_is_named() -> None:
    rendered = DIALECT.render_request(parse(prompt="a", suffix="z", echo=True), Target("m"))
    assert rendered.body == {"model": "m", "messages": [{"role": "user", "content": "a"}]}
    assert set(rendered.dropped) == {"suffix", "echo"}


def test_the_answer_is_text() -> None:
    choice = Choice(0, (Reasoning(text="hm", plain=True), Text("a"), Text("b")), "stop", "eos")
    result = ChatResult("openai_chat", "x", "m", 1, (choice,), Usage(1, 2))
    body = json.loads(DIALECT.render_response(result, IDENTITY, Cost(3, 1, 2, None), None))
    assert body["object"] == "text_completion"
    assert body["choices"] == [
        {
            "index": 0,
            "text": "ab",
            "logprobs": None,
            "finish_reason": "stop",
            "native_finish_reason": "eos",
            "reasoning": "hm",
        }
    ]
    assert body["usage"]["total_tokens"] == 3


def frames(*events: Event) -> list[JsonObject]:
    data = DIALECT.stream_renderer(IDENTITY).feed(events)
    return [cast("JsonObject", json.loads(frame[6:])) for frame in data.decode().split("\n\n") if frame]


def test_the_stream_is_text() -> None:
    told = frames(
        MessageStart(dialect="openai_chat"),
        PartStart(0, 0, "reasoning"),
        ReasoningDelta(0, 0, "hm"),
        PartEnd(0, 0),
        PartStart(0, 1, "text"),
        TextDelta(0, 1, "a"),
        TextDelta(0, 1, "b"),
        TextDelta(0, 1, "c"),
        PartEnd(0, 1),
        ChoiceEnd(0, "stop", "eos"),
        MessageEnd(Usage(1, 2)),
    )
    choices = [cast("list[JsonObject]", frame["choices"]) for frame in told]
    assert {frame["object"] for frame in told} == {"text_completion"}
    assert [one[0]["text"] for one in choices[:-1]] == ["", "a", "b", "c", ""]
    assert choices[0][0]["reasoning"] == "hm"
    assert choices[-2][0]["finish_reason"] == "stop"
    assert choices[-1] == []
    assert cast("JsonObject", told[-1]["usage"])["total_tokens"] == 3


def test_an_error_ends_the_stream() -> None:
    (frame,) = frames(StreamError(Overloaded("The provider broke off.")))
    assert cast("JsonObject", frame["error"])["code"] == 503


def test_log_probabilities_in_parallel_lists() -> None:
    content = [
        {"token": "He", "logprob": -0.1, "top_logprobs": [{"token": "He", "logprob": -0.1}]},
        {"token": "y"},
    ]
    assert legacy_logprobs({"content": content}) == {
        "tokens": ["He", "y"],
        "token_logprobs": [-0.1, None],
        "top_logprobs": [{"He": -0.1}, {}],
        "text_offset": [0, 2],
    }
    assert legacy_logprobs(None) is None
