"""A gateway whose database goes away: it serves on or refuses, as configured, says so, and blames no key for it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contract_setting import CONTRACT_TOML
from gateway_client import Answer, call, chat, generation, get
from gateway_process import GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider
from waiting import wait_for
from waystation.storage.engine import FILE_NAME


def started(start_gateway: StartGateway, provider: ScriptedProvider, mode: str) -> GatewayProcess:
    toml = CONTRACT_TOML.format(first=provider.url, second=provider.url)
    return start_gateway(f'[records]\nwhen_unrecordable = "{mode}"\n{toml}')


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as provider:
        yield provider


@contextmanager
def gone(database: Path) -> Iterator[None]:
    """The database's files are deleted; afterwards a copy of what was there is put in their place."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    copy = database.with_suffix(".copy")
    shutil.copy(database, copy)
    for file in database.parent.glob(FILE_NAME + "*"):
        file.unlink()
    try:
        yield
    finally:
        shutil.move(copy, database)


def ready(gateway: GatewayProcess) -> Answer:
    return call(gateway, "GET", "/health/ready", key=None)


def gauge(gateway: GatewayProcess, name: str) -> float:
    text = call(gateway, "GET", "/metrics", key=None).text
    return float(next(line for line in text.splitlines() if line.startswith(name + " ")).split()[1])


def count(database: Path, generations: list[str]) -> int:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        places = ",".join("?" * len(generations))
        question = f"SELECT count(*) FROM generations WHERE id IN ({places})"  # noqa: S608 - question marks
        return int(connection.execute(question, generations).fetchone()[0])
    finally:
        connection.close()


def test_serving_goes_on_while_the_database_is_away(
    start_gateway: StartGateway, provider: ScriptedProvider
) -> None:
    gateway = started(start_gateway, provider, "serve")
    database = gateway.data_dir / FILE_NAME
    before = chat(gateway).headers["x-generation-id"]
    assert wait_for(lambda: count(database, [before]))

    with gone(database):
        answers = [chat(gateway, stream=streamed) for streamed in (False, True) * 5]
        assert [answer.status for answer in answers] == [200] * 10
        ids = [answer.headers["x-generation-id"] for answer in answers]
        assert wait_for(lambda: ready(gateway).status == 503)
        assert all(generation(gateway, one).status == 200 for one in ids)
        assert generation(gateway, before).status == 503
        assert get(gateway, "/key").status == 503
        assert gauge(gateway, "waystation_records_store_up") == 0
        assert gauge(gateway, "waystation_records_pending") == 10
        assert "database cannot be reached" in gateway.log.read_text()

    assert wait_for(lambda: ready(gateway).status == 200)
    assert count(database, [before, *ids]) == 11
    assert get(gateway, "/key").json["data"]["usage"] == pytest.approx(11 * 14.5e-6)


def test_a_gateway_that_is_told_to_refuses_until_the_database_is_back(
    start_gateway: StartGateway, provider: ScriptedProvider
) -> None:
    gateway = started(start_gateway, provider, "refuse")
    served: list[str] = []

    def refused() -> Any:
        answer = chat(gateway)
        if answer.status == 200:
            served.append(answer.headers["x-generation-id"])
            return None
        return answer

    with gone(gateway.data_dir / FILE_NAME):
        answer = wait_for(refused)
        assert answer.status == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.error["metadata"]["error_type"]
        assert "nothing is served" in ready(gateway).text
        assert gauge(gateway, "waystation_records_refusing") == 1

    assert wait_for(lambda: ready(gateway).status == 200)
    assert chat(gateway).status == 200
    assert count(gateway.data_dir / FILE_NAME, served) == len(served)


def test_a_locked_database_delays_records_and_no_answer(
    start_gateway: StartGateway, provider: ScriptedProvider
) -> None:
    gateway = started(start_gateway, provider, "refuse")
    other = sqlite3.connect(gateway.data_dir / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    ids = [chat(gateway).headers["x-generation-id"] for _ in range(5)]
    assert all(generation(gateway, one).status == 200 for one in ids)
    assert count(gateway.data_dir / FILE_NAME, ids) == 0

    other.execute("ROLLBACK")
    other.close()
    assert wait_for(lambda: count(gateway.data_dir / FILE_NAME, ids) == 5)
