"""Secrets that are sent in keys, credentials and prompts are looked for everywhere: files, columns, logs, metrics, errors."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway_client import Answer, Conversation, call, chat, get
from gateway_process import GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Streamed, Whole, chunk, completion, streamed
from waiting import wait_for

CLIENT = "sk-ws-v1-" + "ca" * 32
MANAGER = "sk-ws-v1-" + "fe" * 32
WRONG = "sk-ws-v1-" + "0d" * 32
CREDENTIAL = "sk-provider-canary-0123456789abcdef"
HEADER = "header-canary-0123456789abcdef"
ASKED = "canary-of-the-prompt-4711"
ANSWERED = "canary-of-the-answer-4712"
REFUSED = "canary-of-the-upstream-4713"
CREDENTIALS = (CLIENT, MANAGER, WRONG, CREDENTIAL, HEADER)
TEXTS = (ASKED, ANSWERED, REFUSED)
TOML = """
[logging]
level = "debug"
[records]
content = {content}
[providers.acme]
base_url = "{url}"
api_key = "{credential}"
headers = {{ x-secret = "{header}" }}
models = [{{ id = "acme/m1", native_id = "m1", prompt = "0.000001", completion = "0.000001" }}]
"""


class Canary(NamedTuple):
    """What a gateway said and left behind, after many kinds of requests. `answers` hold no content that was asked for."""

    gateway: GatewayProcess
    answers: list[Answer]
    metrics: str


@pytest.fixture(scope="module", params=["false", "true"], ids=["records alone", "content stored"])
def canary(request: pytest.FixtureRequest, start_gateway: StartGateway) -> Iterator[Canary]:
    with ScriptedProvider() as provider:
        toml = TOML.format(content=request.param, url=provider.url, credential=CREDENTIAL, header=HEADER)
        keys = {"WAYSTATION_KEYS__API_KEY": CLIENT, "WAYSTATION_KEYS__MANAGEMENT_KEY": MANAGER}
        gateway = start_gateway(toml, keys)
        errors = ask_everything(gateway, provider)
        assert any(asked.headers["authorization"] == f"Bearer {CREDENTIAL}" for asked in provider.asked)
        metrics = call(gateway, "GET", "/metrics", key=MANAGER).text
        assert "acme/m1" in metrics
        wait_for(lambda: rows(gateway.data_dir, "generations") >= 7)
        yield Canary(gateway, errors, metrics)


def ask_everything(gateway: GatewayProcess, provider: ScriptedProvider) -> list[Answer]:
    """Successes, failures, aborts and refusals; the answers that have no business to hold any secret."""
    spoken = {"error": {"message": f"{REFUSED} {CREDENTIAL} {HEADER}", "code": REFUSED}}
    chunks = streamed(chunk(role="assistant", content=ANSWERED))
    provider.answer(completion(ANSWERED), chunks)
    for stream in (False, True):
        assert ANSWERED in ask(gateway, stream=stream).text
    errors: list[Answer] = []
    for status in (400, 401, 403, 429, 500):
        provider.answer(*[Whole(spoken, status)] * 8)
        errors.append(ask(gateway))
    provider.answer(
        *[
            Streamed(
                [chunk(content=ANSWERED), b'data: {"error": {"message": "' + REFUSED.encode() + b'"}}\n\n']
            )
        ]
        * 2
    )
    ask(gateway, stream=True)
    with Conversation(gateway, body(stream=True), key=CLIENT) as conversation:
        conversation.close()
    errors += [
        call(gateway, "POST", "/api/v1/chat/completions", body(), key=WRONG),
        call(gateway, "POST", "/api/v1/chat/completions", body(), key=MANAGER),
        call(gateway, "POST", "/api/v1/chat/completions", b'{"model": "' + ASKED.encode(), key=CLIENT),
        get(gateway, "/keys", CLIENT),
        get(gateway, "/keys", MANAGER),
        get(gateway, "/key", CLIENT),
        get(gateway, "/activity", MANAGER),
        call(gateway, "GET", "/health/ready", key=None),
    ]
    provider.answer()
    ask(gateway)
    return errors


def body(**fields: object) -> dict[str, object]:
    return {"model": "acme/m1", "messages": [{"role": "user", "content": ASKED}], **fields}


def ask(gateway: GatewayProcess, **fields: object) -> Answer:
    return call(gateway, "POST", "/api/v1/chat/completions", body(**fields), key=CLIENT)


def rows(data_dir: Path, table: str) -> int:
    connection = sqlite3.connect(data_dir / "waystation.db")
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own tables
    finally:
        connection.close()


def columns(data_dir: Path) -> dict[str, str]:
    """Everything in the database, by table and column."""
    connection = sqlite3.connect(data_dir / "waystation.db")
    try:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        found: dict[str, str] = {}
        for table in tables:
            cursor = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own tables
            names = [column[0] for column in cursor.description]
            for row in cursor:
                for name, value in zip(names, row, strict=True):
                    found[f"{table}.{name}"] = found.get(f"{table}.{name}", "") + f"{value}\n"
        return found
    finally:
        connection.close()


def test_no_credential_is_in_any_file(canary: Canary) -> None:
    files = [path for path in canary.gateway.data_dir.rglob("*") if path.is_file()]

    assert any(path.suffix == ".journal" for path in files) or len(files) > 1
    found = {
        (path.name, secret)
        for path in files
        for secret in CREDENTIALS
        if secret.encode() in path.read_bytes()
    }
    assert found == set()


def test_no_credential_and_no_text_is_in_a_log_a_metric_or_an_error(canary: Canary) -> None:
    log = canary.gateway.log.read_text()
    assert '"exchange"' in log or "exchange" in log

    said = {"log": log, "metrics": canary.metrics}
    said |= {
        f"answer {at} ({answer.status})": f"{answer.headers}{answer.text}".replace(REFUSED, "")
        for at, answer in enumerate(
            canary.answers
        )  # what a provider says of a request is quoted to whoever sent it
    }
    assert {
        (where, secret) for where, text in said.items() for secret in (*CREDENTIALS, *TEXTS) if secret in text
    } == set()


def test_texts_are_in_the_one_column_that_is_for_them(canary: Canary, request: pytest.FixtureRequest) -> None:
    found = {
        (column, text)
        for column, values in columns(canary.gateway.data_dir).items()
        for text in TEXTS
        if text in values
    }

    wanted = "content stored" in request.node.name
    assert found == ({("generation_content.content", text) for text in TEXTS} if wanted else set())


def test_a_key_is_known_by_its_hash_and_label_alone(canary: Canary) -> None:
    kept = columns(canary.gateway.data_dir)

    assert chat(canary.gateway).status == 401  # the usual key of the tests is not valid here
    assert CLIENT[-3:] in kept["keys.label"]
    assert all(CLIENT[9:40] not in values for values in kept.values())
