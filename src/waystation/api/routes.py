"""The front door: the data plane by exact path in a dict, everything else to the control plane. No middleware.

The same routes answer under `/api/v1`, `/v1`, and for Anthropic clients (which append `/v1/...` to their base) `/api`.
"""

from collections.abc import Awaitable, Callable

from waystation.api.asgi import Application, Connection, Receive, Scope, Send
from waystation.api.cors import Cors
from waystation.codec.error_envelope import render_error_envelope
from waystation.errors import GatewayError

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

    async def _refuse_method(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = GatewayError(
            f"{scope['method']} is not allowed here.", status=405, error_type="invalid_request"
        )
        connection = Connection(receive, send, self._cors.headers(scope))
        allowed = [(b"allow", b"POST, OPTIONS")]
        await connection.reply(error.status, b"application/json", allowed, render_error_envelope(error))
