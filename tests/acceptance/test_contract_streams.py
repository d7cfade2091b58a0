"""Contract section 5: the bytes of a streamed answer, what becomes of failures under way, and clients that hang up."""

import json
import threading
from typing import Any

import pytest

from contract_setting import Contract, assert_stream_error
from gateway_client import Answer, Conversation, call, chat, generation
from scripted_provider import Streamed, Whole, chunk, completion, streamed, usage_chunk
from waiting import wait_for

FINISH_REASONS = {"tool_calls", "stop", "length", "content_filter", "error", None}
COMMENT = ": OPENROUTER PROCESSING"
BODY = {"model": "acme/m1", "stream": True, "messages": [{"role": "user", "content": "Say hello"}]}
FILLER = b": filler" + b" " * 65_536 + b"\n\n"


def deltas(answer: Answer) -> list[dict[str, Any]]:
    return [choice["delta"] for chunk in answer.chunks for choice in chunk["choices"]]


def test_a_stream_is_well_formed(contract: Contract) -> None:
    contract.first.answer(streamed(chunk(role="assistant", content="He"), chunk(content="llo")))
    answer = chat(contract.gateway, stream=True)
    assert answer.status == 200
    assert answer.blocks[-1] == "data: [DONE]"
    assert answer.blocks.count("data: [DONE]") == 1
    assert all(block.startswith("data: ") and "\n" not in block for block in answer.blocks)
    chunks = answer.chunks
    assert {c["id"] for c in chunks} == {answer.headers["x-generation-id"]}
    assert {c["object"] for c in chunks} == {"chat.completion.chunk"}
    assert {c["model"] for c in chunks} == {"acme/m1"}
    assert len({c["provider"] for c in chunks}) == 1
    assert len({c["created"] for c in chunks}) == 1
    assert type(chunks[0]["created"]) is int
    assert all(c.get("system_fingerprint", "") is not None for c in chunks)
    assert all("error" not in c for c in chunks)
    assert "".join(d.get("content") or "" for d in deltas(answer)) == "Hello"


def test_the_role_comes_first_and_with_content(contract: Contract) -> None:
    contract.first.answer(
        streamed(chunk(role="assistant", content=""), chunk(content="Hi"), chunk(content="!"))
    )
    first, *rest = [d for d in deltas(chat(contract.gateway, stream=True)) if d.get("content")]
    assert first["role"] == "assistant"
    assert first["content"] == "Hi"
    assert rest


def test_every_choice_of_every_chunk_has_its_finish_reason(contract: Contract) -> None:
    contract.first.answer()
    choices = [choice for c in chat(contract.gateway, stream=True).chunks for choice in c["choices"]]
    assert all("finish_reason" in c and c["finish_reason"] in FINISH_REASONS for c in choices)
    assert [c["finish_reason"] for c in choices if c["finish_reason"]] == ["stop"]
    assert choices[-1]["finish_reason"] == "stop"
    assert not choices[-1]["delta"].get("content")
    assert choices[-1]["native_finish_reason"] == "stop"


@pytest.mark.parametrize("options", [None, {"include_usage": True}, {"include_usage": False}])
def test_usage_comes_once_and_last_whatever_was_asked(contract: Contract, options: Any) -> None:
    contract.first.answer()
    chunks = chat(contract.gateway, stream=True, stream_options=options).chunks
    with_usage = [c for c in chunks if c.get("usage") is not None]
    assert with_usage == [chunks[-1]]
    assert chunks[-1]["choices"] == []
    usage = chunks[-1]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (7, 3, 10)
    assert isinstance(usage["cost"], float)
    assert type(usage["prompt_tokens_details"]["cached_tokens"]) is int
    assert type(usage["completion_tokens_details"]["reasoning_tokens"]) is int
    assert contract.first.asked[-1].body["stream_options"] == {"include_usage": True}


def test_a_provider_that_counts_nothing_still_gets_a_usage_chunk(contract: Contract) -> None:
    contract.first.answer(Streamed([chunk(content="Hi"), chunk("stop"), b"data: [DONE]\n\n"]))
    last = chat(contract.gateway, stream=True).chunks[-1]
    assert last["choices"] == []
    assert type(last["usage"]["total_tokens"]) is int


def test_a_fingerprint_is_passed_on_as_a_string(contract: Contract) -> None:
    contract.first.answer(streamed({**chunk(content="Hi"), "system_fingerprint": "fp_1"}))
    prints = {c.get("system_fingerprint") for c in chat(contract.gateway, stream=True).chunks}
    assert prints - {None} == {"fp_1"}


