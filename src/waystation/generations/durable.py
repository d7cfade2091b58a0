"""A durable log: what is appended is in the journal at once, in the database soon, and in reach all the while.

`append` never waits, never raises and is all that a request pays; one task carries records on in batches. A database
that is down delays them, a full disk keeps them in memory up to a bound, and `health` says so. When there is no room
left, or at the first trouble where that is asked for, `refusing` tells that nothing more should be begun. Knows no SQL.
"""

import asyncio
import logging
from collections.abc import Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from waystation.errors import Unavailable
from waystation.generations import journal as journals
from waystation.generations.health import LogHealth
from waystation.generations.journal import Journal, Segment
from waystation.generations.store import RecordRejected

log = logging.getLogger(__name__)

BATCH = 2048
"""Records of one transaction at the most: at a batch they share what a transaction costs, a millisecond or two."""
FIRST_RETRY = 0.5
LAST_RETRY = 15.0
RETRY_AFTER = 5
"""Seconds after which callers may find disk and database well again."""


class Identified(Protocol):
    """Anything with the id of its generation."""

    @property
    def id(self) -> str: ...


Kept = TypeVar("Kept", bound=Identified)
Kept_co = TypeVar("Kept_co", bound=Identified, covariant=True)


class DurableStore(Protocol[Kept_co]):
    """Where records end up. Every method raises `Unavailable` where the store cannot be reached."""

    async def add(self, payloads: Sequence[bytes]) -> None:
        """Keep records (JSON), all or none; `RecordRejected` where one cannot be kept. Known ids change nothing."""
        ...

    async def get(self, generation_id: str) -> Kept_co | None:
        """The record of this id."""
        ...


class _Pending(Struct, gc=False):
    """A record on its way to the store: encoded at once, since thousands of live objects would cost every request.

    `segment` is where it lies in the journal; None while it is not written there.
    """

    payload: bytes
    segment: Segment | None


def _segment_of(item: tuple[str, _Pending]) -> Segment | None:
    return item[1].segment


