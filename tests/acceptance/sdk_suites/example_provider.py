"""A provider on loopback that answers by examples, once a mock server that reads the provider's specification finds the request valid."""

import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from examples import streamed, whole

SECONDS = 20


@contextmanager
def example_provider(checker: str | None) -> Iterator["ExampleProvider"]:
    """One that runs; `checker` is the base URL of the mock server, None where there is none."""
    provider = ExampleProvider(checker)
    thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        provider.shutdown()
        thread.join()
        provider.server_close()


class ExampleProvider(ThreadingHTTPServer):
    """Counts what it was asked, by path; keeps what the checker said against requests."""

    daemon_threads = True

    def __init__(self, checker: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.checker = checker
        self.asked: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def fault(self, path: str, raw: bytes) -> str:
        """What the specification has against a request, empty for nothing."""
        if self.checker is None:
            return ""
        headers = {"content-type": "application/json", "authorization": "Bearer sk-fake"}
        request = urllib.request.Request(self.checker + path, raw, headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - loopback
                answer.read()
        except urllib.error.HTTPError as error:
            return error.read().decode(errors="replace")
        return ""


class _Handler(BaseHTTPRequestHandler):
    server: ExampleProvider
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        path = urlsplit(self.path).path
        self.server.asked[path] += 1
        body = json.loads(raw)
        answer, fault = whole(path, body), self.server.fault(path, raw)
        if fault:
            self.server.refused[f"{path}: {fault[:600]}"] += 1
            self.say(400, "application/json", json.dumps({"error": {"message": fault}}).encode())
        elif answer is None:
            self.say(404, "application/json", b"{}")
        elif body.get("stream"):
            self.say(200, "text/event-stream", streamed(path, body))
        else:
            self.say(200, "application/json", json.dumps(answer).encode())

    def say(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
