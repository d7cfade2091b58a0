"""Every law of every translator, for ten minutes in all (`FUZZ_SECONDS`), from where the last run stopped.

Batches are numbered seeds; how far each law has come is kept in `.hypothesis/translators.json`. A batch that failed is not
counted, so the next run begins with it again.
"""

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from translator_laws import inbound_laws, laws

LAWS = {law.name: law for law in [*laws(), *inbound_laws()]}
SECONDS = float(os.environ.get("FUZZ_SECONDS", "600")) / len(LAWS)
BATCH = 250
STATE = Path(".hypothesis", "translators.json")


@pytest.mark.parametrize("name", LAWS)
def test_a_law_holds_for_a_while(name: str) -> None:
    law, end = LAWS[name], time.monotonic() + SECONDS
    while time.monotonic() < end:
        batch = done(name)

        @seed(batch)
        @settings(max_examples=BATCH, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(law.inputs)
        def holds(value: object) -> None:
            law.holds(value)

        holds()
        keep(name, batch + 1)


def done(name: str) -> int:
    """How many batches this law has stood."""
    count = states().get(name, 0)
    assert isinstance(count, int)
    return count


def keep(name: str, count: int) -> None:
    """Remember it, whole or not at all."""
    STATE.parent.mkdir(exist_ok=True)
    new = STATE.with_suffix(".new")
    new.write_text(json.dumps(states() | {name: count}, indent=1))
    new.replace(STATE)


def states() -> dict[str, object]:
    """Batches stood by law."""
    return dict(json.loads(STATE.read_text())) if STATE.exists() else {}
