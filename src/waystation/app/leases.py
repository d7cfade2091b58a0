"""Leases over the life of a process: its name as a holder, what it gives back, and what dead processes left."""

import logging
import time
from contextlib import suppress
from pathlib import Path

from waystation.app.chores import repeat
from waystation.credits.holder import HolderFile, dead_holders, known_holders, open_holder
from waystation.credits.reservations import Reservations
from waystation.credits.store import LeaseStore
from waystation.errors import Unavailable
from waystation.generations.journal import has_segments
from waystation.generations.log import GenerationLog

log = logging.getLogger(__name__)
RETURN_INTERVAL = 1.0
"""Seconds after which what nobody used is given back."""
RENEW_INTERVAL = 60.0
"""Seconds between two signs of life, and between two looks for dead processes."""
EXPIRY = 24 * 3600.0
"""Seconds without a sign of life after which the leases of another machine's process are given back."""


class LeaseKeeping:
    """This process as a holder. `journals` is where all processes of this data folder keep theirs."""

    def __init__(
        self, store: LeaseStore, generations: GenerationLog, data_dir: Path, *, prepaid: bool
    ) -> None:
        self._store = store
        self._directory = data_dir / "leases"
        self._journals = data_dir / "journal"
        self._renewed = time.monotonic()
        self._own = open_holder(self._directory, generations.journal_name)
        self.reservations = Reservations(store, self._own.name, generations.flush, prepaid=prepaid)

    async def recover(self) -> None:
        """Give back what dead processes held, once their journals are in the store; log what cannot be now."""
        for holder in dead_holders(self._directory):
            await self._give_back(holder)
        with suppress(Unavailable):
            before = int((time.time() - EXPIRY) * 1000)
            await self._store.expire(before, known_holders(self._directory))

    async def keep(self) -> None:
        """Give back what is not used, and renew the rest, as long as the process lives."""
        await repeat("keeping leases", self._keep_once, RETURN_INTERVAL)

    async def _keep_once(self) -> None:
        await self.reservations.tidy()
        if time.monotonic() - self._renewed > RENEW_INTERVAL:
            self._renewed = time.monotonic()
            await self.reservations.renew()
            await self.recover()

    async def close(self) -> None:
        """The end of a process whose generation log is closed: give everything back."""
        await self._give_back(self._own)

    async def _give_back(self, holder: HolderFile) -> None:
        if has_segments(self._journals, holder.name):
            holder.leave()
            return
        try:
            await self._store.release(holder.name)
        except Unavailable:
            log.warning("leases of a process that ended stay until the database can be reached")
            holder.leave()
        else:
            holder.remove()
