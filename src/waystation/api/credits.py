"""The balance: `GET /credits` as the spec has it, and what the operator does with it, which is ours (contract section 20)."""

import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated, Literal

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from msgspec import Meta, Struct

from waystation.api.roles import Role, needs
from waystation.credits.money import float_of, nano_of
from waystation.credits.store import Entry, Ledger
from waystation.errors import GatewayError, InvalidRequest
from waystation.operations.parts import JsonObject

MOST = Decimal(1_000_000_000)
"""USD in one movement: more is a mistake."""
MOST_ENTRIES = 1000
_MOST_NUMBER = 2**62


class Movement(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /credits`: USD in, or out where negative (an adjustment only). The same `reference` moves once."""

    amount: Decimal
    kind: Literal["purchase", "adjustment"] = "purchase"
    note: Annotated[str, Meta(max_length=500)] = ""
    reference: Annotated[str, Meta(min_length=1, max_length=128)] | None = None

    @property
    def nano(self) -> int:
        """Nano-dollars; `InvalidRequest` for what is no such movement."""
        if not self.amount.is_finite() or not self.amount or not -MOST <= self.amount <= MOST:
            raise InvalidRequest("amount: USD, not 0 and at most 1,000,000,000")
        if self.amount < 0 and self.kind == "purchase":
            raise InvalidRequest("amount: a purchase is positive; take credit back with an adjustment")
        if self.amount != Decimal(nano_of(self.amount)).scaleb(-9):
            raise InvalidRequest("amount: at most nine digits after the point")
        return nano_of(self.amount)


def credit_routes(
    ledger: Ledger, flush: Callable[[], Awaitable[None]], *, relaxed: bool = False
) -> list[HTTPRouteHandler]:
    """All but one that is gone are for management keys; `relaxed`: any key may ask what is left.

    `flush` brings this process's records, and so their charges, into the ledger.
    """

    @get(
        "/api/v1/credits",
        operation_id="getCredits",
        summary="Get remaining credits",
        tags=["Credits"],
        opt=needs(Role.KEY if relaxed else Role.MANAGEMENT),
    )
    async def credit() -> JsonObject:
        await flush()
        totals = await ledger.totals()
        return {"data": {"total_credits": float_of(totals.credited), "total_usage": float_of(totals.charged)}}

    @post(
        "/api/v1/credits",
        operation_id="moveCredits",
        summary="Add or take credits",
        tags=["Credits"],
        opt=needs(Role.MANAGEMENT),
    )
    async def move(data: Movement) -> JsonObject:
        now = int(time.time() * 1000)
        entry = await ledger.credit(data.kind, data.nano, data.note, data.reference, now)
        return {"data": entry_row(entry)}

    @post(
        "/api/v1/credits/coinbase",
        operation_id="createCoinbaseCharge",
        summary="Gone: charges by Coinbase Commerce",
        tags=["Credits"],
        deprecated=True,
        opt=needs(Role.PUBLIC),
    )
    async def coinbase() -> None:
        raise GatewayError(
            "Coinbase Commerce is gone; an operator adds credits by POST /api/v1/credits.",
            status=410,
            error_type="not_found",
        )

    @get(
        "/api/v1/credits/ledger",
        operation_id="listLedger",
        summary="List movements",
        tags=["Credits"],
        opt=needs(Role.MANAGEMENT),
    )
    async def entries(
        limit: Annotated[int, Parameter(ge=1, le=MOST_ENTRIES)] = 100,
        before: Annotated[int | None, Parameter(ge=1, le=_MOST_NUMBER)] = None,
    ) -> JsonObject:
        await flush()
        return {"data": [entry_row(entry) for entry in await ledger.entries(limit, before=before)]}

    return [credit, move, coinbase, entries]


def entry_row(entry: Entry) -> JsonObject:
    """One movement as JSON."""
    return {
        "id": entry.number,
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(entry.created_at / 1000)),
        "type": entry.kind,
        "amount": float_of(entry.amount),
        "note": entry.note,
        "reference": entry.reference,
    }
