"""Accept and identify: from an HTTP request on an inference route to an exchange in the pipeline's hands."""

from collections.abc import Awaitable, Callable
from operator import attrgetter
from typing import Protocol

from msgspec import Struct

from waystation.accounts.keys import KeyRing
from waystation.accounts.limits import Limits
from waystation.api.attribution import attribution
from waystation.api.betas import BETA_HEADERS, betas
from waystation.api.cors import Cors
from waystation.api.credentials import inference_account
from waystation.api.roles import Role
from waystation.codec.error_envelope import error_headers
from waystation.errors import GatewayError
from waystation.exchange import Exchange, begin_exchange
from waystation.operations.parts import JsonObject
from waystation.server.answer import Answer
from waystation.server.request import Headers, Reply, Request

JSON = b"application/json"
_ALLOW = ((b"allow", b"POST, OPTIONS"),)


class Skin(Protocol):
    """What a route needs of the wire that it speaks."""

    name: str

    def render_error(
        self, error: GatewayError, generation_id: str | None, metadata: JsonObject | None
    ) -> bytes:
        """The client's error body."""
        ...


class Entry(Struct, frozen=True):
    """What every route checks a request with."""

    keys: KeyRing
    cors: Cors
    limits: Limits | None = None
    admit: Callable[[], None] = lambda: None
    """Raises where nothing may be begun, whoever asks."""


Serve = Callable[[Exchange, Request, Answer], Awaitable[None]]
"""The rest of an exchange that has begun: the pipeline's work."""


class Inference:
    """One inbound route. `headers_of` says under which headers a request's credential is looked for."""

    role = Role.INFERENCE

    def __init__(
        self,
        skin: Skin,
        serve: Serve,
        entry: Entry,
        headers_of: Callable[[Request], dict[bytes, bytes]] = attrgetter("headers"),
    ) -> None:
        limits = entry.limits
        self._skin = skin
        self._serve = serve
        self._keys = entry.keys
        self._cors = entry.cors
        self._limits = limits if limits is not None and limits.on_keys else None
        self._headers_of = headers_of
        self._admit = entry.admit

    async def __call__(self, request: Request, answer: Answer) -> None:
        """Serve one request: errors before an exchange exists are answered here, all others by the pipeline."""
        headers = request.headers
        if request.method != "POST":
            self._other_method(request, answer)
            return
        if b"origin" in headers:
            answer.extra = self._cors.headers(headers)
        try:
            account = inference_account(self._headers_of(request), self._keys)
            app = attribution(headers)
            self._admit()
            if self._limits is not None:
                self._limits.admit(account)
        except GatewayError as error:
            said = self._skin.render_error(error, None, None)
            answer.reply(error.status, JSON, error_headers(error), said)
            return
        exchange = begin_exchange(self._skin.name, account, app)
        if not BETA_HEADERS.isdisjoint(headers):
            exchange.betas = betas(headers)
        await self._serve(exchange, request, answer)

    def admit(self, request: Request) -> Reply | None:
        """Refuse a request whose body is still to come, where its head says that it will not be served."""
        if request.method != "POST":
            return None
        try:
            inference_account(self._headers_of(request), self._keys)
            self._admit()
        except GatewayError as error:
            return self.refusal(error, request)
        return None

    def refusal(self, error: GatewayError, request: Request, headers: Headers = ()) -> Reply:
        """This error as an answer of the dialect's."""
        body = self._skin.render_error(error, None, None)
        named = (*headers, *error_headers(error), *self._cors.headers(request.headers))
        return Reply(error.status, JSON, body, named)

    def _other_method(self, request: Request, answer: Answer) -> None:
        if request.method == "OPTIONS":
            self._cors.preflight(request, answer)
            return
        error = GatewayError(
            f"{request.method} is not allowed here.", status=405, error_type="invalid_request"
        )
        said = self.refusal(error, request, _ALLOW)
        answer.reply(said.status, said.content_type, said.headers, said.body)