def test_tool_calls_come_in_fragments_that_fit_together(contract: Contract) -> None:
    def part(index: int, arguments: str, **head: Any) -> dict[str, Any]:
        return {"index": index, **head, "function": {"arguments": arguments}}

    def opening(index: int, name: str, call_id: str) -> dict[str, Any]:
        function = {"name": name, "arguments": ""}
        return {"index": index, "id": call_id, "type": "function", "function": function}

    contract.first.answer(
        streamed(
            chunk(role="assistant", content=None, tool_calls=[opening(0, "get_weather", "call_Zx9")]),
            chunk(tool_calls=[part(0, '{"city"')]),
            chunk(tool_calls=[part(0, ': "Paris"}')]),
            chunk(tool_calls=[opening(1, "get_time", "call_2")]),
            chunk(tool_calls=[part(1, "{}")]),
            reason="tool_calls",
        )
    )
    answer = chat(contract.gateway, stream=True)
    fragments = [fragment for d in deltas(answer) for fragment in d.get("tool_calls", [])]
    for index, (name, call_id, arguments) in enumerate(
        [("get_weather", "call_Zx9", '{"city": "Paris"}'), ("get_time", "call_2", "{}")]
    ):
        head, *rest = [fragment for fragment in fragments if fragment["index"] == index]
        assert (head["id"], head["type"], head["function"]["name"]) == (call_id, "function", name)
        assert all("id" not in f and "name" not in f["function"] for f in rest)
        assert "".join(f["function"]["arguments"] for f in (head, *rest)) == arguments
    reasons = [c["finish_reason"] for x in answer.chunks for c in x["choices"] if c["finish_reason"]]
    assert reasons == ["tool_calls"]


def test_reasoning_streams_as_text_and_as_details(contract: Contract) -> None:
    contract.first.answer(
        streamed(
            chunk(role="assistant", reasoning_content="Let me "),
            chunk(reasoning_content="think."),
            chunk(content="42"),
        )
    )
    got = deltas(chat(contract.gateway, stream=True))
    assert "".join(d.get("reasoning") or "" for d in got) == "Let me think."
    details = [detail for d in got for detail in d.get("reasoning_details", [])]
    assert "".join(detail["text"] for detail in details) == "Let me think."
    assert {detail["type"] for detail in details} == {"reasoning.text"}
    assert "".join(d.get("content") or "" for d in got) == "42"


def test_excluded_reasoning_does_not_stream(contract: Contract) -> None:
    contract.first.answer(streamed(chunk(role="assistant", reasoning_content="Hm"), chunk(content="42")))
    answer = chat(contract.gateway, stream=True, reasoning={"exclude": True})
    assert "Hm" not in answer.text
    assert next(d["role"] for d in deltas(answer) if "role" in d) == "assistant"
    assert "".join(d.get("content") or "" for d in deltas(answer)) == "42"


