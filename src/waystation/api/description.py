"""The gateway's own OpenAPI document, at `/openapi.json` and `/openapi.yaml`: what this version really serves.

The control plane describes itself through its framework; the inference routes are added from their dialects' structs.
"""

from collections.abc import Mapping, Sequence

import msgspec
import yaml
from litestar import Litestar, MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig

from waystation import __version__
from waystation.api.roles import Role, needs
from waystation.operations.parts import JsonObject

GOOGLE = "/v1beta/"
"""How paths begin that stand below no base of ours."""
ERRORS = {
    "400": "The request is malformed, or names a model that does not exist.",
    "401": "No API key, or not a valid one.",
    "403": "The key may not do this.",
    "404": "No endpoint can serve the model.",
    "408": "The exchange took longer than the gateway allows.",
    "413": "The body is too large.",
    "429": "Over a rate limit, or every provider of the model is at capacity.",
    "500": "A defect of the gateway.",
    "502": "The provider failed, and no other could answer.",
    "503": "Every attempt failed for a passing reason.",
}


_OF_PLANS = ("400", "401", "403", "404", "413", "500")


class InferenceRoute(msgspec.Struct, frozen=True):
    """How one path that takes an inference body describes itself: what it does, and the struct the body is checked against.

    `is_explained`: the answer is a plan and no inference, so it never streams and no provider can fail.
    """

    summary: str
    operation_id: str
    request: type
    names_model: bool = False
    """Whether the path does, as Google's do."""
    is_explained: bool = False


def description_routes(
    handlers: Sequence[HTTPRouteHandler], inference: Mapping[str, InferenceRoute]
) -> list[HTTPRouteHandler]:
    """Both forms of the document, made on first use."""
    kept: list[JsonObject] = []

    def document() -> JsonObject:
        if not kept:
            kept.append(_document(handlers, inference))
        return kept[0]

    @get(["/openapi.json", "/api/v1/openapi.json"], include_in_schema=False, opt=needs(Role.PUBLIC))
    async def as_json() -> Response[bytes]:
        return Response(msgspec.json.encode(document()), media_type=MediaType.JSON)

    @get(["/openapi.yaml", "/api/v1/openapi.yaml"], include_in_schema=False, opt=needs(Role.PUBLIC))
    async def as_yaml() -> Response[str]:
        text = yaml.safe_dump(document(), sort_keys=False, allow_unicode=True)
        return Response(text, media_type="application/yaml")

    return [as_json, as_yaml]


def _document(handlers: Sequence[HTTPRouteHandler], inference: Mapping[str, InferenceRoute]) -> JsonObject:
    describing = Litestar(
        list(handlers), logging_config=None, openapi_config=OpenAPIConfig("Waystation", __version__)
    )
    described: JsonObject = msgspec.json.decode(msgspec.json.encode(describing.openapi_schema.to_schema()))
    structs = [route.request for route in inference.values()]
    schemas, components = msgspec.json.schema_components(
        structs, schema_hook=_anything, ref_template="#/components/schemas/{name}"
    )
    paths = described.setdefault("paths", {})
    known = described.setdefault("components", {})
    if not isinstance(paths, dict) or not isinstance(known, dict):
        raise TypeError("an OpenAPI document has paths and components")
    for (path, route), schema in zip(inference.items(), schemas, strict=True):
        paths[path if path.startswith(GOOGLE) else f"/api/v1{path}"] = {"post": _operation(route, schema)}
    known["schemas"] = {**known.get("schemas", {}), **components}
    known["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    described["security"] = [{"bearer": []}]
    described["info"] = {"title": "Waystation", "version": __version__}
    described["paths"] = dict(sorted(paths.items()))
    return described


def _anything(kind: type) -> dict[str, object]:
    """The schema of a field that takes any JSON."""
    if kind is object:
        return {"description": "Any JSON."}
    raise NotImplementedError(kind)


def _operation(route: InferenceRoute, schema: Mapping[str, object]) -> JsonObject:
    answer = {"application/json": {"schema": {"type": "object"}}}
    told, tag, errors = "The plan.", "Routing", {name: ERRORS[name] for name in _OF_PLANS}
    if not route.is_explained:
        answer["text/event-stream"] = {"schema": {"type": "string"}}
        told, tag, errors = "The answer, whole or as events.", "Inference", ERRORS
    failure = {"application/json": {"schema": {"type": "object", "required": ["error"]}}}
    named: JsonObject = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        **({"parameters": [named]} if route.names_model else {}),
        "operationId": route.operation_id,
        "summary": route.summary,
        "tags": [tag],
        "requestBody": {"required": True, "content": {"application/json": {"schema": dict(schema)}}},
        "responses": {
            "200": {"description": told, "content": answer},
            **{status: {"description": text, "content": failure} for status, text in errors.items()},
        },
    }
