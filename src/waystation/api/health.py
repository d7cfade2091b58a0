"""Whether the process lives, whether it can serve, and what it counts."""

from collections.abc import Callable

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from waystation.api.roles import Role, needs


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
    checks: Callable[[], tuple[Check, ...]], metrics: Callable[[], str]
) -> list[HTTPRouteHandler]:
    """`/health/live`, `/health/ready` and `/metrics`."""

    @get("/health/live", summary="Is the process alive?", tags=["Health"], opt=needs(Role.PUBLIC))
    async def live() -> Health:
        return Health("ok")

    @get("/health/ready", summary="Can the gateway serve?", tags=["Health"], opt=needs(Role.PUBLIC))
    async def ready() -> Response[Health]:
        found = checks()
        good = all(check.ok for check in found)
        return Response(Health("ok" if good else "unavailable", found), status_code=200 if good else 503)

    @get("/metrics", media_type=MediaType.TEXT, include_in_schema=False, opt=needs(Role.OPERATOR))
    async def scrape() -> Response[str]:
        return Response(metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [live, ready, scrape]
