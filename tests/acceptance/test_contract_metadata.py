"""Contract section 19: what callers who ask are told of the routing of their request."""

import json
from typing import Any

import pytest

from contract_setting import Contract
from gateway_client import Answer, call, chat
from scripted_provider import Streamed, Whole, chunk

ASKED = {"X-OpenRouter-Metadata": "enabled"}
KEYS = {
    "requested", "strategy", "region", "summary", "attempt", "is_byok", "endpoints", "params", "attempts",
    "pipeline",
}  # fmt: skip


def ask(contract: Contract, model: str = "acme/dual", headers: Any = ASKED, **fields: Any) -> Answer:
    return chat(contract.gateway, model, headers=headers, **fields)


def available(selected: str | None) -> list[dict[str, Any]]:
    return [
        {"provider": name, "model": "acme/dual", "selected": name == selected} for name in ("first", "second")
    ]


@pytest.mark.parametrize("header", ["X-OpenRouter-Metadata", "x-openrouter-experimental-metadata"])
def test_an_answer_tells_who_was_tried_and_who_answered(contract: Contract, header: str) -> None:
    contract.first.answer(Whole({"error": {"message": "down"}}, 500))
    contract.second.answer()
    said = ask(contract, headers={header: "enabled"}).json["openrouter_metadata"]
    assert said.keys() == KEYS
    assert (said["requested"], said["strategy"], said["attempt"]) == ("acme/dual", "direct", 2)
    assert said["endpoints"] == {"total": 2, "available": available("second")}
    assert said["attempts"] == [
        {"provider": "first", "model": "acme/dual", "status": 500},
        {"provider": "second", "model": "acme/dual", "status": 200},
    ]
    assert said["summary"] == "available=2, selected=second"


@pytest.mark.parametrize("headers", [{}, {"X-OpenRouter-Metadata": "true"}])
def test_nothing_is_told_to_those_who_do_not_ask(contract: Contract, headers: dict[str, str]) -> None:
    contract.first.answer()
    assert "openrouter_metadata" not in ask(contract, headers=headers).json
    assert "openrouter_metadata" not in ask(contract, headers=headers, stream=True).text


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/chat/completions", {"messages": [{"role": "user", "content": "Say hello"}]}),
        ("/completions", {"prompt": "Say hello"}),
    ],
)
def test_a_stream_tells_it_with_its_last_chunk(contract: Contract, path: str, asked: Any) -> None:
    contract.first.answer()
    body = {"model": "acme/dual", "stream": True, **asked}
    chunks = call(contract.gateway, "POST", f"/api/v1{path}", body, headers=ASKED).chunks
    assert ["openrouter_metadata" in one for one in chunks] == [False] * (len(chunks) - 1) + [True]
    said = chunks[-1]["openrouter_metadata"]
    assert said.keys() == KEYS
    assert (said["attempt"], said["endpoints"]["available"]) == (1, available("first"))


def test_a_broken_stream_tells_it_beside_the_error(contract: Contract) -> None:
    contract.first.answer(Streamed([chunk(role="assistant", content="Hel"), chunk(content="lo")]))
    last = ask(contract, stream=True).chunks[-1]
    assert last["error"]["code"] == 502
    assert last["openrouter_metadata"]["endpoints"]["available"] == available("first")


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_tells_it_beside_itself(contract: Contract, *, stream: bool) -> None:
    for provider in (contract.first, contract.second):
        provider.answer(Whole({"error": {"message": "down"}}, 503))
    body = ask(contract, stream=stream).json
    assert body["error"]["code"] == 503
    said = body["openrouter_metadata"]
    assert said.keys() == KEYS
    assert (said["attempt"], said["endpoints"]["available"]) == (2, available(None))


def test_an_error_before_any_attempt_tells_that_there_was_none(contract: Contract) -> None:
    said = ask(contract, "acme/none").json["openrouter_metadata"]
    assert said.keys() == KEYS
    assert (said["requested"], said["attempt"], said["attempts"]) == ("acme/none", 0, [])
    assert said["endpoints"] == {"total": 0, "available": []}


def test_a_caller_who_is_not_let_in_is_told_nothing(contract: Contract) -> None:
    answer = ask(contract, headers=ASKED | {"authorization": "Bearer nobody"})
    assert answer.status == 401
    assert "openrouter_metadata" not in answer.text


def test_a_request_that_is_none_is_told_nothing(contract: Contract) -> None:
    answer = ask(contract, temperature="hot")
    assert answer.status == 400
    assert "openrouter_metadata" not in answer.text


WIRES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/chat/completions", {"messages": [{"role": "user", "content": "Say hello"}]}),
    "completions": ("/completions", {"prompt": "Say hello"}),
    "messages": ("/messages", {"messages": [{"role": "user", "content": "Say hello"}], "max_tokens": 9}),
    "responses": ("/responses", {"input": "Say hello"}),
}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("answered", [True, False])
def test_every_wire_tells_it_once(contract: Contract, wire: str, *, stream: bool, answered: bool) -> None:
    failure = Whole({"error": {"message": "down"}}, 503)
    for provider in (contract.first, contract.second):
        provider.answer(*([] if answered else [failure]))
    path, fields = WIRES[wire]
    body = {"model": "acme/dual", "stream": stream, **fields}
    answer = call(contract.gateway, "POST", f"/api/v1{path}", body, headers=ASKED)
    assert answer.status == (200 if answered else 503), answer.text
    assert answer.text.count('"openrouter_metadata"') == 1
    value = metadata_in(answer)
    assert value.keys() == KEYS
    assert value["attempt"] == (1 if answered else 2)


def metadata_in(answer: Answer) -> Any:
    """What was told, at the top of a body, of an event, or of the response that an event holds."""
    events = (
        [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
        if answer.headers["content-type"] == "text/event-stream"
        else [answer.json]
    )
    held = [event.get("response", event) for event in events]
    (value,) = [one["openrouter_metadata"] for one in held if "openrouter_metadata" in one]
    if any(event.get("type") == "message_stop" for event in events):
        assert "openrouter_metadata" in events[-1], "with message_stop"
    return value
