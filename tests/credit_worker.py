"""A gateway process as far as money goes: its generation log and its leases, over one database. It can be killed."""

import asyncio
import os
from pathlib import Path

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from generation_records import a_record
from waystation.app.leases import LeaseKeeping
from waystation.credits.lease import Reservation
from waystation.generations.log import GenerationLog
from waystation.operations.usage import Cost
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.leases import SqlLeaseStore


class Key(Struct, frozen=True):
    """A key as far as its spending is limited."""

    key_hash: str
    limit: int | None = None
    limit_reset: str | None = None
    include_byok_in_limit: bool = False


class Worker:
    """One process. `numbers` makes the ids of its records unlike all others'."""

    numbers = 0

    def __init__(self, engine: AsyncEngine, data_dir: Path, *, prepaid: bool) -> None:
        self.log = GenerationLog(SqlGenerationStore(engine), data_dir / "journal", interval=3600)
        self.store = SqlLeaseStore(engine)
        self.keeping = LeaseKeeping(self.store, self.log, data_dir, prepaid=prepaid)
        self.reservations = self.keeping.reservations

    async def start(self) -> None:
        """As the gateway starts: journals first, then leases."""
        await self.log.start()
        await self.keeping.recover()

    def settle(self, reservation: Reservation | None, key_hash: str, at: float, charge: int) -> None:
        """An exchange ends: its record, then its reservation, as in `pipeline.settle`."""
        Worker.numbers += 1
        cost = Cost(charge, charge, 0)
        record = a_record(
            Worker.numbers,
            id=f"gen-{Worker.numbers}",
            key_hash=key_hash,
            created_at=int(at * 1000),
            cost=cost,
        )
        self.log.append(record)
        if reservation is not None:
            reservation.settle(charge)

    async def close(self) -> None:
        """As the gateway ends."""
        await self.log.close()
        await self.keeping.close()

    async def kill(self) -> None:
        """Let go of every file, as the system does for a process that ended; nothing is written any more."""
        writer = self.log._writer
        if writer is not None:
            writer.cancel()
            await asyncio.wait([writer])
        journal = self.log._journal
        journal.rotate()
        for segment in (*journal._full, *self.log._backlog):
            os.close(segment.fd)
        self.keeping._own.leave()
