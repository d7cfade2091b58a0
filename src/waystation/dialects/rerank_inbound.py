"""`POST /rerank` for clients, as OpenRouter publishes it (contract section 22)."""

from typing import Annotated, Final

from msgspec import Meta, json

from waystation.codec.cost_fields import cost_fields
from waystation.codec.dialect import Identity
from waystation.codec.request_body import GATEWAY_KEYS, GatewayFields, checked, decode_object, gateway_fields
from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject
from waystation.operations.preferences import Name
from waystation.operations.rerank import Document, RerankRequest, RerankResult
from waystation.operations.usage import Cost

NAME: Final = "rerank"
_ENCODE: Final = json.Encoder().encode


class WireRequest(GatewayFields):
    """The body. Source: schema of `createRerank`."""

    query: str | None = None
    documents: list[object] | None = None
    model: Name | None = None
    top_n: Annotated[int, Meta(ge=1, le=2**31)] | None = None


_KEYS: Final = frozenset(WireRequest.__struct_fields__) | GATEWAY_KEYS
_CARRIED: Final = ("provider", "models")


class Inbound:
    """See `codec.operation_dialect.RerankInward` for what each method owes."""

    def parse_request(self, body: bytes) -> RerankRequest:
        """`InvalidRequest` names the field."""
        value = decode_object(body)
        wire = checked(value, WireRequest)
        told = gateway_fields(value, wire)
        if not wire.query:
            raise InvalidRequest("query: must be a string that is not empty.")
        if not wire.documents:
            raise InvalidRequest("documents: must hold at least one document.")
        extras = {key: field for key, field in value.items() if key not in _KEYS and field is not None}
        return RerankRequest(
            NAME,
            wire.model or "",
            wire.query,
            tuple([_document(one, f"documents[{at}]") for at, one in enumerate(wire.documents)]),
            wire.top_n,
            extras=extras or None,
            **{name: told[name] for name in _CARRIED if name in told},
        )

    def render_response(
        self, result: RerankResult, request: RerankRequest, identity: Identity, cost: Cost | None
    ) -> bytes:
        """The documents as they were asked about, best first."""
        body: JsonObject = {
            "id": identity.id,
            "model": identity.model,
            "provider": identity.provider,
            "results": [
                {
                    "index": one.index,
                    "relevance_score": one.score,
                    "document": _told(request.documents[one.index]),
                }
                for one in result.ranked
            ],
        }
        usage = result.usage
        if usage is not None:
            counted: JsonObject = {"total_tokens": usage.prompt_tokens}
            if usage.search_units:
                counted["search_units"] = usage.search_units
            body["usage"] = counted | cost_fields(
                cost, "upstream_inference_prompt_cost", "upstream_inference_completions_cost"
            )
        return _ENCODE(body)


def _document(value: object, where: str) -> Document:
    if isinstance(value, str):
        return Document(value)
    if not isinstance(value, dict):
        raise InvalidRequest(f"{where}: must be a string or an object.")
    text, image = value.get("text"), value.get("image")
    if (text is not None and not isinstance(text, str)) or (image is not None and not isinstance(image, str)):
        raise InvalidRequest(f"{where}: text and image must be strings.")
    if not text and not image:
        raise InvalidRequest(f"{where}: needs a text or an image.")
    return Document(text, image)


def _told(document: Document) -> JsonObject:
    said = {"text": document.text, "image": document.image}
    return {key: value for key, value in said.items() if value is not None}


INBOUND = Inbound()
