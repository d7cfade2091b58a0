"""A web server on loopback with the pages that a test puts there."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self


class Page(NamedTuple):
    """What the server has at a path."""

    content: bytes = b""
    kind: str | None = None
    status: int = 200
    location: str | None = None
    gate: threading.Event | None = None
    announced: int | None = None


class Web:
    """Pages on loopback, and how often each was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                web.asked.append(self.path)
                page = web.pages.get(self.path, Page(status=404))
                if page.gate is not None:
                    page.gate.wait(30)
                self.send_response(page.status)
                if page.kind is not None:
                    self.send_header("content-type", page.kind)
                if page.location is not None:
                    self.send_header("location", page.location)
                if page.announced is not None:
                    self.send_header("content-length", str(page.announced))
                self.end_headers()
                try:
                    self.wfile.write(page.content)
                except ConnectionError:
                    return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
