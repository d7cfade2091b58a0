"""The generation log: the records of this process on their way to the store."""

from pathlib import Path

from waystation.generations import journal as journals
from waystation.generations.durable import DurableLog
from waystation.generations.health import LogHealth
from waystation.generations.record import GenerationRecord
from waystation.generations.store import GenerationStore

__all__ = ["GenerationLog", "LogHealth"]


class GenerationLog(DurableLog[GenerationRecord]):
    """A `DurableLog` of generation records; see there."""

    def __init__(
        self,
        store: GenerationStore,
        directory: Path,
        *,
        interval: float = 0.2,
        max_pending: int = 8192,
        segment_bytes: int = journals.SEGMENT_BYTES,
        max_journal_bytes: int = journals.MAX_BYTES,
        strict: bool = False,
    ) -> None:
        super().__init__(
            store,
            directory,
            GenerationRecord,
            interval=interval,
            max_pending=max_pending,
            segment_bytes=segment_bytes,
            max_journal_bytes=max_journal_bytes,
            strict=strict,
        )

    @property
    def journal_name(self) -> str:
        """What this process's journal is called."""
        return self._journal.name
