"""`POST /messages/count_tokens` and `:countTokens`: how long a prompt is, in the two wires whose clients ask."""

import logging

from waystation.api.inference import JSON, Serve
from waystation.codec.dialect import CountedIn
from waystation.codec.error_envelope import error_headers
from waystation.errors import GatewayError, InternalError
from waystation.exchange import Exchange
from waystation.pipeline.count import TokenCount
from waystation.server.answer import Answer
from waystation.server.request import Request

log = logging.getLogger(__name__)


def counting(count: TokenCount, dialect: CountedIn, docs_root: str) -> Serve:
    """Count in this wire; links of errors begin with `docs_root`. No generation comes of it."""

    async def serve(exchange: Exchange, request: Request, answer: Answer) -> None:
        try:
            asked = dialect.parse_count_request(request.body, request.path)
            counted = await count(exchange, asked, len(request.body))
        except GatewayError as error:
            error.link_docs(docs_root)
            refuse(error, answer)
            return
        except Exception:
            log.exception("unexpected failure", extra={"generation": exchange.id})
            refuse(InternalError("Internal error"), answer)
            return
        answer.reply(200, JSON, (), dialect.render_count_answer(counted.tokens, estimated=counted.estimated))

    def refuse(error: GatewayError, answer: Answer) -> None:
        answer.reply(error.status, JSON, error_headers(error), dialect.render_error(error, None, None))

    return serve
