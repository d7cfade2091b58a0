"""A server of Ollama's, named by its own variable alone: its models are listed, and answer whole and streamed."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gateway_client import chat, get
from gateway_process import GatewayProcess, StartGateway

MODEL = "ollama/qwen3:8b"
TIME = "2026-08-07T06:08:11.017589Z"


def said(content: str, **more: object) -> bytes:
    message = {"role": "assistant", "content": content}
    line = {"model": "qwen3:8b", "created_at": TIME, "message": message, "done": False} | more
    return json.dumps(line).encode() + b"\n"


END = said("", done=True, done_reason="stop", prompt_eval_count=7, eval_count=2)
WHOLE = said("Hello", done=True, done_reason="stop", prompt_eval_count=7, eval_count=2)
TAGS = b'{"models":[{"name":"qwen3:8b","model":"qwen3:8b","size":1}]}'


class Ollama(BaseHTTPRequestHandler):
    """Answers a list of models and chats."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.say(TAGS if self.path == "/api/tags" else b"{}")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert (self.path, asked["model"]) == ("/api/chat", "qwen3:8b")
        self.say(said("Hel") + said("lo") + END if asked["stream"] else WHOLE)

    def say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway) -> Iterator[GatewayProcess]:
    """A gateway that was told nothing but where Ollama is."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ollama) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield start_gateway("", environment={"OLLAMA_HOST": f"127.0.0.1:{server.server_address[1]}"})
        server.shutdown()
        thread.join()


def test_its_models_are_listed(gateway: GatewayProcess) -> None:
    listed = get(gateway, "/models").json["data"]
    assert MODEL in [model["id"] for model in listed]


def test_its_models_answer_whole(gateway: GatewayProcess) -> None:
    answer = chat(gateway, MODEL)

    assert answer.status == 200, answer.text
    assert answer.json["choices"][0]["message"]["content"] == "Hello"
    assert (answer.json["usage"]["prompt_tokens"], answer.json["usage"]["completion_tokens"]) == (7, 2)


def test_its_models_answer_in_a_stream(gateway: GatewayProcess) -> None:
    answer = chat(gateway, MODEL, stream=True)

    said = [choice["delta"].get("content") or "" for one in answer.chunks for choice in one["choices"]]
    assert "".join(said) == "Hello"
    assert answer.chunks[-1]["usage"]["total_tokens"] == 9
    assert answer.blocks[-1] == "data: [DONE]"
