"""Accept and identify: from an HTTP request on an inference route to an exchange in the pipeline's hands."""

from waystation.accounts.keys import KeyRing
from waystation.accounts.limits import Limits
from waystation.api.attribution import attribution
from waystation.api.betas import BETA_HEADERS, betas
from waystation.api.cors import Cors
from waystation.api.credentials import inference_account
from waystation.api.roles import Role
from waystation.codec.dialect import Dialect
from waystation.codec.error_envelope import error_headers
from waystation.errors import GatewayError
from waystation.exchange import begin_exchange
from waystation.pipeline.pipeline import Pipeline
from waystation.server.answer import Answer
from waystation.server.request import Headers, Reply, Request

JSON = b"application/json"
_ALLOW = ((b"allow", b"POST, OPTIONS"),)


class Inference:
    """One dialect's inbound routes."""

    role = Role.INFERENCE

    def __init__(
        self, dialect: Dialect, pipeline: Pipeline, keys: KeyRing, cors: Cors, limits: Limits | None = None
    ) -> None:
        self._dialect = dialect
        self._pipeline = pipeline
        self._keys = keys
        self._cors = cors
        self._limits = limits if limits is not None and limits.on_keys else None

    async def __call__(self, request: Request, answer: Answer) -> None:
        """Serve one request: errors before an exchange exists are answered here, all others by the pipeline."""
        headers = request.headers
        if request.method != "POST":
            self._other_method(request, answer)
            return
        if b"origin" in headers:
            answer.extra = self._cors.headers(headers)
        try:
            account = inference_account(headers, self._keys)
            app = attribution(headers)
            if self._limits is not None:
                self._limits.admit(account)
        except GatewayError as error:
            said = self._dialect.render_error(error, None, None)
            answer.reply(error.status, JSON, error_headers(error), said)
            return
        exchange = begin_exchange(self._dialect.name, account, app)
        if not BETA_HEADERS.isdisjoint(headers):
            exchange.betas = betas(headers)
        await self._pipeline.serve(exchange, self._dialect, request.path, request.body, answer)

    def admit(self, request: Request) -> Reply | None:
        """Refuse a request whose body is still to come, where its head says that it will not be served."""
        if request.method != "POST":
            return None
        try:
            inference_account(request.headers, self._keys)
        except GatewayError as error:
            return self.refusal(error, request)
        return None

    def refusal(self, error: GatewayError, request: Request, headers: Headers = ()) -> Reply:
        """This error as an answer of the dialect's."""
        body = self._dialect.render_error(error, None, None)
        return Reply(error.status, JSON, body, (*headers, *self._cors.headers(request.headers)))

    def _other_method(self, request: Request, answer: Answer) -> None:
        if request.method == "OPTIONS":
            self._cors.preflight(request, answer)
            return
        error = GatewayError(
            f"{request.method} is not allowed here.", status=405, error_type="invalid_request"
        )
        said = self.refusal(error, request, _ALLOW)
        answer.reply(said.status, said.content_type, said.headers, said.body)
