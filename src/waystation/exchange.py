"""One client request while it is being served: what we were asked, what we tried, what came of it.

Filled in by the pipeline's steps and read once, by settlement. Knows no wire format and performs nothing.
"""

import random
import time

from msgspec import Struct

from waystation.accounts.keys import Account
from waystation.catalog.endpoint import Endpoint
from waystation.credits.lease import Reservation
from waystation.errors import GatewayError
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost, Usage
from waystation.routing.plan import Plan


class Attribution(Struct, frozen=True):
    """Which app asked, by its own headers (contract section 1)."""

    http_referer: str | None = None
    title: str | None = None
    categories: tuple[str, ...] = ()
    user_agent: str | None = None
    session_id: str | None = None
    wants_metadata: bool = False
    route_seed: int | None = None
    """Fixes the draw among endpoints (`X-Waystation-Route-Seed`)."""


class Called(Struct):
    """A tool call of the answer: its name, and its arguments in pieces as they came."""

    name: str
    arguments: list[str]


class Attempt(Struct):
    """One call to one endpoint. Times are seconds on the monotonic clock; `status` is the provider's, None if none came."""

    endpoint: Endpoint
    provider_name: str
    started: float
    ended: float | None = None
    status: int | None = None
    upstream_id: str | None = None
    error: GatewayError | None = None
    key: int = 0
    """Which of the provider's keys it was made with."""
    served: bool = False
    """The answer is this attempt's."""
    sent: JsonObject | None = None
    """The body that was sent, as its caller may see it; kept only where that was asked for."""
    upstream_cost: int | None = None
    """Nano-dollars that its provider charges though it failed, where it said what it used."""


class Answered(Struct):
    """What was answered, in pieces as it came; collected only where content is stored. `calls` are names and arguments."""

    text: list[str] = []
    reasoning: list[str] = []
    calls: list[tuple[str, list[str]]] = []


class Exchange(Struct):
    """The state of one request, from acceptance to settlement. `id` is the generation's id.

    `created` is Unix seconds; `started`, `first_content`, `arrived` and `ended` are seconds on the monotonic clock.
    """

    id: str
    created: float
    started: float
    dialect: str
    account: Account
    app: Attribution
    operation: str = "chat"
    """What is asked: a word of `catalog.endpoint.OPERATIONS`."""
    betas: tuple[str, ...] = ()
    """Features in beta that the caller asks endpoints of Anthropic's wire for (header `x-anthropic-beta`)."""
    request: ChatRequest | None = None
    plan: Plan | None = None
    strategy: str = "direct"
    attempts: list[Attempt] = []
    endpoint: Endpoint | None = None
    asked_model: str = ""
    """What sticky sessions know the model under that served: its id, or the router's slug."""
    provider_name: str | None = None
    dropped: list[str] = []
    fetched: dict[str, str] = {}
    """Data URLs by the URLs they were fetched from."""
    first_content: float | None = None
    arrived: float | None = None
    """When the last of a stream came from its provider; None where the client's slowness may have held it up."""
    ended: float | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    upstream_id: str | None = None
    served_tier: str | None = None
    calls: list[Called] = []
    """The tool calls of the answer, where the request brought tools."""
    images: int = 0
    sources: int = 0
    """Images and cited sources of the answer."""
    answered: Answered | None = None
    error: GatewayError | None = None
    status: int = 0
    cancelled: bool = False
    settled: bool = False
    reservation: Reservation | None = None
    """What is held of limits and balance until the exchange is settled."""


def begin_exchange(dialect: str, account: Account, app: Attribution) -> Exchange:
    """An exchange that starts now."""
    now = time.time()
    identity = f"gen-{int(now)}-{random.getrandbits(80):020x}"
    return Exchange(identity, now, time.monotonic(), dialect, account, app)
