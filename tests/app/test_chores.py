import asyncio
import logging

import pytest

from waystation.app.chores import repeat
from waystation.errors import Unavailable


async def test_no_failure_ends_a_chore_and_only_the_first_of_a_row_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcomes = [ValueError("odd"), ValueError("odd"), None, Unavailable("gone"), ValueError("again"), None]
    done = asyncio.Event()

    async def work() -> None:
        outcome = outcomes.pop(0) if outcomes else None
        if not outcomes:
            done.set()
        if outcome is not None:
            raise outcome

    with caplog.at_level(logging.ERROR):
        chore = asyncio.create_task(repeat("looking", work, 0))
        await asyncio.wait_for(done.wait(), 20)
        chore.cancel()

    assert [record.getMessage() for record in caplog.records] == ["looking failed; it goes on trying"] * 2
