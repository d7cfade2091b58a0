"""Providers that say things in odd ways, large or small: what is legal is understood, what is not is never an empty success."""

import json
import threading
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from contract_setting import Contract
from gateway_client import chat, generation
from gateway_process import API_KEY
from scripted_provider import Piece, Streamed, Whole, chunk, completion, streamed, usage_chunk
from waiting import wait_for

BODY = {"model": "acme/m1", "messages": [{"role": "user", "content": "Say hello"}]}


def text_of(answer: Any) -> str:
    return "".join(c["delta"].get("content") or "" for x in answer.chunks for c in x["choices"])


def written(body: Any, form: str) -> bytes:
    return form.format(json.dumps(body)).encode()


@pytest.mark.parametrize(
    "form",
    [
        "data:{}\n\n",
        "data: {}\r\n\r\n",
        "data: {}\r\r",
        ": ping\n\ndata: {}\n\n",
        "event: message\nid: 7\nretry: 10\ndata: {}\n\n",
        "\n\n\ndata: {}\n\n\n\n",
    ],
)
def test_every_legal_way_to_write_an_event_is_understood(contract: Contract, form: str) -> None:
    said = [chunk(role="assistant", content="H\u00e9"), chunk(content="llo"), chunk("stop"), usage_chunk()]
    contract.first.answer(Streamed([*(written(body, form) for body in said), b"data: [DONE]\n\n"]))
    answer = chat(contract.gateway, stream=True)
    assert answer.status == 200, answer.text
    assert text_of(answer) == "H\u00e9llo"
    assert answer.chunks[-1]["usage"]["total_tokens"] == 10


def test_an_event_over_several_data_lines_is_one(contract: Contract) -> None:
    halves = json.dumps(chunk(role="assistant", content="Hello"), indent=0).replace("\n", "\ndata: ")
    contract.first.answer(streamed(f"data: {halves}\n\n".encode()))
    assert text_of(chat(contract.gateway, stream=True)) == "Hello"


@pytest.mark.parametrize("stream", [False, True])
def test_a_large_answer_arrives_whole(contract: Contract, *, stream: bool) -> None:
    large = "0123456789abcdef" * 200_000
    said = streamed(chunk(role="assistant", content=large)) if stream else completion(large)
    contract.first.answer(said)
    answer = chat(contract.gateway, stream=stream)
    assert answer.status == 200, answer.text[:500]
    assert (text_of(answer) if stream else answer.json["choices"][0]["message"]["content"]) == large


def test_many_small_chunks_arrive_in_order(contract: Contract) -> None:
    words = [f"{n} " for n in range(3000)]
    contract.first.answer(streamed(*(chunk(content=word) for word in words)))
    assert text_of(chat(contract.gateway, stream=True)) == "".join(words)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "body", [{}, {"choices": []}, {"choices": None}, {"choices": [{}]}, {"object": "list", "data": []}]
)
def test_an_answer_without_a_choice_is_no_success(contract: Contract, body: Any, *, stream: bool) -> None:
    contract.first.answer(Whole(body))
    answer = chat(contract.gateway, stream=stream)
    assert answer.status == 502, answer.text
    assert answer.error["metadata"]["error_type"] == "provider_unavailable"


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"data: [DONE]\n\n"],
        [chunk("stop"), b"data: [DONE]\n\n"],
        [b": only a comment\n\n"],
        [b"<html></html>"],
    ],
)
def test_a_stream_without_content_is_no_silent_success(contract: Contract, pieces: list[Any]) -> None:
    contract.first.answer(Streamed(pieces))
    contract.second.answer()
    answer = chat(contract.gateway, "acme/dual", stream=True)
    if pieces[:1] == [chunk("stop")]:
        assert answer.status == 200
        assert "finish_reason" in answer.text
    else:
        assert answer.status == 200, answer.text
        assert text_of(answer) == "Hi"
        assert len(contract.second.asked) == 1


