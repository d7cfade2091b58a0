"""Whether the process lives, whether it can serve, and what it counts."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from waystation.accounts.keys import KeyRing
from waystation.api.credentials import management_account
from waystation.api.request_headers import headers_of


class Check(Struct, frozen=True, omit_defaults=True):
    """One thing that serving depends on."""

    name: str
    ok: bool
    detail: str | None = None


class Health(Struct, frozen=True):
    """The answer of both health routes."""

    status: str
    checks: tuple[Check, ...] = ()


def health_routes(
    checks: Callable[[], tuple[Check, ...]], metrics: Callable[[], str], keys: KeyRing
) -> list[HTTPRouteHandler]:
    """`/health/live`, `/health/ready` and `/metrics`."""

    @get("/health/live", summary="Is the process alive?", tags=["Health"])
    async def live() -> Health:
        return Health("ok")

    @get("/health/ready", summary="Can the gateway serve?", tags=["Health"])
    async def ready() -> Response[Health]:
        found = checks()
        good = all(check.ok for check in found)
        return Response(Health("ok" if good else "unavailable", found), status_code=200 if good else 503)

    @get("/metrics", media_type=MediaType.TEXT, include_in_schema=False)
    async def scrape(request: Request[Any, Any, Any]) -> Response[str]:
        if not _from_loopback(request):
            management_account(headers_of(request), keys)
        return Response(metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [live, ready, scrape]


def _from_loopback(request: "Request[Any, Any, Any]") -> bool:
    client = request.client
    try:
        return client is not None and ip_address(client.host).is_loopback
    except ValueError:
        return False
