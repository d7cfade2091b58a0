"""A provider on loopback that answers what a test tells it to, and keeps what it was asked. It knows the chat protocol's shapes only."""

import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

GATE_SECONDS = 30

Body = Mapping[str, Any]
Piece = Body | bytes | threading.Event


class Whole(NamedTuple):
    """A plain answer, sent once its gate (if any) is open."""

    body: Body
    status: int = 200
    gate: threading.Event | None = None


class Streamed(NamedTuple):
    """A streamed answer: chunks, raw bytes, and gates that hold the stream until the test opens them."""

    pieces: Sequence[Piece]


class Asked(NamedTuple):
    """A request as the provider had it."""

    path: str
    headers: dict[str, str]
    body: Any


def completion(content: str | None = "Hi", usage: Body | None = None, **message: Any) -> Whole:
    """A chat completion with this content and these further keys of its message."""
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    choice = {
        "index": 0,
        "finish_reason": reason,
        "message": {"role": "assistant", "content": content, **message},
    }
    return Whole(_envelope("chat.completion") | {"choices": [choice], "usage": dict(usage or USAGE)})


def chunk(reason: str | None = None, **delta: Any) -> Body:
    """A chunk of a streamed chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return _envelope("chat.completion.chunk") | {"choices": [choice]}


def usage_chunk(usage: Body | None = None) -> Body:
    """The chunk that ends a stream with its usage."""
    return _envelope("chat.completion.chunk") | {"choices": [], "usage": dict(usage or USAGE)}


def streamed(*pieces: Piece, reason: str = "stop") -> Streamed:
    """These pieces as a stream that ends as it should."""
    return Streamed([*pieces, chunk(reason), usage_chunk(), b"data: [DONE]\n\n"])


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-upstream-1", "object": kind, "created": 1710000000, "model": "native-model"}


USAGE: Body = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


class ScriptedProvider:
    """The provider: tell it answers with `answer`, read what came in `asked`; untold, it says "Hi"."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.client_closed = threading.Event()
        self._answers: deque[Whole | Streamed] = deque()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, *answers: Whole | Streamed) -> None:
        """Forget what was; give these answers to the next requests."""
        self._answers = deque(answers)
        self.asked.clear()
        self.client_closed.clear()

    def next_answer(self, request: Asked) -> Whole | Streamed:
        """Note the request; what to say to it."""
        self.asked.append(request)
        if self._answers:
            return self._answers.popleft()
        if request.body.get("stream"):
            return streamed(chunk(role="assistant", content="Hi"))
        return completion()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, provider: ScriptedProvider) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.provider = provider


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.provider.next_answer(Asked(self.path, headers, json.loads(raw)))
        try:
            self.say(answer)
        except (BrokenPipeError, ConnectionResetError):
            self.server.provider.client_closed.set()
            self.close_connection = True

    def say(self, answer: Whole | Streamed) -> None:
        match answer:
            case Whole(body, status, gate):
                if gate is not None:
                    gate.wait(GATE_SECONDS)
                data = json.dumps(body).encode()
                self.start(status, "application/json", {"content-length": str(len(data))})
                self.wfile.write(data)
            case Streamed(pieces):
                self.start(200, "text/event-stream", {"connection": "close"})
                for piece in pieces:
                    self.send_piece(piece)

    def start(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_piece(self, piece: Piece) -> None:
        match piece:
            case bytes():
                self.wfile.write(piece)
            case threading.Event():
                piece.wait(GATE_SECONDS)
            case _:
                self.wfile.write(b"data: " + json.dumps(piece).encode() + b"\n\n")
