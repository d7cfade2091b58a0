"""Reserving before dispatch: the one step between the plan and the first attempt. What it holds, `settle` turns into a charge."""

from waystation.accounts.keys import Account
from waystation.credits.bound import Ceilings
from waystation.credits.reservations import Reservations
from waystation.errors import InsufficientCredits
from waystation.exchange import Exchange
from waystation.operations.chat import ChatRequest
from waystation.routing.plan import Plan


class Reserve:
    """Holds the most that a request may cost, for keys that a limit or the balance bounds."""

    def __init__(self, reservations: Reservations, ceilings: Ceilings) -> None:
        self._reservations = reservations
        self._ceilings = ceilings

    def guards(self, account: Account) -> bool:
        """Whether anything bounds what this key may spend."""
        return self._reservations.guards(account)

    async def __call__(self, exchange: Exchange, request: ChatRequest, plan: Plan) -> None:
        """Reserve for the dearest planned attempt; `InsufficientCredits` where that is not there, or not known."""
        attempts = plan.attempts
        endpoints = [attempts[0].endpoint] if len(attempts) == 1 else [one.endpoint for one in attempts]
        amount = self._ceilings.bound(request, plan.question.prompt.tokens, endpoints)
        if amount is None:
            raise InsufficientCredits(
                f"The price of {endpoints[0].model_id} is not known at every provider that may serve it, so no credit "
                "can be reserved for it. Keys without a limit may use it, or configure an estimate of the price."
            )
        account, at, leases = exchange.account, exchange.created, self._reservations
        exchange.reservation = leases.hold(account, at, amount) or await leases.reserve(account, at, amount)
