"""The catalogue's routes (contract 21): models, their endpoints, providers. Public, but for what is a caller's own.

By default they list what the configured providers can serve; `?availability=all` lists everything known, each endpoint
saying whether it is configured.
"""

import time
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler

from waystation.accounts.keys import KeyRing
from waystation.api.anthropic_models import HEADER as ANTHROPIC
from waystation.api.anthropic_models import anthropic_list
from waystation.api.credentials import account_of
from waystation.api.model_filters import Listed, filters_of, ordered, page
from waystation.api.model_rows import architecture, endpoint_row, model_row
from waystation.api.request_headers import headers_of
from waystation.api.roles import Role, needs
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.model import Model
from waystation.errors import GatewayError, NotFound
from waystation.operations.parts import JsonObject
from waystation.routing.health import Health
from waystation.routing.offers import Offers, blended_price
from waystation.routing.standing import endpoint_key


class Listing:
    """What the routes show of the offers of the moment."""

    def __init__(
        self, offers: Callable[[], Offers], provider_name: Callable[[str], str], health: Health
    ) -> None:
        self._offers = offers
        self.provider_name = provider_name
        self._health = health

    def rows(self, *, everything: bool) -> list[Listed]:
        """Every model with the endpoints that may be shown."""
        offers = self._offers()
        rows = []
        for model in offers.catalog.models:
            shown = [e for e in model.endpoints if everything or offers.is_callable(e)]
            if shown:
                shown.sort(key=lambda e: (not offers.is_callable(e), (p := blended_price(e)) is None, p or 0))
                rows.append(Listed(model, tuple(shown)))
        return rows

    def find(self, author: str, slug: str) -> Model:
        """The model of a path; old names resolve too."""
        resolution = self._offers().catalog.resolve(f"{author}/{slug}")
        if resolution is None:
            raise NotFound(f"There is no model {author}/{slug}.")
        return resolution.model

    def listed(self, model: Model) -> Listed:
        """One model with all its endpoints, callable ones first."""
        offers = self._offers()
        shown = sorted(
            model.endpoints,
            key=lambda e: (not offers.is_callable(e), (p := blended_price(e)) is None, p or 0),
        )
        return Listed(model, tuple(shown))

    def endpoints(self, model: Model, *, everything: bool, figures: bool) -> list[JsonObject]:
        """The rows of a model's endpoints; `figures`: with latency and throughput."""
        offers = self._offers()
        endpoints = [*self.listed(model).endpoints, *model.tier_endpoints]
        shown = [(e, offers.is_callable(e)) for e in endpoints]
        if not everything and any(callable_now for _, callable_now in shown):
            shown = [pair for pair in shown if pair[1]]
        return [self._row(model, e, figures=figures) for e, _ in shown]

    def without_retention(self, *, everything: bool, figures: bool) -> list[JsonObject]:
        """The rows of all endpoints whose providers keep nothing."""
        keepers = self._offers().catalog.providers
        return [
            self._row(row.model, e, figures=figures)
            for row in self.rows(everything=everything)
            for e in row.endpoints
            if e.provider in keepers and keepers[e.provider].zdr
        ]

    def _row(self, model: Model, endpoint: Endpoint, *, figures: bool) -> JsonObject:
        key = endpoint_key(model.id, endpoint.tag)
        return endpoint_row(
            model,
            endpoint,
            self.provider_name(endpoint.provider),
            configured=self._offers().is_callable(endpoint),
            measured=self._health.statistics(key, time.time()),
            figures=figures,
        )

    def select(self, query: dict[str, str]) -> list[Listed]:
        """The rows a query asks for, in its order."""
        catalog = self._offers().catalog
        names = {slug: self.provider_name(slug) for slug in catalog.providers}
        zdr = frozenset(slug for slug, facts in catalog.providers.items() if facts.zdr)
        filters = filters_of(query, names, zdr)
        rows = [
            row
            for row in self.rows(everything=query.get("availability") == "all")
            if all(passes(row) for passes in filters)
        ]
        return ordered(rows, query.get("sort"))

    def providers(self) -> list[JsonObject]:
        """Everyone the catalogue knows who serves models."""
        return [
            {
                "name": facts.name,
                "slug": facts.slug,
                "privacy_policy_url": facts.privacy_policy_url,
                "terms_of_service_url": facts.terms_of_service_url,
                "status_page_url": facts.status_page_url,
                **({"headquarters": facts.headquarters} if facts.headquarters else {}),
                **({"datacenters": list(facts.datacenters)} if facts.datacenters else {}),
            }
            for facts in sorted(self._offers().catalog.providers.values(), key=lambda facts: facts.slug)
        ]


