import asyncio
import logging
from contextlib import AsyncExitStack

import pytest

from waystation.app.chores import keep_doing, repeat
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


async def test_a_chore_has_ended_before_what_it_uses_is_closed() -> None:
    seen: list[str] = []
    begun = asyncio.Event()

    async def chore() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")

    async with AsyncExitStack() as stack:
        stack.callback(seen.append, "closed")
        keep_doing(stack, chore())
        await asyncio.wait_for(begun.wait(), 20)

    assert seen == ["ended", "closed"]
