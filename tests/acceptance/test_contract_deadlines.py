"""Contract sections 2.2a and 32: what a caller sees when time runs out."""

import threading
from collections.abc import Iterator

import pytest

from contract_setting import Contract, assert_stream_error
from gateway_client import chat, generation
from gateway_process import GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Streamed, Whole, chunk, completion


@pytest.fixture(scope="module")
def hasty(start_gateway: StartGateway) -> Iterator[tuple[GatewayProcess, ScriptedProvider]]:
    """A gateway that gives an exchange one second."""
    with ScriptedProvider() as provider:
        toml = f"""
[server]
request_timeout = 1
[providers.slow]
base_url = "{provider.url}"
models = [{{ id = "acme/m1", context_length = 50000, prompt = "0.000001", completion = "0.000001" }}]
"""
        yield start_gateway(toml), provider


@pytest.mark.parametrize("stream", [False, True])
def test_the_exchanges_own_deadline_is_408(
    hasty: tuple[GatewayProcess, ScriptedProvider], gate: threading.Event, *, stream: bool
) -> None:
    gateway, provider = hasty
    provider.answer(Streamed([gate]) if stream else Whole({}, 200, gate))
    answer = chat(gateway, stream=stream)
    assert answer.status == 408, answer.text
    assert answer.error["code"] == 408
    assert answer.error["metadata"]["error_type"]


def test_the_deadline_ends_a_stream_that_began_with_an_error(
    hasty: tuple[GatewayProcess, ScriptedProvider], gate: threading.Event
) -> None:
    gateway, provider = hasty
    provider.answer(Streamed([chunk(role="assistant", content="Hel"), gate]))
    answer = chat(gateway, stream=True)
    assert answer.status == 200
    assert_stream_error(answer.chunks[-1])
    assert answer.error["code"] == 408
    usage = answer.chunks[-1]["usage"]
    assert (usage["cost"], usage["completion_tokens"]) == (0, 1)
    record = generation(gateway, answer).json["data"]
    assert (record["usage"], record["tokens_completion"]) == (0, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_that_does_not_begin_in_time_is_503(
    contract: Contract, gate: threading.Event, *, stream: bool
) -> None:
    contract.first.answer(
        Streamed([chunk(role="assistant", content=""), gate]) if stream else Whole({}, 200, gate)
    )
    answer = chat(contract.gateway, "acme/impatient", stream=stream)
    if answer.status == 200:
        assert stream
        assert_stream_error(answer.chunks[-1])
    else:
        assert answer.status == 503, answer.text
        assert answer.error["availability"]["code"] == "temporarily_unavailable"
        assert answer.error["availability"]["retryable"] is True
    assert answer.error["code"] == 503
    assert answer.error["metadata"]["error_type"] == "provider_overloaded"


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_asked_whole_is_not_asked_twice_for_being_long_in_the_making(
    start_gateway: StartGateway, gate: threading.Event, *, stream: bool
) -> None:
    with ScriptedProvider() as slow, ScriptedProvider() as quick:
        rows = "".join(
            f'[providers.{name}]\nbase_url = "{provider.url}"\nfirst_byte_timeout = 0.1\nanswer_timeout = 60\n'
            'models = [{ id = "acme/m1", context_length = 50000, prompt = "0", completion = "0" }]\n'
            for name, provider in (("slow", slow), ("quick", quick))
        )
        gateway = start_gateway(f'[routing]\norder = "listed"\n{rows}')
        slow.answer(Streamed([gate]) if stream else Whole(completion("slow").body, gate=gate))
        quick.answer()
        release = threading.Timer(0.5, gate.set)
        release.start()
        answer = chat(gateway, stream=stream)
        release.join()
    assert answer.status == 200, answer.text
    assert (len(slow.asked), len(quick.asked)) == (1, int(stream))
