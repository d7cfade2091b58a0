"""Reading a server's own list of models, against a real server on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from recorded_exchanges import recordings
from waystation.providers.base import Configuration, Secret
from waystation.providers.compatible import OwnServer
from waystation.providers.discover import Discovery, discover, read_models
from waystation.upstream.client import Client, Timeouts

PATIENT, HASTY = Timeouts(), Timeouts(first_byte=0.2)


@asynccontextmanager
async def serving(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers every request with these bytes (none: never answers); its address and what it was sent."""
    seen: list[bytes] = []
    finished = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        if answer:
            writer.write(answer)
        else:
            await finished.wait()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}/v1", seen
        finished.set()


def http(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def discovered(base_url: str, key: str = "", timeouts: Timeouts = PATIENT) -> Discovery:
    keys = (Secret(key),) if key else ()
    client = Client()
    try:
        return await discover(client, OwnServer("mine", Configuration(keys, base_url=base_url)), timeouts)
    finally:
        await client.aclose()


async def test_a_servers_models_become_models_under_its_slug() -> None:
    async with serving(http(b'{"object":"list","data":[{"id":"qwen3","max_model_len":40960}]}')) as (
        url,
        seen,
    ):
        found = await discovered(url, "fake-key")

    assert found.problem is None
    assert [(model.provider, model.id, model.native_id) for model in found.models] == [
        ("mine", "mine/qwen3", "qwen3")
    ]
    assert found.models[0].context_length == 40960
    assert found.models[0].prompt is None
    assert seen[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"authorization: bearer fake-key\r\n" in seen[0].lower()


async def test_a_refusal_is_reported() -> None:
    async with serving(http(b'{"error":"fake-key is wrong"}', "401 Unauthorized")) as (url, _):
        found = await discovered(url)

    assert found == Discovery(problem="its list of models answered with status 401")


async def test_a_server_that_is_not_there_is_reported() -> None:
    async with serving(b"x") as (url, _):
        pass
    found = await discovered(url)

    assert found.models == ()
    assert found.problem


async def test_a_server_that_never_answers_is_reported() -> None:
    async with serving(b"") as (url, _):
        found = await discovered(url, timeouts=HASTY)

    assert found.models == ()
    assert found.problem


@pytest.mark.parametrize("body", [b"<html>", b"", b'"models"', b'{"data": 3}', b"{}"])
def test_what_is_no_list_is_reported(body: bytes) -> None:
    found = read_models("mine", body)

    assert found.models == ()
    assert found.problem is not None


@pytest.mark.parametrize(
    ("row", "context_length"),
    [
        (b'{"id":"m","context_length":1}', 1),
        (b'{"id":"m","max_model_len":2}', 2),
        (b'{"id":"m","max_context_length":3}', 3),
        (b'{"id":"m","context_window":4}', 4),
        (b'{"id":"m","meta":{"n_ctx_train":5}}', 5),
        (b'{"id":"m","meta":{"n_ctx":6,"n_ctx_train":7}}', 6),
        (b'{"id":"m","context_length":0,"max_model_len":null,"meta":"?"}', None),
        (b'{"id":"m","context_length":true}', None),
        (b'"m"', None),
    ],
)
@pytest.mark.parametrize("around", [b'{"data":[%s]}', b'{"models":[%s]}', b"[%s]"])
def test_shapes_of_lists_and_names_of_context_lengths(
    row: bytes, context_length: int | None, around: bytes
) -> None:
    found = read_models("mine", around % row)

    assert [model.native_id for model in found.models] == ["m"]
    assert found.models[0].context_length == context_length


def test_rows_without_an_id_and_repeats_are_left_out() -> None:
    found = read_models(
        "mine", b'[{"object":"model"}, 7, {"id":""}, {"name":"a"}, {"model":"b"}, {"id":"a"}]'
    )

    assert [model.native_id for model in found.models] == ["a", "b"]


def test_embedding_models_are_not_taken_for_chat_models() -> None:
    found = read_models("mine", b'[{"id":"bge","type":"embedding"},{"id":"chatty","type":"chat"}]')

    assert [(model.operation, model.output_modalities) for model in found.models] == [
        ("embeddings", ("embeddings",)),
        (None, None),
    ]


def test_recorded_lists_give_every_model_they_name() -> None:
    lists = [one for one in recordings("models") if one.path.endswith("/models")]
    assert len(lists) >= 5
    for one in lists:
        body = one.body or {}
        rows = body.get("data", body.get("models"))
        assert isinstance(rows, list)
        assert rows
        found = read_models(one.provider, json.dumps(body).encode())
        assert found.problem is None
        assert [model.native_id for model in found.models] == [row.get("id", row.get("name")) for row in rows]
