"""Clients that people use, against the server in a thread of its own."""

import asyncio
import http.client
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator

import httpx
import openai
import pytest
import uvloop
from msgspec import json

from server.conftest import echo, listener
from waystation.server.answer import Answer
from waystation.server.request import Request
from waystation.server.routes import Route, Routes, refuse_plainly
from waystation.server.server import HttpServer

CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}


async def chat(request: Request, answer: Answer) -> None:
    """A chat completion, streamed where that is asked."""
    if not json.decode(request.body).get("stream"):
        message = {"role": "assistant", "content": "hello"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        answer.reply(200, b"application/json", (), json.encode(body))
        return
    answer.start(200, b"text/event-stream", ())
    for word in ("he", "llo"):
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        await answer.send(b"data: " + json.encode({**CHUNK, "choices": [choice]}) + b"\n\n")
    answer.finish(b"data: [DONE]\n\n")


@pytest.fixture(params=[asyncio.SelectorEventLoop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that runs in a thread."""
    make_loop: Callable[[], asyncio.AbstractEventLoop] = request.param
    listening, number = listener()
    started = threading.Event()
    stop: list[Callable[[], object]] = []

    async def run() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(over.set))
        server = HttpServer(Routes({"/v1/chat/completions": Route(chat)}, Route(echo), refuse_plainly))
        await server.start([listening])
        started.set()
        await over.wait()
        server.abort()
        assert await server.wait_drained(5)

    def serve() -> None:
        with asyncio.Runner(loop_factory=make_loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=serve)
    thread.start()
    started.wait(30)
    yield number
    stop[0]()
    thread.join(30)


def test_the_standard_library(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(2):
        connection.request("POST", "/a?b=c", b"body")
        assert connection.getresponse().read() == b"POST /a b=c body"
    connection.request("PUT", "/a", iter([b"in ", b"chunks"]), encode_chunked=True)
    assert connection.getresponse().read() == b"PUT /a  in chunks"
    connection.request("HEAD", "/a")
    answered = connection.getresponse()
    assert (answered.status, answered.getheader("content-length"), answered.read()) == (200, "9", b"")
    connection.close()


def test_httpx_over_one_connection(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        for method in ("GET", "POST", "DELETE", "PATCH"):
            answered = client.request(method, "/x", content=b"abc")
            assert answered.text == f"{method} /x  abc"


def test_the_openai_client_whole_and_streamed(port: int) -> None:
    client = openai.OpenAI(
        api_key="sk-fake", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0, timeout=30
    )
    with client:
        whole = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        assert whole.choices[0].message.content == "hello"
        stream = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "hello"


@pytest.mark.parametrize(
    "options",
    [
        ["--data", "abc"],
        ["--data", "abc", "--http1.0"],
        ["--data", "abc", "-H", "Transfer-Encoding: chunked"],
        ["--data", "abc", "-H", "Expect: 100-continue"],
        ["--data", "abc", "--http2"],
    ],
)
def test_curl(port: int, options: list[str]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    command = ["curl", "-sS", "--noproxy", "*", "--max-time", "5", *options, f"http://127.0.0.1:{port}/x"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    assert done.stdout == b"POST /x  abc"
