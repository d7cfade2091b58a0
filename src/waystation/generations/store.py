"""What the generation log needs of a database. `storage` implements it; nothing here knows how."""

from collections.abc import Sequence
from typing import Protocol

from waystation.errors import InternalError
from waystation.generations.record import GenerationRecord


class RecordRejected(InternalError):
    """The store is reachable and will not take a record, now or ever."""


class GenerationStore(Protocol):
    """Where records end up. Every method raises `Unavailable` where the store cannot be reached."""

    async def add(self, payloads: Sequence[bytes]) -> None:
        """Keep records (each a `GenerationRecord` as JSON), all or none; `RecordRejected` where one cannot be kept.

        A record whose id is known already changes nothing, sums included.
        """
        ...

    async def get(self, generation_id: str) -> GenerationRecord | None:
        """The record of this id."""
        ...
