"""Chores beside the requests."""

import asyncio

import pytest

from waystation.app.chores import persist


async def test_a_chore_that_fails_is_logged_and_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    begun = asyncio.Queue[int]()

    async def chore() -> None:
        begun.put_nowait(1)
        raise RuntimeError("unforeseen")

    task = asyncio.ensure_future(persist(chore, 0))
    async with asyncio.timeout(10):
        for _ in range(3):
            await begun.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "unforeseen" in caplog.text
