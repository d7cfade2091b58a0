"""Money: integers of nano-dollars inside, `Decimal` at the edges, a float only where JSON wants a number."""

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

NANO = 1_000_000_000
"""Nano-dollars in one USD."""

_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_ONE_NANO = Decimal("1e-9")


def nano_of(usd: Decimal) -> int:
    """USD as nano-dollars, half a nano-dollar rounded away from zero. ValueError for what is no finite amount."""
    try:
        return int(_EXACT.quantize(usd, _ONE_NANO).scaleb(9, _EXACT))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"{usd} is no amount of money") from error


def decimal_of(nano: int) -> Decimal:
    """Nano-dollars as USD, exact."""
    return Decimal(nano).scaleb(-9, _EXACT)


def float_of(nano: int) -> float:
    """Nano-dollars as the USD number of a JSON body: the float nearest to the exact amount."""
    return nano / NANO
