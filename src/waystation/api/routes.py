"""The front door: the data plane by exact path in a dict, everything else to the control plane. No middleware.

The same routes answer under `/api/v1`, `/v1`, and for Anthropic clients (which append `/v1/...` to their base) `/api`.
"""

from collections.abc import Mapping

from waystation.api.cors import Cors
from waystation.api.inference import JSON, Inference
from waystation.codec.error_envelope import render_error_envelope
from waystation.errors import GatewayError, PayloadTooLarge, Unavailable
from waystation.server.answer import Answer
from waystation.server.request import Reply, Request
from waystation.server.routes import Handler, Route, Routes

BASES = ("/api/v1", "/v1")
_ERROR_TYPES = {408: "timeout", 500: "server"}
"""Of what the server refuses by itself; all else is an invalid request."""


class FrontDoor:
    """The server's routes. `inference` maps a path below a base to its handler; `max_body` is in bytes."""

    def __init__(
        self, inference: Mapping[str, Inference], control: Handler, cors: Cors, max_body: int
    ) -> None:
        self._inference = {base + path: one for base in BASES for path, one in inference.items()}
        self._cors = cors
        self._max_body = max_body
        self._exact = {path: Route(one, max_body, one.admit) for path, one in self._inference.items()}
        self.routes = Routes(self._exact, Route(control, max_body), self.refuse)

    def refuse_inference(self) -> None:
        """Answer 503 to inference from now on: the process is about to end."""
        self._exact.update(
            {path: Route(self._refuse_late, self._max_body, self._late) for path in self._exact}
        )

    def refuse(self, status: int, reason: str, request: Request | None) -> Reply:
        """What the server says by itself of a request that reaches no handler, in the dialect of its path."""
        kind = _ERROR_TYPES.get(status, "invalid_request")
        error = GatewayError(reason, status=status, error_type=kind)
        if status == 413:
            error = PayloadTooLarge(f"The request body is over the limit of {self._max_body // 2**20} MB.")
        if request is None:
            return Reply(status, JSON, render_error_envelope(error))
        inference = self._inference.get(request.path)
        if inference is not None:
            return inference.refusal(error, request)
        return Reply(status, JSON, render_error_envelope(error), self._cors.headers(request.headers))

    def _late(self, request: Request) -> Reply:
        error = Unavailable("The gateway is shutting down. Send the request again.")
        return self._inference[request.path].refusal(error, request, ((b"retry-after", b"1"),))

    async def _refuse_late(self, request: Request, answer: Answer) -> None:
        said = self._late(request)
        answer.close()
        answer.reply(said.status, said.content_type, said.headers, said.body)
