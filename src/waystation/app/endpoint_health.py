"""The endpoints' health over the life of a process: taken up, told among the workers, and kept for the next process."""

import time
from contextlib import AsyncExitStack

from waystation.app.chores import keep_doing, repeat
from waystation.routing.health import Health, HealthStore
from waystation.routing.news import Neighbours

SAVE_INTERVAL = 60.0
"""Seconds between two savings."""
NEWS_INTERVAL = 0.5
"""Seconds between two tellings of what this worker learnt."""


async def keep_health(
    health: Health, store: HealthStore, neighbours: Neighbours | None, stack: AsyncExitStack
) -> None:
    """Take up what an earlier process learnt of endpoints; keep what this one learns, now and then and when `stack` closes.

    `neighbours`: the other workers, None where this one is alone.
    """
    saved = await store.load()
    if saved is not None:
        health.restore(saved, time.time())

    async def save() -> None:
        await store.save(health.saved())

    if neighbours is not None:
        _share(health, neighbours, stack)
    stack.push_async_callback(save)
    keep_doing(stack, repeat("saving what is known of endpoints", save, SAVE_INTERVAL))


def _share(health: Health, neighbours: Neighbours, stack: AsyncExitStack) -> None:
    """Tell the other workers of endpoints, and learn from them: all know the same, whichever saves it last."""
    neighbours.listen(health.hear)
    stack.callback(neighbours.leave)

    async def tell() -> None:
        neighbours.tell(health.news(time.time()))

    stack.push_async_callback(tell)
    keep_doing(stack, repeat("telling other workers of endpoints", tell, NEWS_INTERVAL))