def _answer(found: list[Listed], query: dict[str, str], *, for_anthropic: bool) -> Response[Any]:
    """The list in the form that is asked for."""
    if for_anthropic:
        return Response(anthropic_list(found, query), media_type=MediaType.JSON)
    shown, following = page(found, query, "/api/v1/models")
    if query.get("use_rss") == "true":
        return Response(_feed(shown), media_type="application/rss+xml; charset=utf-8")
    return Response(_list_body(shown, len(found), following), media_type=MediaType.JSON)


def model_routes(listing: Listing, keys: KeyRing) -> list[HTTPRouteHandler]:
    """All of them, below `/api/v1`."""

    @get(
        "/api/v1/models",
        summary="List models",
        operation_id="getModels",
        tags=["Models"],
        opt=needs(Role.PUBLIC),
    )
    async def models(request: Request[Any, Any, Any]) -> Response[Any]:
        query = dict(request.query_params)
        return _answer(listing.select(query), query, for_anthropic=ANTHROPIC in headers_of(request))

    @get(
        "/api/v1/models/count",
        summary="Count models",
        operation_id="listModelsCount",
        tags=["Models"],
        opt=needs(Role.PUBLIC),
    )
    async def count(request: Request[Any, Any, Any]) -> JsonObject:
        return {"data": {"count": len(listing.select(dict(request.query_params)))}}

    @get(
        "/api/v1/models/user",
        summary="List the caller's models",
        operation_id="listModelsUser",
        tags=["Models"],
        opt=needs(Role.INFERENCE),
    )
    async def own_models(request: Request[Any, Any, Any]) -> JsonObject:
        query = dict(request.query_params)
        found = listing.select(query)
        shown, following = page(found, query, "/api/v1/models/user")
        return _list_body(shown, len(found), following)

    @get(
        "/api/v1/endpoints/zdr",
        summary="List endpoints without data retention",
        operation_id="listEndpointsZdr",
        tags=["Models"],
        opt=needs(Role.PUBLIC),
    )
    async def without_retention(request: Request[Any, Any, Any], availability: str = "") -> JsonObject:
        known = _is_known(headers_of(request), keys)
        return {"data": listing.without_retention(everything=availability == "all", figures=known)}

    @get(
        "/api/v1/embeddings/models", summary="List embedding models", tags=["Models"], opt=needs(Role.PUBLIC)
    )
    async def embeddings(request: Request[Any, Any, Any]) -> JsonObject:
        query = dict(request.query_params)
        found = listing.select({**query, "output_modalities": "embeddings"})
        shown, following = page(found, query, "/api/v1/embeddings/models")
        return _list_body(shown, len(found), following)

    @get(
        "/api/v1/model/{author:str}/{slug:str}",
        summary="Get one model",
        operation_id="getModel",
        tags=["Models"],
        opt=needs(Role.PUBLIC),
    )
    async def model(author: str, slug: str) -> JsonObject:
        row = listing.listed(listing.find(author, slug))
        return {"data": model_row(row.model, row.top)}

    @get(
        "/api/v1/models/{author:str}/{slug:str}/endpoints",
        operation_id="listEndpoints",
        tags=["Models"],
        opt=needs(Role.PUBLIC),
    )
    async def endpoints(
        request: Request[Any, Any, Any], author: str, slug: str, availability: str = ""
    ) -> JsonObject:
        known = _is_known(headers_of(request), keys)
        found = listing.find(author, slug)
        return {
            "data": {
                "id": found.id,
                "name": found.name,
                "created": found.created or 0,
                "description": "",
                "architecture": architecture(found),
                "endpoints": listing.endpoints(found, everything=availability == "all", figures=known),
            }
        }

    @get(
        "/api/v1/providers",
        summary="List providers",
        operation_id="listProviders",
        tags=["Models"],
        opt=needs(Role.PUBLIC),
    )
    async def providers() -> JsonObject:
        return {"data": listing.providers()}

    return [models, count, own_models, without_retention, embeddings, model, endpoints, providers]


def _is_known(headers: dict[bytes, bytes], keys: KeyRing) -> bool:
    """Whether a valid key came with the request; these routes ask for none."""
    try:
        account_of(headers, keys)
    except GatewayError:
        return False
    return True


def _list_body(rows: list[Listed], total: int, following: str | None) -> JsonObject:
    return {
        "data": [model_row(row.model, row.top) for row in rows],
        "total_count": total,
        "links": {"next": following},
    }


def _feed(rows: list[Listed]) -> str:
    items = "".join(
        f'<item><title>{escape(row.model.name)}</title><guid isPermaLink="false">{escape(row.model.id)}</guid>'
        f"<link>/api/v1/models/{escape(row.model.id)}/endpoints</link></item>"
        for row in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Waystation models</title>'
        f"<link>/api/v1/models</link><description>Models that this gateway serves</description>{items}</channel></rss>"
    )
