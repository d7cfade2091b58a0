"""What a process does beside its requests, for as long as it lives: one failure must not be the end of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

log = logging.getLogger(__name__)
REST: Final = 1.0
"""Seconds after a failure that nobody foresaw until the chore begins again."""


async def persist(chore: Callable[[], Awaitable[None]], rest: float = REST) -> NoReturn:
    """Do a chore, and begin it again where it fails or ends; what it failed by is logged."""
    while True:
        try:
            await chore()
        except Exception:
            log.exception("a chore failed and begins again")
        await asyncio.sleep(rest)
