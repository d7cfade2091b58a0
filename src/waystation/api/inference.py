"""Accept and identify: from an HTTP request on an inference route to an exchange in the pipeline's hands."""

import logging

from waystation.accounts.keys import KeyRing
from waystation.api.asgi import ClientGone, Connection, Receive, Scope, Send
from waystation.api.attribution import attribution
from waystation.api.cors import Cors
from waystation.api.credentials import inference_account
from waystation.codec.dialect import Dialect
from waystation.errors import GatewayError, PayloadTooLarge
from waystation.exchange import begin_exchange
from waystation.pipeline.pipeline import Pipeline

log = logging.getLogger(__name__)
JSON = b"application/json"


class Inference:
    """One dialect's inbound routes."""

    def __init__(
        self, dialect: Dialect, pipeline: Pipeline, keys: KeyRing, cors: Cors, max_body: int
    ) -> None:
        self._dialect = dialect
        self._pipeline = pipeline
        self._keys = keys
        self._cors = cors
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request: errors before an exchange exists are answered here, all others by the pipeline."""
        headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        extra = self._cors.headers(scope) if b"origin" in headers else []
        connection = Connection(receive, send, extra)
        try:
            account = inference_account(headers, self._keys)
            body = await connection.body(self._max_body, headers.get(b"content-length"))
        except PayloadTooLarge as error:
            body = self._dialect.render_error(error, None, None)
            await connection.refuse(error.status, JSON, body, is_sending=b"expect" not in headers)
            return
        except GatewayError as error:
            await connection.reply(error.status, JSON, [], self._dialect.render_error(error, None, None))
            return
        except ClientGone:
            return
        exchange = begin_exchange(self._dialect.name, account, attribution(headers))
        await self._pipeline.serve(exchange, self._dialect, scope["path"], body, connection)
