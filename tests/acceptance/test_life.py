"""How a gateway begins and ends: first keys, draining, kills at any moment, several workers, the embedded model's process."""

import json
import os
import re
import signal
import stat
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from contract_setting import assert_stream_error
from gateway_client import Conversation, call, chat, generation, get
from gateway_process import API_KEY, GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Streamed, Whole, chunk, completion, streamed
from waiting import wait_for

BODY = {"model": "acme/m1", "stream": True, "messages": [{"role": "user", "content": "Say hello"}]}
LOCAL_MODEL = "huggingfacetb/smollm2-135m-instruct"
NO_CONFIGURED_KEYS = {"WAYSTATION_KEYS__API_KEY": "", "WAYSTATION_KEYS__MANAGEMENT_KEY": ""}


def toml(provider: ScriptedProvider, **server: object) -> str:
    lines = "\n".join(f"{name} = {value}" for name, value in server.items())
    return f"""
[server]
{lines}
[providers.scripted]
base_url = "{provider.url}"
models = [{{ id = "acme/m1", context_length = 50000, prompt = "0.000001", completion = "0.0000025" }}]
"""


def readiness(gateway: GatewayProcess) -> int:
    """The status of `/health/ready`; 0 where nobody answers."""
    try:
        return call(gateway, "GET", "/health/ready", key=None).status
    except OSError:
        return 0


def descendants(process: int) -> list[int]:
    """The processes below this one."""
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
        text = " ".join((thread / "children").read_text() for thread in threads)
    except OSError:
        return []
    children = [int(number) for number in text.split()]
    return children + [below for child in children for below in descendants(child)]