def test_a_plain_answer_to_a_streaming_request_is_not_lost(contract: Contract) -> None:
    contract.first.answer(completion("plain"))
    answer = chat(contract.gateway, stream=True)
    if answer.status == 200:
        assert text_of(answer) == "plain"
    else:
        assert answer.status == 502


@pytest.mark.parametrize("status", [204, 302, 304, 418])
def test_a_status_that_is_no_answer_is_no_success(contract: Contract, status: int) -> None:
    contract.first.answer(Whole({}, status))
    answer = chat(contract.gateway)
    assert 400 <= answer.status < 600
    assert answer.status != 500
    assert answer.error["code"] == answer.status


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"prompt_tokens": None, "completion_tokens": 3},
        {"prompt_tokens": 7.0, "completion_tokens": 3.0},
    ],
)
def test_counters_are_integers_whatever_the_provider_says(contract: Contract, usage: Any) -> None:
    contract.first.answer(Whole({**completion().body, "usage": usage}))
    answer = chat(contract.gateway)
    assert answer.status in {200, 502}, answer.text
    if answer.status == 200:
        got = answer.json["usage"]
        assert all(type(got[name]) is int for name in ("prompt_tokens", "completion_tokens", "total_tokens"))


@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_that_counts_nothing_hides_no_cost(contract: Contract, *, stream: bool) -> None:
    uncounted = {name: value for name, value in completion("Hello there").body.items() if name != "usage"}
    said: list[Piece] = [chunk(content="Hello there"), chunk("stop"), b"data: [DONE]\n\n"]
    contract.first.answer(Streamed(said) if stream else Whole(uncounted))
    answer = chat(contract.gateway, stream=stream)
    usage = (answer.chunks[-1] if stream else answer.json)["usage"]
    assert type(usage["total_tokens"]) is int
    record = generation(contract.gateway, answer).json["data"]
    assert usage.get("cost", 0) == record["total_cost"]


def test_unknown_fields_of_an_answer_do_no_harm(contract: Contract) -> None:
    body = {
        **completion("Hi").body,
        "brand_new": {"a": [1]},
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "extra": 1,
                "message": {"role": "assistant", "content": "Hi", "novel": {}},
            }
        ],
    }
    contract.first.answer(Whole(body))
    assert chat(contract.gateway).json["choices"][0]["message"]["content"] == "Hi"


def test_content_in_parts_is_text(contract: Contract) -> None:
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]
    body = {
        **completion().body,
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": parts}}
        ],
    }
    contract.first.answer(Whole(body))
    answer = chat(contract.gateway)
    assert answer.status in {200, 502}, answer.text
    if answer.status == 200:
        assert answer.json["choices"][0]["message"]["content"] == "Hello"


def test_a_client_that_hangs_up_on_a_plain_request_ends_the_providers_work(
    contract: Contract, gate: threading.Event
) -> None:
    contract.first.answer(Whole(completion("x" * 20_000_000).body, 200, gate))
    address = urlsplit(contract.gateway.root)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=20)
    headers = {"content-type": "application/json", "authorization": f"Bearer {API_KEY}"}
    connection.request("POST", "/api/v1/chat/completions", json.dumps(BODY), headers)
    assert wait_for(lambda: contract.first.asked)
    before = cancelled(contract)
    connection.close()
    assert wait_for(lambda: cancelled(contract) == before + 1)
    gate.set()
    assert contract.first.client_closed.wait(20)


def cancelled(contract: Contract) -> int:
    """How many exchanges the gateway's log says were cancelled."""
    return contract.gateway.log.read_text().count('"cancelled":true')


def test_a_record_of_an_odd_answer_is_kept(contract: Contract) -> None:
    contract.first.answer(Whole({}))
    answer = chat(contract.gateway)
    record = generation(contract.gateway, answer)
    assert record.status == 200
    assert record.json["data"]["total_cost"] == 0
