"""What a process does beside its requests, again and again: no failure ends it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

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
