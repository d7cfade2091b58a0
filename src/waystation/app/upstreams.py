"""How providers are spoken to, from the settings: trust and proxies, deadlines, persistence, and files that are fetched."""

from contextlib import AsyncExitStack

from waystation.pipeline.attempts import Persistence
from waystation.pipeline.media import MediaFetch
from waystation.settings import Settings
from waystation.settings.structs import ANSWER_SECONDS, FIRST_BYTE_SECONDS
from waystation.upstream.client import Client, ClientSettings, Timeouts
from waystation.upstream.guard import AddressGuard


def client_settings(settings: Settings) -> ClientSettings:
    """What the upstream client is told: trust and proxies."""
    environment = settings.environment

    def variable(name: str) -> str:
        return environment.get(name) or environment.get(name.lower()) or ""

    return ClientSettings(
        http_proxy=variable("HTTP_PROXY"),
        https_proxy=variable("HTTPS_PROXY"),
        no_proxy=tuple(host.strip() for host in variable("NO_PROXY").split(",") if host.strip()),
        ca_file=settings.upstream.ca_file,
        verify=settings.upstream.verify,
    )


def timeouts_of(settings: Settings) -> Timeouts:
    """The deadlines of one attempt."""
    upstream = settings.upstream
    first_byte = upstream.first_byte_timeout
    return Timeouts(
        connect=upstream.connect_timeout,
        first_byte=first_byte,
        answer=upstream.answer_timeout
        or (first_byte if first_byte != FIRST_BYTE_SECONDS else ANSWER_SECONDS),
        idle=upstream.idle_timeout,
        total=upstream.total_timeout,
    )


def persistence_of(settings: Settings) -> Persistence:
    """How much is tried for one exchange."""
    routing = settings.routing
    return Persistence(routing.repeats, routing.hedge_after, routing.health)


def media_fetch(settings: Settings, stack: AsyncExitStack) -> MediaFetch | None:
    """What fetches files given by URL, over a guarded client of its own that `stack` closes; None where it is switched off."""
    if not settings.media.fetch:
        return None
    guard = AddressGuard(settings.media.allow_networks)
    client = Client(
        ClientSettings(guard=guard, ca_file=settings.upstream.ca_file, verify=settings.upstream.verify)
    )
    stack.push_async_callback(client.aclose)
    return MediaFetch(client, settings.media)
