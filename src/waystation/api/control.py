"""The control plane: everything that is not inference, on a framework that takes our structs and describes them."""

from collections.abc import Sequence

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from waystation.accounts.keys import KeyRing
from waystation.api.cors import Cors
from waystation.api.failures import on_framework_error, on_gateway_error, on_unexpected_error
from waystation.api.roles import guard_of
from waystation.errors import GatewayError
from waystation.server.answer import Answer
from waystation.server.asgi_bridge import AsgiBridge
from waystation.server.request import Request

BASE = "/api/v1"


class ControlPlane:
    """The server's handler for these route handlers, under `/api/v1` and `/v1` alike."""

    def __init__(self, handlers: Sequence[HTTPRouteHandler], keys: KeyRing, cors: Cors) -> None:
        self.handlers = tuple(handlers)
        self._cors = cors
        app = Litestar(
            route_handlers=list(handlers),
            guards=[guard_of(keys)],
            openapi_config=None,
            logging_config=None,
            exception_handlers={
                GatewayError: on_gateway_error,
                HTTPException: on_framework_error,
                Exception: on_unexpected_error,
            },
        )
        self._bridge = AsgiBridge(app)  # type: ignore[arg-type]

    async def __call__(self, request: Request, answer: Answer) -> None:
        """Serve one request, cross-origin answers included."""
        if request.method == "OPTIONS":
            self._cors.preflight(request, answer)
            return
        if request.path.startswith("/v1/"):
            request.path = "/api" + request.path
            request.target = b"/api" + request.target
        answer.extra = self._cors.headers(request.headers)
        await self._bridge(request, answer)
