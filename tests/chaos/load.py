"""Load for the stress and chaos scripts: a provider that streams, fails and stalls, and clients that read, or leave."""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable

from msgspec import Struct

TEXT = "x" * 8
TOKENS_EACH = 10
"""Output tokens that each chunk stands for."""
MAX_TOKENS = 200


class Upstream:
    """A provider on loopback. What it does to each request is drawn from `seed`."""

    def __init__(self, seed: int, *, failing: float = 0.2) -> None:
        self._random = random.Random(seed)
        self._failing = failing
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=2048)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
            )
            await reader.readexactly(length)
            await self._answer(writer)
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        draw = self._random.random()
        if draw < self._failing / 2:
            writer.write(b"HTTP/1.1 503 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        chunks = self._random.randint(1, MAX_TOKENS // TOKENS_EACH)
        until = self._random.randint(1, chunks) if draw < self._failing else chunks
        for _ in range(until):
            writer.write(_chunk({"content": TEXT}))
            await writer.drain()
            await asyncio.sleep(self._random.uniform(0, 0.01))
        if until == chunks:
            usage = {"prompt_tokens": 5, "completion_tokens": chunks * TOKENS_EACH}
            writer.write(_chunk({}, "stop") + _data({**_ENVELOPE, "choices": [], "usage": usage}))
            writer.write(b"data: [DONE]\n\n")
            await writer.drain()


class Outcome(Struct):
    """What a client saw. `whole`: the answer ended as it should, so its record must exist, with this cost in USD."""

    status: int = 0
    generation: str = ""
    whole: bool = False
    cost: float | None = None
    tokens: int = 0


async def ask(port: int, key: str, *, leave_after: int | None = None, stream: bool = True) -> Outcome:
    """One request on a connection of its own; the client leaves after so many bytes, if it does."""
    outcome = Outcome()
    data = b""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(_request(key, stream=stream))
            while piece := await asyncio.wait_for(reader.read(65536), 30):
                data += piece
                if leave_after is not None and len(data) > leave_after:
                    break
        finally:
            writer.close()
    _understand(outcome, data)
    return outcome


async def flood(
    port: int, key: str, clients: int, go_on: Callable[[], bool], seed: int, *, leaving: float = 0.2
) -> list[Outcome]:
    """So many clients, each asking again until told to stop; a part of them leaves early."""
    outcomes: list[Outcome] = []

    async def one(number: int) -> None:
        draw = random.Random(seed * 1000 + number)
        while go_on():
            leaves = draw.randint(200, 4000) if draw.random() < leaving else None
            outcome = await ask(port, key, leave_after=leaves)
            outcomes.append(outcome)
            if outcome.status != 200:
                await asyncio.sleep(draw.uniform(0, 0.05))

    await asyncio.gather(*(one(number) for number in range(clients)))
    return outcomes


_ENVELOPE = {"id": "chatcmpl-load", "object": "chat.completion.chunk", "created": 1, "model": "m1"}


def _chunk(delta: dict[str, str], reason: str | None = None) -> bytes:
    return _data({**_ENVELOPE, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})


def _data(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _request(key: str, *, stream: bool) -> bytes:
    body = {
        "model": "acme/m1",
        "stream": stream,
        "max_tokens": MAX_TOKENS,
        "messages": [{"role": "user", "content": "Say something"}],
    }
    encoded = json.dumps(body).encode()
    head = (
        f"POST /api/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(encoded)}\r\n\r\n"
    )
    return head.encode() + encoded


def _understand(outcome: Outcome, data: bytes) -> None:
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 ") or not _:
        return
    outcome.status = int(head[9:12])
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"x-generation-id:"):
            outcome.generation = line.split(b":", 1)[1].strip().decode()
    outcome.whole = outcome.status == 200 and b"data: [DONE]\n\n" in body
    at = body.rfind(b'"usage":{')
    if outcome.whole and at >= 0:
        usage = json.JSONDecoder().raw_decode(body[at + len(b'"usage":') :].decode(errors="replace"))[0]
        outcome.cost, outcome.tokens = usage.get("cost"), usage["completion_tokens"]
