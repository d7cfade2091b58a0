"""One client request while it is being served: what we were asked, what we tried, what came of it.

Filled in by the pipeline's steps and read once, by settlement. Knows no wire format and performs nothing.
"""

import random
import time

from msgspec import Struct

from waystation.accounts.keys import Account
from waystation.catalog.endpoint import Endpoint
from waystation.errors import GatewayError
from waystation.operations.chat import ChatRequest
from waystation.operations.usage import Cost, Usage


class Attribution(Struct, frozen=True):
    """Which app asked, by its own headers (contract section 1)."""

    http_referer: str | None = None
    title: str | None = None
    categories: tuple[str, ...] = ()
    user_agent: str | None = None
    session_id: str | None = None
    wants_metadata: bool = False


class Attempt(Struct):
    """One call to one endpoint. Times are seconds on the monotonic clock; `status` is the provider's, None if none came."""

    endpoint: Endpoint
    provider_name: str
    started: float
    ended: float | None = None
    status: int | None = None
    upstream_id: str | None = None
    error: GatewayError | None = None


class Exchange:
    """The state of one request, from acceptance to settlement. `id` is the generation's id."""

    __slots__ = (
        "account",
        "app",
        "attempts",
        "cancelled",
        "cost",
        "created",
        "dialect",
        "dropped",
        "ended",
        "endpoint",
        "error",
        "finish_reason",
        "first_content",
        "id",
        "native_finish_reason",
        "provider_name",
        "request",
        "served_tier",
        "settled",
        "started",
        "status",
        "strategy",
        "upstream_id",
        "usage",
    )

    def __init__(self, dialect: str, account: Account, app: Attribution) -> None:
        self.created = time.time()
        self.started = time.monotonic()
        self.id = f"gen-{int(self.created)}-{random.getrandbits(80):020x}"
        self.dialect = dialect
        self.account = account
        self.app = app
        self.request: ChatRequest | None = None
        self.strategy = "direct"
        self.attempts: list[Attempt] = []
        self.endpoint: Endpoint | None = None
        self.provider_name: str | None = None
        self.dropped: list[str] = []
        self.first_content: float | None = None
        self.ended: float | None = None
        self.usage: Usage | None = None
        self.cost: Cost | None = None
        self.finish_reason: str | None = None
        self.native_finish_reason: str | None = None
        self.upstream_id: str | None = None
        self.served_tier: str | None = None
        self.error: GatewayError | None = None
        self.status = 0
        self.cancelled = False
        self.settled = False
