"""Every law of every translator, with 200 examples each. `make fuzz` goes on for minutes."""

import pytest
from hypothesis import HealthCheck, given, settings

from translator_laws import PROTOCOLS, inbound_laws, laws
from waystation.app.outward import OUTWARD

LAWS = {law.name: law for law in [*laws(), *inbound_laws()]}


def test_every_dialect_says_which_recordings_it_reads() -> None:
    assert {dialect.name for dialect in OUTWARD} == PROTOCOLS.keys()


@pytest.mark.parametrize("name", LAWS)
def test_a_law_holds(name: str) -> None:
    law = LAWS[name]

    @settings(
        max_examples=200,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(law.inputs)
    def holds(value: object) -> None:
        law.holds(value)

    holds()
