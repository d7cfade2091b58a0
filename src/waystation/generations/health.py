"""How a durable log fares: what the operator is told."""

from msgspec import Struct


class LogHealth(Struct, frozen=True):
    """How the log fares. `pending` wait in memory, `unjournaled` of them nowhere else; `spilled` only on the disk.

    `lost` found no room at all, `rejected` were refused by the database and lie in the journal, `damaged` are lines of
    earlier processes that could not be read. `refusing`: nothing more should be begun.
    """

    store_ok: bool
    journal_ok: bool
    pending: int
    unjournaled: int
    spilled: int
    lost: int
    rejected: int
    damaged: int
    refusing: bool = False

    @property
    def ok(self) -> bool:
        """Whether every record is safe and on its way."""
        return self.store_ok and self.journal_ok and not (self.unjournaled or self.lost)
