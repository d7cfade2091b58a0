"""The front door: the data plane by exact path in a dict, everything else to the control plane. No middleware.

The same routes answer under `/api/v1`, `/v1`, and for Anthropic clients (which append `/v1/...` to their base) `/api`.
"""

from collections.abc import Awaitable, Callable

from waystation.api.asgi import Application, Connection, Receive, Scope, Send
from waystation.api.cors import Cors
from waystation.codec.error_envelope import render_error_envelope
from waystation.errors import GatewayError, Unavailable
from waystation.pipeline.caller import Headers

BASES = ("/api/v1", "/v1")

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


class Routes:
    """The ASGI application. `inference` maps a path below a base to its handler."""

    def __init__(self, inference: dict[str, Handler], control: Application, cors: Cors) -> None:
        self._handlers = {base + path: handler for base in BASES for path, handler in inference.items()}
        self._control = control
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request; lifespan belongs to the control plane's framework."""
        if scope["type"] == "http":
            handler = self._handlers.get(scope["path"])
            if handler is not None:
                if scope["method"] == "POST":
                    await handler(scope, receive, send)
                    return
                if scope["method"] == "OPTIONS":
                    await self._cors.preflight(scope, send)
                    return
                await self._refuse_method(scope, receive, send)
                return
        await self._control(scope, receive, send)

    def refuse_inference(self) -> None:
        """Answer 503 to inference from now on: the process is about to end."""
        self._handlers = dict.fromkeys(self._handlers, self._refuse_late)

    async def _refuse_method(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = f"{scope['method']} is not allowed here."
        error = GatewayError(text, status=405, error_type="invalid_request")
        await self._refuse(error, [(b"allow", b"POST, OPTIONS")], scope, receive, send)

    async def _refuse_late(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = Unavailable("The gateway is shutting down. Send the request again.")
        await self._refuse(error, [(b"retry-after", b"1"), (b"connection", b"close")], scope, receive, send)

    async def _refuse(
        self, error: GatewayError, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        connection = Connection(receive, send, self._cors.headers(scope))
        await connection.reply(error.status, b"application/json", headers, render_error_envelope(error))
