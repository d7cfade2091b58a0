"""The control plane: everything that is not inference, on a framework that takes our structs and describes them."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from waystation.api.asgi import Application, Receive, Scope, Send
from waystation.api.cors import Cors
from waystation.api.failures import on_framework_error, on_gateway_error, on_unexpected_error
from waystation.errors import GatewayError

BASE = "/api/v1"


def control_plane(handlers: Sequence[HTTPRouteHandler], cors: Cors) -> Application:
    """The ASGI application for these handlers, under `/api/v1` and `/v1` alike."""
    app = Litestar(
        route_handlers=list(handlers),
        openapi_config=None,
        logging_config=None,
        exception_handlers={
            GatewayError: on_gateway_error,
            HTTPException: on_framework_error,
            Exception: on_unexpected_error,
        },
    )
    return _Front(app, cors)


class _Front:
    """Both bases, and cross-origin answers, in front of the framework."""

    def __init__(self, app: Litestar, cors: Cors) -> None:
        self._app = app
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)  # type: ignore[arg-type]
            return
        if scope["method"] == "OPTIONS":
            await self._cors.preflight(scope, send)
            return
        if scope["path"].startswith("/v1/"):
            scope["path"] = "/api" + scope["path"]
            scope["raw_path"] = b"/api" + scope.get("raw_path", b"")
        extra = self._cors.headers(scope)

        async def send_with_origin(message: Any) -> None:
            if message["type"] == "http.response.start" and extra:
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self._app(scope, receive, send_with_origin)  # type: ignore[arg-type]
