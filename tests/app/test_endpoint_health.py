"""What a process learnt of endpoints goes to the other workers and to the next process."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from waystation.app.endpoint_health import keep_health
from waystation.routing.health import Health, Outcome, Result
from waystation.routing.news import News
from waystation.storage.health import FileHealthStore

KEY = "acme/m1 a"


class Others:
    """Workers that keep what they are told, and say nothing of themselves."""

    def __init__(self) -> None:
        self.told: list[News] = []
        self.has_heard = asyncio.Event()
        self.hear: Callable[[Sequence[News]], None] | None = None

    def tell(self, news: Sequence[News]) -> None:
        self.told += news
        if news:
            self.has_heard.set()

    def listen(self, hear: Callable[[Sequence[News]], None]) -> None:
        self.hear = hear

    def leave(self) -> None:
        self.hear = None


def in_outage(health: Health) -> bool:
    now = time.time()
    return health.snapshot(now).of(KEY).outage_until > now


def fail(health: Health) -> None:
    health.observe(Outcome("acme/m1", "a", time.time(), Result.FAILURE))


async def test_the_next_process_takes_up_what_this_one_learnt(tmp_path: Path) -> None:
    first, second = Health(), Health()
    async with AsyncExitStack() as stack:
        await keep_health(first, FileHealthStore(tmp_path), None, stack)
        fail(first)
    async with AsyncExitStack() as stack:
        await keep_health(second, FileHealthStore(tmp_path), None, stack)

        assert in_outage(second)


async def test_the_others_are_told_now_and_then_and_once_more_in_the_end(tmp_path: Path) -> None:
    health, others = Health(shares=True), Others()
    async with AsyncExitStack() as stack:
        fail(health)
        await keep_health(health, FileHealthStore(tmp_path), others, stack)
        await asyncio.wait_for(others.has_heard.wait(), 20)
        fail(health)

    assert [(one.key, one.tally.failures) for one in others.told] == [(KEY, 1), (KEY, 1)]
    assert others.hear is None


async def test_what_the_others_tell_is_learnt(tmp_path: Path) -> None:
    elsewhere, health, others = Health(shares=True), Health(shares=True), Others()
    fail(elsewhere)
    async with AsyncExitStack() as stack:
        await keep_health(health, FileHealthStore(tmp_path), others, stack)
        assert others.hear is not None
        others.hear(elsewhere.news(time.time()))

        assert in_outage(health)
