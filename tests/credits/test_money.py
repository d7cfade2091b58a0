from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystation.credits.money import decimal_of, float_of, nano_of


@given(st.integers(-(10**24), 10**24))
def test_nano_dollars_survive_the_way_over_decimal(nano: int) -> None:
    assert nano_of(decimal_of(nano)) == nano


def test_half_a_nano_dollar_rounds_up() -> None:
    assert nano_of(Decimal("0.0000000005")) == 1
    assert nano_of(Decimal("0.00000000049999")) == 0
    assert nano_of(Decimal("-0.0000000005")) == -1


@pytest.mark.parametrize("usd", ["NaN", "Infinity", "-Infinity", "1e80"])
def test_what_is_no_amount_is_refused(usd: str) -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        nano_of(Decimal(usd))


def test_a_float_is_the_nearest_to_the_amount() -> None:
    assert float_of(1_500_000) == 0.0015
    assert float_of(0) == 0.0