def test_choices_and_log_probabilities_keep_their_index(contract: Contract) -> None:
    logprobs = {
        "content": [{"token": "b", "logprob": -1.0, "bytes": [98], "top_logprobs": []}],
        "refusal": None,
    }
    second = {
        **chunk(),
        "choices": [
            {
                "index": 1,
                "delta": {"role": "assistant", "content": "b"},
                "logprobs": logprobs,
                "finish_reason": None,
            }
        ],
    }
    ended = {**chunk(), "choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]}
    contract.first.answer(streamed(chunk(role="assistant", content="a"), second, ended))
    answer = chat(contract.gateway, stream=True, n=2, logprobs=True)
    texts, reasons, probabilities = {0: "", 1: ""}, {}, []
    for c in (choice for x in answer.chunks for choice in x["choices"]):
        texts[c["index"]] += c["delta"].get("content") or ""
        if c["finish_reason"]:
            reasons[c["index"]] = c["finish_reason"]
        if c.get("logprobs"):
            probabilities.append((c["index"], c["logprobs"]["content"]))
    assert texts == {0: "a", 1: "b"}
    assert reasons == {0: "stop", 1: "length"}
    assert probabilities == [(1, logprobs["content"])]


def test_content_is_passed_on_as_it_comes(contract: Contract, gate: threading.Event) -> None:
    contract.first.answer(streamed(chunk(role="assistant", content="first"), gate, chunk(content="second")))
    with Conversation(contract.gateway, BODY) as conversation:
        assert "first" in conversation.read_until("content")
        gate.set()
        assert "second" in conversation.read_until("second")
        conversation.read_until("[DONE]")


def test_comments_fill_the_silence_before_the_first_content(
    contract: Contract, gate: threading.Event
) -> None:
    contract.first.answer(Streamed([gate, *streamed(chunk(role="assistant", content="late")).pieces]))
    with Conversation(contract.gateway, BODY) as conversation:
        assert conversation.response.status == 200
        lines = conversation.lines()
        for _ in range(2):
            assert next(lines) == COMMENT
            assert next(lines) == ""
        gate.set()
        assert "late" in conversation.read_until("content")
        conversation.read_until("[DONE]")


def test_a_failure_after_comments_is_said_in_the_stream(contract: Contract, gate: threading.Event) -> None:
    contract.first.answer(Whole({"error": {"message": "out of order"}}, 500, gate))
    with Conversation(contract.gateway, BODY) as conversation:
        conversation.read_until(COMMENT)
        gate.set()
        failed = json.loads(conversation.read_until("data: ")[6:])
        assert_stream_error(failed)
        assert failed["error"]["code"] == 503
        assert "[DONE]" not in "".join(conversation.lines())


def test_another_endpoint_may_still_answer_after_comments(contract: Contract, gate: threading.Event) -> None:
    contract.first.answer(Whole({"error": {"message": "out of order"}}, 500, gate))
    contract.second.answer()
    with Conversation(contract.gateway, {**BODY, "model": "acme/dual"}) as conversation:
        conversation.read_until(COMMENT)
        gate.set()
        conversation.read_until('"Hi"')
        conversation.read_until("[DONE]")


def test_without_a_stream_silence_stays_silence(contract: Contract, gate: threading.Event) -> None:
    contract.first.answer(Streamed([gate, *streamed(chunk(content="x")).pieces]), completion("plain"))
    with Conversation(contract.gateway, BODY) as conversation:
        conversation.read_until(COMMENT)
        assert chat(contract.gateway).json["choices"][0]["message"]["content"] == "plain"


@pytest.mark.parametrize(
    "ending",
    [
        [{"error": {"message": "overloaded", "code": 529}}],
        [{**chunk(), "error": {"message": "overloaded", "code": 500}}],
        [b'data: {"broken\n\n'],
        [],
    ],
)
def test_a_failure_after_content_ends_the_stream_with_an_error(contract: Contract, ending: list[Any]) -> None:
    contract.first.answer(Streamed([chunk(role="assistant", content="Hel"), *ending]))
    contract.second.answer()
    answer = chat(contract.gateway, "acme/dual", stream=True)
    assert answer.status == 200
    assert "".join(d.get("content") or "" for d in deltas(answer)) == "Hel"
    assert_stream_error(answer.chunks[-1])
    assert "[DONE]" not in answer.text
    assert contract.second.asked == []
    record = generation(contract.gateway, answer).json["data"]
    assert record["finish_reason"] == "error"
    assert record["total_cost"] == 0


def test_a_failure_before_content_has_a_real_status(contract: Contract) -> None:
    contract.first.answer(
        Streamed([chunk(role="assistant", content=""), {"error": {"message": "no", "code": 500}}])
    )
    answer = chat(contract.gateway, stream=True)
    assert answer.status in {502, 503}, answer.text
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/chat/completions", "/completions"])
def test_a_client_that_hangs_up_ends_the_providers_work(
    contract: Contract, gate: threading.Event, path: str
) -> None:
    contract.first.answer(Streamed([chunk(role="assistant", content="Hello"), gate, *([FILLER] * 800)]))
    body = BODY if path == "/chat/completions" else {"model": "acme/m1", "prompt": "Hi", "stream": True}
    with Conversation(contract.gateway, body, path) as conversation:
        conversation.read_until("Hello")
        name = conversation.generation
    record = wait_for(lambda: generation(contract.gateway, name).status == 200) and generation(
        contract.gateway, name
    )
    assert record
    gate.set()
    assert contract.first.client_closed.wait(20)
    data = record.json["data"]
    assert data["cancelled"] is True
    assert data["tokens_completion"] > 0
    assert data["total_cost"] > 0


def test_a_client_that_hangs_up_before_the_first_content_is_recorded_too(
    contract: Contract, gate: threading.Event
) -> None:
    contract.first.answer(Streamed([gate, *([FILLER] * 800)]))
    with Conversation(contract.gateway, BODY) as conversation:
        conversation.read_until(COMMENT)
        name = conversation.generation
    assert wait_for(lambda: generation(contract.gateway, name).status == 200)
    gate.set()
    assert contract.first.client_closed.wait(20)
    data = generation(contract.gateway, name).json["data"]
    assert data["cancelled"] is True


def test_a_legacy_stream_is_made_of_texts(contract: Contract) -> None:
    contract.first.answer(streamed(chunk(role="assistant", content="He"), chunk(content="llo")))
    body = {"model": "acme/m1", "prompt": "Say", "stream": True}
    answer = call(contract.gateway, "POST", "/api/v1/completions", body)
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.blocks[-1] == "data: [DONE]"
    choices = [choice for c in answer.chunks for choice in c["choices"]]
    assert "".join(choice["text"] for choice in choices) == "Hello"
    assert all("finish_reason" in choice and "delta" not in choice for choice in choices)
    assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == ["stop"]
    assert {c["id"] for c in answer.chunks} == {answer.headers["x-generation-id"]}
    assert {c["object"] for c in answer.chunks} == {"text_completion"}
    assert answer.chunks[-1]["usage"]["total_tokens"] == 10
    assert [c for c in answer.chunks if c.get("usage")] == [answer.chunks[-1]]


def test_a_usage_chunk_of_the_provider_is_not_repeated(contract: Contract) -> None:
    contract.first.answer(
        Streamed(
            [
                chunk(role="assistant", content="Hi"),
                usage_chunk(),
                chunk("stop"),
                usage_chunk(),
                b"data: [DONE]\n\n",
            ]
        )
    )
    chunks = chat(contract.gateway, stream=True).chunks
    assert [c for c in chunks if c.get("usage")] == [chunks[-1]]
    assert chunks[-1]["usage"]["total_tokens"] == 10


BASE64 = "iVBORw0KGgo" * 100
DEBUGGED = {
    "model": "acme/dual",
    "stream": True,
    "debug": {"echo_upstream_body": True},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Is sk-fake-first-0123456789 a key?"},
                {"type": "text", "text": BASE64},
            ],
        }
    ],
}


