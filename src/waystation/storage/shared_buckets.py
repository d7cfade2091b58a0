"""`Buckets` that the workers of one machine share: a table in a file that all of them have mapped.

Whoever looks holds the file's lock for some microseconds, so the workers together are as exact as one. The lock ends
with the process that holds it. The table survives a restart, and so do the limits.
"""

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from waystation.accounts.buckets import KEPT, LONGEST, Demand, MemoryBuckets, Refused

FILE_NAME = "limits.table"
SLOTS = 65_536
_SLOT = struct.Struct("<16sd")
"""The digest of a subject, and its moment in Unix seconds; all zero where nothing ever was."""
_MAGIC = b"waystation-lim-1"
_NOBODY = bytes(16)
_PROBES = 64
"""Slots looked at before a subject is told to be this process's own affair."""
_FAR = 400 * LONGEST
"""No moment is so far ahead; a table that says so is damaged."""


class SharedBuckets:
    """The table. `OSError` where the file cannot be made."""

    def __init__(self, data_dir: Path) -> None:
        size = len(_MAGIC) + SLOTS * _SLOT.size
        self._file = os.open(data_dir / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(self._file, 0, size)  # a full disk is found out now, not by a signal later
            self._table = mmap.mmap(self._file, size)
        except BaseException:
            os.close(self._file)
            raise
        self._own = MemoryBuckets()
        self._slots: dict[bytes, int] = {}
        """Where subjects were last seen."""
        with self._locked():
            if self._table[: len(_MAGIC)] != _MAGIC:
                self._table[:] = _MAGIC + bytes(size - len(_MAGIC))

    def close(self) -> None:
        """Let go of the file."""
        self._table.close()
        os.close(self._file)

    def take(self, demands: Sequence[Demand]) -> Refused | None:
        """All of them or none."""
        digests = [_digest(demand.subject) for demand in demands]
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            found: list[tuple[Demand, bytes, int, float]] = []
            for demand, digest in zip(demands, digests, strict=True):
                slot = self._claimed(digest, demand.now)
                if slot is None:
                    return self._own.take(demands)
                moment = self._moment(slot, demand.now)
                wait = demand.wait(moment)
                if wait > 0:
                    return Refused(demand, wait)
                found.append((demand, digest, slot, moment))
            for demand, digest, slot, moment in found:
                if demand.cost:
                    _SLOT.pack_into(self._table, slot, digest, demand.after(moment))
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        return None

    def spend(self, subject: str, cost: float, now: float) -> None:
        """Count what was used."""
        digest = _digest(subject)
        with self._locked():
            slot = self._claimed(digest, now)
            if slot is None:
                self._own.spend(subject, cost, now)
            else:
                _SLOT.pack_into(self._table, slot, digest, max(self._moment(slot, now), now) + cost)

    def empty_at(self, subject: str) -> float:
        """When the subject's limit will be empty again."""
        digest = _digest(subject)
        with self._locked():
            for slot in _places(digest):
                known, moment = _SLOT.unpack_from(self._table, slot)
                if known == digest:
                    return float(moment)
                if known == _NOBODY:
                    return 0.0
        return self._own.empty_at(subject)

    def _claimed(self, digest: bytes, now: float) -> int | None:
        """Where the subject is, or from now on will be: in a slot never used, or one that has long been empty."""
        slot = self._slots.get(digest)
        if slot is not None and self._table[slot : slot + len(digest)] == digest:
            return slot
        slot = self._searched(digest, now)
        if slot is not None:
            if len(self._slots) >= KEPT:
                self._slots.clear()
            self._slots[digest] = slot
        return slot

    def _searched(self, digest: bytes, now: float) -> int | None:
        free = None
        for slot in _places(digest):
            known, moment = _SLOT.unpack_from(self._table, slot)
            if known == digest:
                return slot
            if free is None and (known == _NOBODY or moment < now - LONGEST):
                free = slot
            if known == _NOBODY:
                break
        if free is not None:
            _SLOT.pack_into(self._table, free, digest, now)
        return free

    def _moment(self, slot: int, now: float) -> float:
        """What a slot says; one that makes no sense is empty."""
        moment = float(_SLOT.unpack_from(self._table, slot)[1])
        return moment if moment < now + _FAR else 0.0

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)


def _places(digest: bytes) -> Iterator[int]:
    """The offsets where a subject may be, in order."""
    first = int.from_bytes(digest[:4], "little")
    return (len(_MAGIC) + (first + step) % SLOTS * _SLOT.size for step in range(_PROBES))


@lru_cache(maxsize=16_384)
def _digest(subject: str) -> bytes:
    return blake2b(subject.encode(), digest_size=16).digest()
