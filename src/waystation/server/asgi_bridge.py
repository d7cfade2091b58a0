"""An ASGI application as a handler: for everything that need not be fast. The body is gathered before it runs.

There is no lifespan and no WebSocket here.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from waystation.server.answer import Answer
from waystation.server.request import Headers, Request

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_OURS = frozenset({b"content-type", b"content-length", b"transfer-encoding", b"connection", b"keep-alive"})
"""Headers which the server writes itself, from what the application says."""


class AsgiBridge:
    """The handler. `server` is what the scope names as the address that was asked."""

    def __init__(self, application: Application, server: tuple[str, int] | None = None) -> None:
        self._application = application
        self._server = server

    async def __call__(self, request: Request, answer: Answer) -> None:
        """Serve one request by the application."""
        cycle = _Cycle(request, answer)
        await self._application(self._scope(request), cycle.receive, cycle.send)

    def _scope(self, request: Request) -> MutableMapping[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": request.version,
            "method": request.method,
            "scheme": "http",
            "path": request.path,
            "raw_path": request.target,
            "query_string": request.query,
            "root_path": "",
            "headers": [*request.headers.items(), *request.repeated],
            "client": request.client,
            "server": self._server,
            "state": {},
        }


class _Cycle:
    """One request's messages, both ways."""

    def __init__(self, request: Request, answer: Answer) -> None:
        self._request = request
        self._answer = answer
        self._received = False
        self._over = asyncio.Event()
        self._status = 0
        self._headers: Headers = ()
        answer.listen(self._over.set)

    async def receive(self) -> Message:
        """The body, then (when the client has gone or the answer is whole) the end."""
        if not self._received:
            self._received = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """The head is held back until the first piece of the body says whether there are more."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [
                (bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())
            ]
        elif message["type"] == "http.response.body":
            await self._send_body(bytes(message.get("body", b"")), more=bool(message.get("more_body")))
        else:
            raise RuntimeError(f"ASGI message {message['type']!r} has no place in HTTP")

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        if not self._status:
            raise RuntimeError("ASGI body before the start of the answer")
        answer = self._answer
        if not answer.started:
            if more:
                self._open()
                await answer.send(body)
            else:
                self._whole(body)
        elif more:
            await answer.send(body)
        else:
            answer.finish(body)
        if answer.finished:
            self._over.set()

    def _whole(self, body: bytes) -> None:
        said = dict(self._headers)
        length = int(said.get(b"content-length", b"0")) if self._request.method == "HEAD" else len(body)
        content_type, headers = self._split()
        self._answer.reply(self._status, content_type, headers, body, max(length, len(body)))

    def _open(self) -> None:
        content_type, headers = self._split()
        self._answer.start(self._status, content_type, headers)

    def _split(self) -> tuple[bytes, Headers]:
        """The content-type and the other headers; an application may also ask for the connection's end."""
        said = dict(self._headers)
        if said.get(b"connection", b"").lower() == b"close":
            self._answer.close()
        return said.get(b"content-type", b""), [pair for pair in self._headers if pair[0] not in _OURS]