def test_a_caller_who_debugs_is_told_what_each_attempt_sent_before_any_content(contract: Contract) -> None:
    contract.first.answer(Whole({"error": {"message": "down"}}, 500))
    contract.second.answer()

    answer = call(contract.gateway, "POST", "/api/v1/chat/completions", DEBUGGED)

    first, second, *rest = answer.chunks
    assert first["choices"] == second["choices"] == []
    bodies = [one["debug"]["echo_upstream_body"] for one in (first, second)]
    assert [body["model"] for body in bodies] == ["dual-at-first", "dual-at-second"]
    assert all(body["stream"] is True for body in bodies)
    assert not any("debug" in one for one in rest)
    assert "".join(d.get("content") or "" for d in deltas(answer)) == "Hi"


def test_what_a_caller_who_debugs_is_told_has_no_secret_and_no_long_base64(contract: Contract) -> None:
    contract.first.answer()

    told = call(contract.gateway, "POST", "/api/v1/chat/completions", DEBUGGED).chunks[0]["debug"]

    [asked] = contract.first.asked
    assert asked.body["messages"] == DEBUGGED["messages"]
    question, data = told["echo_upstream_body"]["messages"][0]["content"]
    assert "sk-fake-first" not in json.dumps(told)
    assert question["text"].startswith("Is [re")
    assert data["text"] == "... (1100 characters left out)"


def test_the_responses_wire_tells_it_in_an_event_of_its_own(contract: Contract) -> None:
    contract.first.answer()
    body = {"model": "acme/m1", "input": "Hi", "stream": True, "debug": {"echo_upstream_body": True}}

    events = call(contract.gateway, "POST", "/api/v1/responses", body).chunks

    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["response.created", "response.in_progress", "response.debug"]
    assert kinds.count("response.debug") == 1
    assert events[2]["debug"]["echo_upstream_body"]["model"] == "m-one"


def test_nothing_is_told_of_what_was_sent_unless_it_is_asked_for_in_a_stream(contract: Contract) -> None:
    contract.first.answer()
    quiet = DEBUGGED | {"debug": {"echo_upstream_body": False}}
    assert "debug" not in call(contract.gateway, "POST", "/api/v1/chat/completions", quiet).text
    contract.first.answer()
    whole = DEBUGGED | {"stream": False}
    assert "echo_upstream_body" not in call(contract.gateway, "POST", "/api/v1/chat/completions", whole).text
