"""From a request to a plan: gathers the snapshots that a decision is made from, and has routing decide."""

from collections.abc import Mapping
from random import Random

from waystation.codec.estimate import estimate_prompt_tokens
from waystation.exchange import Exchange
from waystation.operations.chat import ChatRequest
from waystation.routing.health import Health
from waystation.routing.offers import Offers
from waystation.routing.plan import Plan
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import ROUTERS, Asking, Router
from waystation.routing.select import decide
from waystation.routing.slug import resolve
from waystation.routing.sticky import NO_PINS, StickySessions

_SEED_BITS = 53
"""What every JSON reader can hold."""


class Planner:
    """Plans exchanges, and those that are only asked about. `offers` is swapped when the catalogue changes."""

    def __init__(
        self,
        offers: Offers,
        health: Health,
        sessions: StickySessions,
        routers: Mapping[str, Router] = ROUTERS,
    ) -> None:
        self.offers = offers
        self._routers = routers
        self._health = health
        self._sessions = sessions
        self._random = Random()  # noqa: S311 - draws endpoints, not secrets

    def decide(self, exchange: Exchange, request: ChatRequest, body_bytes: int) -> Plan:
        """The attempts to make for this request; without any where no endpoint may serve it, and with the reasons."""
        now, app = exchange.created, exchange.app
        asking = Asking(
            request,
            PromptSize(body_bytes, lambda: estimate_prompt_tokens(request)),
            self.offers.to(exchange.operation),
            app.route_seed if app.route_seed is not None else self._random.getrandbits(_SEED_BITS),
            now,
            self._health.snapshot(now),
            self._sessions.pins(exchange.account.key_hash, request, app.session_id, now)
            if exchange.operation == "chat"
            else NO_PINS,
        )
        return decide(asking.question(resolve(asking, self._routers)))
