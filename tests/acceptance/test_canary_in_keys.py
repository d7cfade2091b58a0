"""A secret sent to the routes of keys, OAuth and inference appears in no answer, log, metric, column or file of the gateway."""

import json
import sqlite3
import urllib.parse
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from gateway_client import Answer, call
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, StartGateway
from keys_over_http import new_key
from scripted_provider import ScriptedProvider

KEY = "sk-ws-v1-canary-key-4f1c7a"
PROMPT = "canary-prompt-91be02"
CREDENTIAL = "sk-canary-provider-credential-77d3e5"
TOML = """
[providers.first]
base_url = "{url}"
api_key = "{credential}"
models = [{{ id = "acme/m1", context_length = 50000, prompt = "0.000001", completion = "0.000001" }}]
[providers.dead]
base_url = "http://127.0.0.1:9"
api_key = "{credential}"
models = [{{ id = "acme/dead", context_length = 50000, prompt = "0", completion = "0" }}]
[logging]
level = "debug"
"""


class Sung(NamedTuple):
    """A gateway through which the canaries went, and all that was answered."""

    gateway: GatewayProcess
    answers: list[Answer]


def _asked(gateway: GatewayProcess, key: str, model: str, **fields: object) -> Answer:
    body = {"model": model, "messages": [{"role": "user", "content": PROMPT}], **fields}
    return call(gateway, "POST", "/api/v1/chat/completions", body, key=key)


@pytest.fixture(scope="module")
def sung(start_gateway: StartGateway) -> Iterator[Sung]:
    with ScriptedProvider() as provider:
        gateway = start_gateway(TOML.format(url=provider.url, credential=CREDENTIAL))
        form = urllib.parse.urlencode({"key": KEY, "callback_url": "https://app.example/"})
        answers = [
            _asked(gateway, API_KEY, "acme/m1"),
            _asked(gateway, API_KEY, "acme/m1", stream=True),
            _asked(gateway, API_KEY, "acme/dead"),
            _asked(gateway, API_KEY, "acme/unknown"),
            _asked(gateway, KEY, "acme/m1"),
            call(gateway, "POST", "/api/v1/chat/completions", f'{{"{PROMPT}": ', key=API_KEY),
            call(gateway, "GET", "/api/v1/key", key=KEY),
            call(gateway, "GET", f"/api/v1/keys/{KEY}", key=MANAGEMENT_KEY),
            call(gateway, "POST", "/api/v1/keys", {"name": 5, "key": KEY}, key=MANAGEMENT_KEY),
            call(gateway, "POST", "/api/v1/auth/keys", {"code": KEY, "code_verifier": PROMPT}, key=None),
            call(gateway, "POST", "/auth", form, key=None),
            call(gateway, "GET", "/api/v1/keys", key=MANAGEMENT_KEY),
        ]
        made = new_key(gateway, "made")["key"]
        answers.append(_asked(gateway, made, "acme/m1"))
        yield Sung(gateway, answers)


def test_the_canaries_went_through(sung: Sung) -> None:
    assert [answer.status for answer in sung.answers] == [
        *(200, 200, 503, 400, 401, 400, 401, 404, 400, 403, 401, 200, 200)
    ]


def test_no_answer_repeats_a_key_or_a_credential(sung: Sung) -> None:
    for answer in sung.answers:
        said = answer.text + json.dumps(answer.headers)
        assert KEY not in said
        assert CREDENTIAL not in said
        assert "canary-key" not in said


def test_no_log_and_no_metric_holds_a_canary(sung: Sung) -> None:
    metrics = call(sung.gateway, "GET", "/metrics", key=None).text
    for text in (sung.gateway.log.read_text(), metrics):
        for canary in (KEY, PROMPT, CREDENTIAL, API_KEY, MANAGEMENT_KEY):
            assert canary not in text


def test_no_column_and_no_file_holds_a_canary(sung: Sung) -> None:
    call(sung.gateway, "GET", "/api/v1/key")  # brings what was recorded into the database
    database = sqlite3.connect(sung.gateway.data_dir / "waystation.db")
    dump = "\n".join(database.iterdump())
    database.close()
    files = [file for file in sung.gateway.data_dir.rglob("*") if file.is_file()]

    assert "generations" in dump
    for canary in (KEY, PROMPT, CREDENTIAL, API_KEY, MANAGEMENT_KEY):
        assert canary not in dump
        assert [file.name for file in files if canary.encode() in file.read_bytes()] == []
