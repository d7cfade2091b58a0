"""Why a request goes where it goes: `POST /route` for one that is not sent, and `data.route` of one that was."""

from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler

from waystation.accounts.keys import Account
from waystation.api.attribution import attribution
from waystation.api.request_headers import headers_of
from waystation.api.roles import Role, needs
from waystation.catalog.endpoint import Endpoint
from waystation.codec.dialect import Dialect
from waystation.codec.error_envelope import render_error_object
from waystation.errors import GatewayError
from waystation.exchange import begin_exchange
from waystation.generations.record import NO_ROUTE, GenerationRecord
from waystation.operations.parts import JsonObject
from waystation.pipeline.planner import Planner
from waystation.routing.explain import Explanation, explain
from waystation.routing.kept import KeptPlan, tell, tell_of_one
from waystation.routing.offers import Offers
from waystation.routing.unavailable import unavailable

_DECODE: Final = msgspec.json.Decoder(KeptPlan).decode
_OPERATIONS: Final = {"embeddings": "embeddings", "rerank": "rerank"}
"""What generations of these kinds asked their endpoints for."""
PATH: Final = "/chat/completions"


def planning_routes(planner: Planner, dialect: Dialect, docs_root: str) -> list[HTTPRouteHandler]:
    """`POST /route`, which takes what `POST /chat/completions` takes, in this dialect; links of errors begin with `docs_root`."""

    @post(
        "/api/v1/route",
        status_code=200,
        operation_id="explainRoute",
        summary="Explain where a chat completion would go, without calling anyone",
        tags=["Routing"],
        opt=needs(Role.INFERENCE),
    )
    async def route(request: Request[Any, Account, Any]) -> JsonObject:
        body = await request.body()
        exchange = begin_exchange(dialect.name, request.auth, attribution(headers_of(request)))
        chat = dialect.parse_request(body, PATH)
        try:
            plan = planner.decide(exchange, chat, len(body))
        except GatewayError as error:
            error.link_docs(docs_root)
            raise
        told = shown(explain(plan))
        if not plan.attempts:
            refusal = unavailable(plan.question, plan.excluded)
            refusal.link_docs(docs_root)
            told["error"] = render_error_object(refusal)
        return {"data": told}

    return [route]


def explanation_of(record: GenerationRecord, offers: Offers) -> Explanation:
    """The decision behind a generation."""
    if record.route != NO_ROUTE:
        return tell(_DECODE(record.route), offers.to(_OPERATIONS.get(record.api_type, "chat")))
    names = (record.requested_model,)
    endpoint = _only_endpoint(record, offers)
    if endpoint is None:
        return Explanation(names, None, offers.order, 0, ())
    return tell_of_one(endpoint, names, record.strategy, offers)


def _only_endpoint(record: GenerationRecord, offers: Offers) -> Endpoint | None:
    """The one that could be tried; None where none was, or it is not offered any more."""
    if not record.attempts:
        return None
    tried = record.attempts[0]
    model = offers.catalog.get(tried.model_permaslug or record.model)
    endpoints = (*model.endpoints, *model.tier_endpoints) if model is not None else ()
    return next((one for one in endpoints if one.tag == tried.endpoint_id), None)


def shown(explanation: Explanation) -> JsonObject:
    """An explanation as JSON."""
    value: JsonObject = msgspec.to_builtins(explanation)
    return value
