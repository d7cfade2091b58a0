"""Fetching files for commands, over the client that also talks to providers. Follows no redirect."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from waystation import __version__
from waystation.catalog.packed import CatalogError
from waystation.catalog.refresh_read import SIZE_LIMIT, Fetch
from waystation.errors import GatewayError
from waystation.upstream.client import Client, ClientSettings


@asynccontextmanager
async def fetching(settings: ClientSettings) -> AsyncIterator[Fetch]:
    """A fetch callable for `catalog.refresh`; a failed connection is the source's failure, a `CatalogError`."""
    client = Client(settings)

    async def fetch(url: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        sent = [("accept", "*/*"), ("user-agent", f"waystation/{__version__}"), *headers.items()]
        try:
            response = await client.send("GET", url, sent)
            try:
                body = await response.read(SIZE_LIMIT)
            finally:
                response.close()
        except GatewayError as error:
            raise CatalogError(error.message) from error
        pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
        return response.status, dict(pairs), body

    try:
        yield fetch
    finally:
        await client.aclose()