class DurableLog(Generic[Kept]):
    """The records of this process, on their way to the store. `interval` is seconds between two batches.

    A record is in the journal when `append` returns: before the last bytes of its answer leave the process.
    `max_pending` wait in memory, twice as many where the journal takes none: what was under way still finds room.
    `strict`: refuse while the disk or the database is in trouble, not only when there is no room left.
    """

    def __init__(
        self,
        store: DurableStore[Kept],
        directory: Path,
        kind: type[Kept],
        *,
        interval: float = 0.2,
        max_pending: int = 8192,
        segment_bytes: int = journals.SEGMENT_BYTES,
        max_journal_bytes: int = journals.MAX_BYTES,
        strict: bool = False,
    ) -> None:
        self._store = store
        self._directory = directory
        self._interval = interval
        self._max_pending = max_pending
        self._strict = strict
        self._journal = Journal(directory, segment_bytes, max_journal_bytes)
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(kind).decode
        self._pending: dict[str, _Pending] = {}
        self._backlog: list[Segment] = []
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._draining = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self._store_ok = self._journal_ok = True
        self._unjournaled = self._spilled = self._lost = self._rejected = self._damaged = 0

    async def start(self) -> None:
        """Take over what processes that died left behind, then begin to write."""
        self._backlog = await asyncio.to_thread(lambda: list(journals.orphans(self._directory)))
        await self._try_drain()
        self._writer = asyncio.create_task(self._write(), name=f"writer of {self._directory.name}")

    @property
    def refusing(self) -> bool:
        """Whether nothing more should be begun, because what comes of it might not be kept."""
        if self._journal_ok and (self._store_ok or not self._strict):
            return False
        return self._strict or len(self._pending) >= self._max_pending

    def admit(self) -> None:
        """Raise `Unavailable` where nothing more should be begun: asked once for each request."""
        if (not self._journal_ok or (self._strict and not self._store_ok)) and self.refusing:
            raise Unavailable("What is asked cannot be recorded at the moment.", retry_after=RETRY_AFTER)

    def append(self, record: Kept) -> None:
        """Record one generation; it can be found from now on."""
        try:
            payload = self._encode(record)
        except (ValueError, TypeError, OverflowError):
            self._rejected += 1
            log.exception("a generation has no JSON form and is lost", extra={"generation": record.id})
            return
        segment = self._journaled(payload) if self._journal_ok else None
        if len(self._pending) < (self._max_pending if segment is not None else 2 * self._max_pending):
            self._pending[record.id] = _Pending(payload, segment)
            self._unjournaled += segment is None
        else:
            self._overflow(record.id, segment)
        self._wake.set()

    async def get(self, generation_id: str) -> Kept | None:
        """The record of this id, settled now or long ago."""
        pending = self._pending.get(generation_id)
        return await self._store.get(generation_id) if pending is None else self._decode(pending.payload)

    async def flush(self) -> None:
        """Bring everything recorded so far into the store; `Unavailable` where it cannot be reached."""
        try:
            await self._drain()
        except Unavailable:
            self._store_failed()
            raise

    async def close(self) -> None:
        """Write what there is and stop. What the store cannot take now stays in the journal for the next start."""
        self._closing.set()
        self._wake.set()
        if self._writer is not None:
            await self._writer
        await self._try_drain()
        if self._unjournaled:
            log.critical("%d generations lost: disk and database are both unavailable", self._unjournaled)
        self._journal.close()
        for segment in self._backlog:
            segment.release()
        self._backlog = []

    def health(self) -> LogHealth:
        """How the log fares now."""
        return LogHealth(
            self._store_ok,
            self._journal_ok,
            len(self._pending),
            self._unjournaled,
            self._spilled,
            self._lost,
            self._rejected,
            self._damaged,
            self.refusing,
        )

    def _overflow(self, generation_id: str, segment: Segment | None) -> None:
        if segment is not None:
            segment.spilled = True
            self._spilled += 1
        else:
            self._lost += 1
            log.critical(
                "generation lost: neither disk nor memory has room", extra={"generation": generation_id}
            )

    def _journaled(self, payload: bytes) -> Segment | None:
        try:
            segment = self._journal.append(payload)
        except OSError as error:
            log.critical("the journal cannot be written, records are only in memory: %s", error)
            self._journal_ok = False
            self._wake.set()
            return None
        return segment

    def _journal_again(self) -> bool:
        """Try a journal that failed, and bring into it what waits in memory; whether it is well."""
        if self._journal_ok:
            return True
        try:
            self._journal.prepare()
            for pending in self._pending.values():
                if pending.segment is None:
                    pending.segment = self._journal.append(pending.payload)
                    self._unjournaled -= 1
        except OSError:
            return False
        log.warning("the journal can be written again")
        self._journal_ok = True
        return True

    async def _write(self) -> None:
        retry = 0.0
        while not self._closing.is_set():
            await self._wake.wait()
            self._wake.clear()
            await self._pause(max(self._interval, retry))
            written = await self._try_drain()
            if self._journal_again() and written:
                retry = 0.0
            else:
                self._wake.set()
                retry = min(max(2 * retry, FIRST_RETRY), LAST_RETRY)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def _try_drain(self) -> bool:
        try:
            await self._drain()
        except Unavailable:
            self._store_failed()
        except Exception:
            log.exception("the generation log could not write; it goes on trying")
            self._store_ok = False
        else:
            return True
        return False

    def _store_failed(self) -> None:
        if self._store_ok:
            log.error("the database cannot be reached, generations stay in the journal until it can")
        self._store_ok = False

    async def _drain(self) -> None:
        async with self._draining:
            waiting = len(
                self._pending
            )  # what comes meanwhile makes a batch of its own later: small ones cost most
            while waiting > 0:
                batch = dict(islice(self._pending.items(), min(BATCH, waiting)))
                waiting -= len(batch)
                rejected = await self._keep([pending.payload for pending in batch.values()])
                for segment, together in groupby(batch.items(), key=_segment_of):
                    identities = [identity for identity, _ in together]
                    for identity in identities:
                        del self._pending[identity]
                    self._carried(segment, len(identities), rejected=not rejected.isdisjoint(identities))
            if self._spilled:
                self._journal.rotate()
                self._backlog += self._journal.spilled()
                self._spilled = 0
            while self._backlog:
                await self._replay(self._backlog[0])
                self._backlog.pop(0)
            if not self._store_ok:
                log.warning("the database can be reached again, all generations are in it")
            self._store_ok = True

    def _carried(self, segment: Segment | None, count: int, *, rejected: bool) -> None:
        """So many records of a segment are in the store, or (`rejected`) some of them will never be."""
        if segment is None:
            self._unjournaled -= count
        else:
            segment.kept = segment.kept or rejected
            self._journal.settled(segment, count)

    async def _replay(self, segment: Segment) -> None:
        payloads, damaged = await asyncio.to_thread(self._readable, segment.path)
        rejected: set[str] = set()
        for start in range(0, len(payloads), BATCH):
            rejected |= await self._keep(payloads[start : start + BATCH])
        if damaged:
            self._damaged += damaged
            log.error(
                "%d damaged lines in the journal, kept as %s%s", damaged, segment.path.stem, journals.DAMAGED
            )
            segment.set_aside()
        elif rejected:
            segment.release()
        else:
            segment.remove()

    async def _keep(self, payloads: Sequence[bytes]) -> set[str]:
        """Bring encoded records into the store; the ids of those it refuses for good."""
        try:
            await self._store.add(payloads)
        except RecordRejected as error:
            if len(payloads) > 1:
                return {identity for payload in payloads for identity in await self._keep([payload])}
            self._rejected += 1
            generation_id = self._decode(payloads[0]).id
            log.critical("the database refuses a generation: %s", error, extra={"generation": generation_id})
            return {generation_id}
        return set()

    def _readable(self, path: Path) -> tuple[list[bytes], int]:
        """The encoded records of a segment, and how many of its lines could not be read."""
        contents = journals.read(path)
        payloads: list[bytes] = []
        for payload in contents.payloads:
            try:
                self._decode(payload)
            except msgspec.DecodeError:
                contents.damaged += 1
            else:
                payloads.append(payload)
        return payloads, contents.damaged
