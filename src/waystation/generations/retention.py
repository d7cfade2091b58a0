"""How long what was recorded is kept, and deleting what is older: a few rows at a time, so that writers hardly wait.

Knows no SQL. Sums by key and day, and sums of days, are never deleted: what was spent stays known.
"""

import asyncio
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from waystation.generations.activity import KEPT

Kind: TypeAlias = Literal["generations", "content", "feedback"]
PAUSE = 0.05
"""Seconds between two batches, in which others write."""


class RetentionStore(Protocol):
    """Where old rows are. Every method deletes one small batch in a transaction of its own and says how many rows.

    Raises `Unavailable` where the store cannot be reached.
    """

    async def prune(self, kind: Kind, before: int) -> int:
        """Delete rows of before this moment (Unix seconds)."""
        ...

    async def prune_sums(self, span: int, before: int) -> int:
        """Delete sums of this span (seconds) of before this moment (Unix seconds)."""
        ...


class Retention(Struct, frozen=True):
    """Days for which rows are kept; 0: for good."""

    generations: int = 0
    content: int = 30
    feedback: int = 0


async def prune(store: RetentionStore, retention: Retention, now: int, pause: float = PAUSE) -> int:
    """Delete all that is too old at `now` (Unix seconds); how many rows that were."""
    deleted = 0
    kept: dict[Kind, int] = {
        "generations": retention.generations,
        "content": retention.content,
        "feedback": retention.feedback,
    }
    for kind, days in kept.items():
        while days and (batch := await store.prune(kind, now - days * 86_400)):
            deleted += batch
            await asyncio.sleep(pause)
    for span, seconds in KEPT.items():
        while batch := await store.prune_sums(span, now - seconds - span):
            deleted += batch
            await asyncio.sleep(pause)
    return deleted
