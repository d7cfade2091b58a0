"""Keys, repeats and hedging through the running gateway, as callers and providers see them."""

import threading
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from gateway_client import chat, generation
from gateway_process import GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Streamed, Whole, chunk, completion
from waiting import wait_for

BUSY = Whole({"error": {"message": "busy"}}, 429)
DOWN = Whole({"error": {"message": "down"}}, 500)
MODEL = 'models = [{ id = "acme/m", context_length = 50000, prompt = "0.000001", completion = "0.000001" }]'


class Setting(NamedTuple):
    """A gateway before two providers of one model; the first has two keys."""

    gateway: GatewayProcess
    first: ScriptedProvider
    second: ScriptedProvider


def started(start_gateway: StartGateway, routing: str) -> Iterator[Setting]:
    with ScriptedProvider() as first, ScriptedProvider() as second:
        toml = f"""
            [routing]
            order = "listed"
            {routing}
            [providers.first]
            base_url = "{first.url}"
            api_key = ["sk-fake-one", "sk-fake-two"]
            {MODEL}
            [providers.second]
            base_url = "{second.url}"
            {MODEL}
        """
        yield Setting(start_gateway(toml), first, second)


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway) -> Iterator[Setting]:
    yield from started(start_gateway, "health = false")


@pytest.fixture(scope="module")
def hedging(start_gateway: StartGateway) -> Iterator[Setting]:
    yield from started(start_gateway, "health = false\nhedge_after = 0.1")


@pytest.fixture(scope="module")
def remembering(start_gateway: StartGateway) -> Iterator[Setting]:
    yield from started(start_gateway, "repeats = 0")


def keys_of(provider: ScriptedProvider) -> list[str]:
    return [asked.headers["authorization"].removeprefix("Bearer sk-fake-") for asked in provider.asked]


@pytest.mark.parametrize("refusal", [BUSY, Whole({"error": {"message": "no"}}, 401)])
@pytest.mark.parametrize("stream", [False, True])
def test_the_other_key_is_tried_before_the_other_provider(
    setting: Setting, refusal: Whole, *, stream: bool
) -> None:
    setting.first.answer(refusal)
    setting.second.answer()
    answer = chat(setting.gateway, "acme/m", stream=stream)
    assert (answer.status, setting.second.asked) == (200, [])
    assert sorted(keys_of(setting.first)) == ["one", "two"]
    attempts = generation(setting.gateway, answer).json["data"]["provider_responses"]
    assert [one["status"] for one in attempts] == [refusal.status, 200]


def test_where_no_key_is_let_in_the_other_provider_is_asked(setting: Setting) -> None:
    setting.first.answer(BUSY, BUSY)
    setting.second.answer()
    assert chat(setting.gateway, "acme/m").json["provider"] == "second"
    assert len(setting.first.asked) == 2


def test_a_refused_key_rests(remembering: Setting) -> None:
    remembering.first.answer(Whole({"error": {"message": "no"}}, 403))
    assert chat(remembering.gateway, "acme/m").status == 200
    refused, good = keys_of(remembering.first)
    assert refused != good
    remembering.first.answer()
    for _ in range(3):
        assert chat(remembering.gateway, "acme/m").status == 200
    assert keys_of(remembering.first) == [good] * 3


def test_an_endpoint_is_repeated_only_when_all_have_failed(setting: Setting) -> None:
    setting.first.answer(DOWN, completion("from the first"))
    setting.second.answer(DOWN)
    answer = chat(setting.gateway, "acme/m")
    assert answer.json["choices"][0]["message"]["content"] == "from the first"
    assert (len(setting.first.asked), len(setting.second.asked)) == (2, 1)


def test_without_fallbacks_there_is_one_attempt(setting: Setting) -> None:
    setting.first.answer(DOWN)
    setting.second.answer()
    answer = chat(setting.gateway, "acme/m", provider={"allow_fallbacks": False})
    assert answer.status == 503
    assert (len(setting.first.asked), len(setting.second.asked)) == (1, 0)


def test_a_silent_whole_answer_is_overtaken(hedging: Setting, gate: threading.Event) -> None:
    hedging.first.answer(Whole(completion("late").body, gate=gate))
    hedging.second.answer(completion("soon"))
    answer = chat(hedging.gateway, "acme/m")
    assert answer.json["choices"][0]["message"]["content"] == "soon"
    assert answer.json["provider"] == "second"
    assert generation(hedging.gateway, answer).json["data"]["provider_name"] == "second"


def test_a_silent_stream_is_overtaken_and_its_provider_stopped(
    hedging: Setting, gate: threading.Event
) -> None:
    filler = [b": nothing yet\n\n"] * 200
    hedging.first.answer(Streamed([chunk(role="assistant"), gate, *filler, chunk(content="late")]))
    hedging.second.answer()
    answer = chat(hedging.gateway, "acme/m", stream=True)
    assert "late" not in answer.text
    assert answer.blocks[-1] == "data: [DONE]"
    assert {one["provider"] for one in answer.chunks} == {"second"}
    gate.set()
    assert wait_for(hedging.first.client_closed.is_set)
    record = generation(hedging.gateway, answer).json["data"]
    assert (record["provider_name"], record["tokens_prompt"], record["finish_reason"]) == (
        "second",
        7,
        "stop",
    )
