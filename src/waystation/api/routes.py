"""The front door: the data plane by exact path in a dict or a small table, all else to the control plane. No middleware.

The same routes answer under `/api/v1`, `/v1`, and for Anthropic clients (which append `/v1/...` to their base) `/api`.
"""

from collections.abc import Mapping

from waystation.api.cors import Cors
from waystation.api.inference import JSON, Inference
from waystation.codec.error_envelope import render_error_envelope
from waystation.errors import GatewayError, PayloadTooLarge, Unavailable
from waystation.server.answer import Answer
from waystation.server.request import Reply, Request
from waystation.server.routes import Handler, Pattern, Route, Routes

BASES = ("/api/v1", "/v1")
GOOGLE_BASES = ("/v1beta", "/v1", "/api/v1beta", "/api/v1")
"""Where Google's clients put `/models/<model>:<verb>`."""
EXPLAINED = "/route"
"""The one path of the control plane that takes what inference takes, and so bodies of its size."""
CONTROL_BODY = 2**20
"""Bytes of a body of any other: some of these routes are for anybody, and whole bodies are held in memory."""
_ERROR_TYPES = {408: "timeout", 500: "server"}
"""Of what the server refuses by itself; all else is an invalid request."""


class FrontDoor:
    """The server's routes. `inference` maps a path below a base to its handler, `google` a verb; `max_body` is in bytes."""

    def __init__(
        self,
        inference: Mapping[str, Inference],
        google: Mapping[str, Inference],
        control: Handler,
        cors: Cors,
        max_body: int,
    ) -> None:
        self._cors = cors
        self._max_body = max_body
        self._exact = {
            base + path: Route(one, max_body, one.admit) for base in BASES for path, one in inference.items()
        }
        self._patterns = {
            Pattern(f"{base}/models/", (f":{verb}",)): Route(one, max_body, one.admit)
            for base in GOOGLE_BASES
            for verb, one in google.items()
        }
        self._late_paths = tuple(self._exact)
        chat = inference.get("/chat/completions")
        explained = Route(control, max_body, chat.admit if chat is not None else None)
        self._exact.update({base + EXPLAINED: explained for base in BASES})
        other = Route(control, min(max_body, CONTROL_BODY))
        self.routes = Routes(self._exact, other, self.refuse, self._patterns)
        self._serving = Routes(dict(self._exact), other, self.refuse, dict(self._patterns))
        """The same before the end: whose dialect a late refusal is said in."""

    def refuse_inference(self) -> None:
        """Answer 503 to inference from now on: the process is about to end."""
        late = Route(self._refuse_late, self._max_body, self._late)
        self._exact.update(dict.fromkeys(self._late_paths, late))
        self._patterns.update(dict.fromkeys(self._patterns, late))

    def refuse(self, status: int, reason: str, request: Request | None) -> Reply:
        """What the server says by itself of a request that reaches no handler, in the dialect of its path."""
        kind = _ERROR_TYPES.get(status, "invalid_request")
        error = GatewayError(reason, status=status, error_type=kind)
        if status == 413:
            most = self._max_body if request is None else self._serving.find(request.path).max_body_bytes
            error = PayloadTooLarge(f"The request body is over the limit of {most // 2**20} MB.")
        if request is None:
            return Reply(status, JSON, render_error_envelope(error))
        inference = self._inference_at(request.path)
        if inference is not None:
            return inference.refusal(error, request)
        return Reply(status, JSON, render_error_envelope(error), self._cors.headers(request.headers))

    def _inference_at(self, path: str) -> Inference | None:
        handler = self._serving.find(path).handler
        return handler if isinstance(handler, Inference) else None

    def _late(self, request: Request) -> Reply:
        error = Unavailable("The gateway is shutting down. Send the request again.")
        inference = self._inference_at(request.path)
        if inference is None:
            raise RuntimeError("only inference is refused late")
        return inference.refusal(error, request, ((b"retry-after", b"1"),))

    async def _refuse_late(self, request: Request, answer: Answer) -> None:
        said = self._late(request)
        answer.close()
        answer.reply(said.status, said.content_type, said.headers, said.body)
