"""What a process does beside its requests, again and again: no failure ends it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress

from waystation.errors import Unavailable

log = logging.getLogger(__name__)


async def repeat(what: str, work: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Do this now and then, with so many seconds between. The first of failures in a row is logged.

    `Unavailable` is no failure of ours: whoever cannot be reached is told of elsewhere.
    """
    failing = False
    while True:
        try:
            await work()
        except Unavailable:
            pass
        except Exception:
            if not failing:
                log.exception("%s failed; it goes on trying", what)
            failing = True
        else:
            failing = False
        await asyncio.sleep(seconds)


def keep_doing(stack: AsyncExitStack, chore: Coroutine[None, None, None]) -> None:
    """Run a chore beside the requests until `stack` closes. It has ended before anything is closed that `stack` held before."""
    task = asyncio.get_running_loop().create_task(chore)
    stack.push_async_callback(_end, task)


async def _end(chore: asyncio.Task[None]) -> None:
    """Cancel a chore and wait for it: what it uses is closed next."""
    chore.cancel()
    with suppress(asyncio.CancelledError):
        await chore