def lives(process: int) -> bool:
    """Whether a process runs; one that has ended and is not yet waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("workers", "number"), [(1, signal.SIGTERM), (2, signal.SIGTERM), (2, signal.SIGINT)]
)
def test_a_stream_under_way_is_finished_before_the_end(
    start_gateway: StartGateway, gate: threading.Event, workers: int, number: signal.Signals
) -> None:
    with ScriptedProvider() as provider:
        config = toml(provider, shutdown_grace=30, workers=workers)
        gateway = start_gateway(config)
        provider.answer(streamed(chunk(role="assistant", content="be"), gate, chunk(content="fore")))
        with Conversation(gateway, BODY) as conversation:
            conversation.read_until('"be"')
            terminal = number == signal.SIGINT  # which sends Ctrl-C to every process
            for process in [*(descendants(gateway.process.pid) if terminal else ()), gateway.process.pid]:
                os.kill(process, number)
            assert wait_for(lambda: readiness(gateway) == 503)
            gate.set()
            conversation.read_until('"fore"')
            conversation.read_until("[DONE]")
            assert gateway.stop() == 0
        again = start_gateway(config, data_dir=gateway.data_dir)
        record = generation(again, conversation.generation)
        assert record.status == 200
        assert record.json["data"]["finish_reason"] == "stop"
        assert record.json["data"]["tokens_completion"] == 3
        again.stop()


def test_a_plain_answer_under_way_is_given_before_the_end(
    start_gateway: StartGateway, gate: threading.Event
) -> None:
    with ScriptedProvider() as provider:
        gateway = start_gateway(toml(provider, shutdown_grace=30))
        provider.answer(Whole(completion("whole").body, 200, gate))
        answers = []
        asking = threading.Thread(target=lambda: answers.append(chat(gateway)))
        asking.start()
        assert wait_for(lambda: provider.asked)
        gateway.process.send_signal(signal.SIGTERM)
        assert wait_for(lambda: readiness(gateway) == 503)
        late = chat(gateway)
        assert late.status == 503
        assert late.error["metadata"]["error_type"] == "provider_overloaded"
        assert int(late.headers["retry-after"]) >= 1
        gate.set()
        asking.join()
        assert answers[0].json["choices"][0]["message"]["content"] == "whole"
        assert gateway.stop() == 0


def test_when_the_grace_is_over_streams_end_with_an_error_and_are_recorded(
    start_gateway: StartGateway, gate: threading.Event
) -> None:
    with ScriptedProvider() as provider:
        config = toml(provider, shutdown_grace=0.3)
        gateway = start_gateway(config)
        provider.answer(Streamed([chunk(role="assistant", content="un"), gate]))
        with Conversation(gateway, BODY) as conversation:
            conversation.read_until('"un"')
            gateway.process.send_signal(signal.SIGTERM)
            assert_stream_error(json.loads(conversation.read_until('"error"')[6:]))
            assert "[DONE]" not in "".join(conversation.lines())
            assert gateway.stop() == 0
        gate.set()
        again = start_gateway(config, data_dir=gateway.data_dir)
        record = generation(again, conversation.generation)
        assert record.status == 200
        assert record.json["data"]["finish_reason"] != "stop"
        again.stop()


def test_records_survive_a_kill(start_gateway: StartGateway) -> None:
    with ScriptedProvider() as provider:
        config = toml(provider)
        gateway = start_gateway(config)
        answers = [chat(gateway, stream=n % 2 == 0) for n in range(20)]
        assert gateway.stop(signal.SIGKILL) == -signal.SIGKILL
        again = start_gateway(config, data_dir=gateway.data_dir)
        for answer in answers:
            record = generation(again, answer)
            assert record.status == 200
            assert record.json["data"]["finish_reason"] == "stop"
        spent = get(again, "/key").json["data"]["usage"]
        assert Decimal(str(spent)) == 20 * Decimal("0.0000145")
        assert again.stop(signal.SIGKILL) == -signal.SIGKILL
        third = start_gateway(config, data_dir=gateway.data_dir)
        assert get(third, "/key").json["data"]["usage"] == spent
        third.stop()


def test_the_first_start_makes_keys_and_later_ones_keep_them(start_gateway: StartGateway) -> None:
    gateway = start_gateway("", NO_CONFIGURED_KEYS)
    keys = gateway.data_dir / "first-keys.toml"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    found = re.findall(r'"(sk-ws-v1-[0-9a-f]{64})"', keys.read_text())
    assert len(set(found)) == 2
    printed = gateway.log.read_text()
    assert all(key in printed for key in found)
    kinds = {key: get(gateway, "/key", key).status for key in found}
    inference = next(key for key in found if re.search(rf"Bearer {key}", printed))
    assert kinds[inference] == 200
    management = next(key for key in found if key != inference)
    refused = call(gateway, "POST", "/api/v1/chat/completions", BODY, key=management)
    assert refused.status == 403
    assert get(gateway, "/key", API_KEY).status == 401
    for file in gateway.data_dir.rglob("*"):
        if file.is_file() and file != keys:
            content = file.read_bytes()
            assert not any(key.encode() in content for key in found), file
    assert gateway.stop() == 0

    again = start_gateway("", NO_CONFIGURED_KEYS, gateway.data_dir)
    assert re.findall(r'"(sk-ws-v1-[0-9a-f]{64})"', keys.read_text()) == found
    assert inference in again.log.read_text()
    assert management not in again.log.read_text()
    assert get(again, "/key", inference).status == 200
    keys.unlink()
    again.stop()

    third = start_gateway("", NO_CONFIGURED_KEYS, gateway.data_dir)
    assert not keys.exists()
    assert "sk-ws-v1-" not in third.log.read_text()
    assert get(third, "/key", inference).status == 200
    third.stop()


def test_a_changed_key_revokes_the_earlier_one(start_gateway: StartGateway) -> None:
    gateway = start_gateway("")
    assert get(gateway, "/key").status == 200
    gateway.stop()
    other = "sk-ws-v1-" + "c3" * 32
    again = start_gateway("", {"WAYSTATION_KEYS__API_KEY": other}, gateway.data_dir)
    assert get(again, "/key", other).status == 200
    assert get(again, "/key").status == 401
    again.stop()


def test_two_workers_share_keys_records_and_the_port(start_gateway: StartGateway) -> None:
    with ScriptedProvider() as provider:
        gateway = start_gateway(toml(provider, workers=2))
        workers = descendants(gateway.process.pid)
        assert len(workers) >= 2
        for n in range(12):
            answer = chat(gateway, stream=n % 2 == 0)
            assert answer.status == 200, answer.text
            record = generation(gateway, answer)
            assert record.status == 200, f"after {n}"
        spent = 12 * Decimal("0.0000145")
        assert wait_for(lambda: Decimal(str(get(gateway, "/key").json["data"]["usage"])) == spent)
        assert gateway.stop() == 0
        assert wait_for(lambda: not any(lives(worker) for worker in workers))


def test_a_worker_that_is_killed_is_replaced_and_loses_no_record(start_gateway: StartGateway) -> None:
    with ScriptedProvider() as provider:
        gateway = start_gateway(toml(provider, workers=2))
        workers = descendants(gateway.process.pid)
        answers = [chat(gateway) for _ in range(10)]
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        assert wait_for(lambda: len(set(descendants(gateway.process.pid)) - set(workers)) >= 2)
        assert wait_for(lambda: all(generation(gateway, answer).status == 200 for answer in answers))
        assert chat(gateway).status == 200
        assert gateway.stop() == 0


def test_an_outage_that_one_worker_met_is_known_to_the_other(start_gateway: StartGateway) -> None:
    with ScriptedProvider() as down, ScriptedProvider() as sound:
        down.answer(*[Whole({"error": {"message": "down"}}, 500)] * 9)
        rows = "".join(
            f'[providers.{name}]\nbase_url = "{provider.url}"\n'
            'models = [{ id = "acme/m1", context_length = 50000, prompt = "0", completion = "0" }]\n'
            for name, provider in (("down", down), ("sound", sound))
        )
        gateway = start_gateway(f'[server]\nworkers = 2\n[routing]\norder = "listed"\n{rows}')
        first, second = descendants(gateway.process.pid)
        os.kill(second, signal.SIGSTOP)
        assert chat(gateway).status == 200
        os.kill(second, signal.SIGCONT)

        def the_second_knows() -> bool:
            os.kill(first, signal.SIGSTOP)
            told = call(gateway, "GET", "/metrics", key=None).text
            avoided = re.search(r'avoided_seconds\{model="acme/m1",endpoint="down"\} ([0-9.]+)', told)
            if avoided is not None and float(avoided[1]) > 0:
                return True
            os.kill(first, signal.SIGCONT)
            return False

        assert wait_for(the_second_knows)
        assert chat(gateway).status == 200
        assert len(down.asked) == 1
        os.kill(first, signal.SIGCONT)
        assert gateway.stop() == 0


def test_a_gateway_whose_workers_die_while_they_start_is_announced_all_the_same(
    start_gateway: StartGateway,
) -> None:
    earlier = set(descendants(os.getpid()))
    killed: list[int] = []

    def kill_the_first() -> None:
        def workers() -> list[int]:
            supervisors = [one for one in descendants(os.getpid()) if one not in earlier]
            return [below for one in supervisors for below in descendants(one)]

        wait_for(lambda: len(workers()) >= 2)
        for worker in workers():
            os.kill(worker, signal.SIGKILL)
            killed.append(worker)

    killer = threading.Thread(target=kill_the_first)
    killer.start()
    gateway = start_gateway("[server]\nworkers = 2\n")
    killer.join()
    assert len(killed) == 2
    assert gateway.log.read_text().count("Waystation is ready") == 1
    assert gateway.stop() == 0


def test_workers_do_not_outlive_their_gateway(start_gateway: StartGateway) -> None:
    gateway = start_gateway("[server]\nworkers = 2\n")
    workers = descendants(gateway.process.pid)
    gateway.stop(signal.SIGKILL)
    ended = wait_for(lambda: not any(lives(worker) for worker in workers))
    for worker in filter(lives, workers):
        os.kill(worker, signal.SIGKILL)
    assert ended


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_embedded_model_answers_without_configuration_and_ends_with_the_gateway(
    start_gateway: StartGateway, number: signal.Signals
) -> None:
    gateway = start_gateway("", NO_CONFIGURED_KEYS)
    key = re.search(r"Bearer (sk-ws-v1-[0-9a-f]{64})", gateway.log.read_text())
    assert key is not None
    body = {
        "model": LOCAL_MODEL,
        "stream": True,
        "max_tokens": 8,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
    }
    answer = call(gateway, "POST", "/api/v1/chat/completions", body, key=key[1])
    assert answer.status == 200, answer.text
    assert answer.blocks[-1] == "data: [DONE]"
    assert "".join(c["delta"].get("content") or "" for x in answer.chunks for c in x["choices"])
    assert answer.chunks[-1]["usage"]["cost"] == 0
    below = descendants(gateway.process.pid)
    assert below
    gateway.stop(number)
    assert wait_for(lambda: not any(lives(process) for process in below))
