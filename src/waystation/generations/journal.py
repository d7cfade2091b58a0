"""The journal: what this process has recorded, on the local disk before anything else knows of it. Opaque lines.

Each process writes segments of its own and holds a lock on them; a segment whose lock is free belongs to a process
that died. A line is a CRC-32 in eight hex digits, a space, the payload and a newline; after the last there are zeros.
Segments are mapped files with all their blocks allocated: a line costs no system call and always finds room. Written
lines survive the process, not a power failure: nothing is synced on the request's path.
"""

import errno
import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from msgspec import Struct

SUFFIX = ".journal"
DAMAGED = ".damaged"
SEGMENT_BYTES = 4 * 1024 * 1024
MAX_BYTES = 1024 * 1024 * 1024
"""What all segments of a folder may have together, those of other processes too."""
SMALL_SEGMENT_BYTES = 64 * 1024
"""What is asked for where a disk that is nearly full has no whole segment left."""
_HEAD = 9


class Segment:
    """One file of the journal, locked by this process. `open_records` counts those not in the database yet."""

    __slots__ = ("_map", "_room", "_size", "fd", "full", "kept", "open_records", "path", "spilled")

    def __init__(self, path: Path, fd: int, room: int = 0) -> None:
        """`room`: bytes to allocate, of a segment that is to be written; OSError where the disk has less."""
        self.path = path
        self.fd = fd
        self.open_records = 0
        self.full = False
        self.spilled = False
        self.kept = False
        self._room = room
        self._size = 0
        self._map: mmap.mmap | None = None
        if room:
            os.posix_fallocate(fd, 0, room)
            self._map = mmap.mmap(fd, room)

    def write(self, line: bytes) -> bool:
        """Append one line; false where there is no room for it."""
        end = self._size + len(line)
        if end > self._room or self._map is None:
            return False
        self._map[self._size : end] = line
        self._size = end
        self.open_records += 1
        return True

    def finish(self) -> None:
        """Nothing more is written here."""
        if self._map is not None:
            self._map.close()
            self._map = None
        self.full = True

    def release(self) -> None:
        """Let go of the file and leave it where it is."""
        os.close(self.fd)

    def remove(self) -> None:
        """Delete the file, while it is still locked. One that cannot be deleted is read again at a start, which changes nothing."""
        with suppress(OSError):
            self.path.unlink()
        os.close(self.fd)

    def set_aside(self) -> None:
        """Keep a damaged file for the operator under a name that is not read again."""
        self.path.rename(self.path.with_suffix(DAMAGED))
        os.close(self.fd)


class Contents(Struct):
    """The payloads of a segment; `damaged` counts whole lines whose checksum is wrong, a torn last line is none."""

    payloads: list[bytes]
    damaged: int


class Journal:
    """The segments of this process, all of whose files begin with its `name`."""

    def __init__(
        self, directory: Path, segment_bytes: int = SEGMENT_BYTES, max_bytes: int = MAX_BYTES
    ) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._max_bytes = max_bytes
        self.name = f"{time.time_ns():020d}-{os.getpid()}"
        self._number = 0
        self._active: Segment | None = None
        self._full: list[Segment] = []

    def append(self, payload: bytes) -> Segment:
        """Write one payload (no newline in it) and say where it lies; OSError where that cannot be."""
        line = b"%08x %b\n" % (crc32(payload), payload)
        segment = self._active
        if segment is None or not segment.write(line):
            self.rotate()
            segment = self._active = self._create(len(line))
            segment.write(line)
        return segment

    def prepare(self) -> None:
        """Make sure that there is a segment to write to; OSError where that cannot be."""
        if self._active is None:
            self._active = self._create(0)

    def rotate(self) -> None:
        """Begin another segment with the next payload."""
        if self._active is not None:
            self._active.finish()
            self._full.append(self._active)
            self._active = None

    def settled(self, segment: Segment, count: int) -> None:
        """So many records of this segment are in the database; a full segment that has no other goes."""
        segment.open_records -= count
        if segment.full and segment.open_records == 0 and not segment.kept:
            self._full.remove(segment)
            segment.remove()

    def spilled(self) -> list[Segment]:
        """Full segments with records that only the disk holds; they are the caller's from now on."""
        spilled = [segment for segment in self._full if segment.spilled]
        self._full = [segment for segment in self._full if not segment.spilled]
        return spilled

    def close(self) -> None:
        """Delete what the database has, leave the rest for the next start."""
        self.rotate()
        for segment in self._full:
            if segment.open_records or segment.kept:
                segment.release()
            else:
                segment.remove()
        self._full = []

    def _create(self, least: int) -> Segment:
        small = max(min(self._segment_bytes, SMALL_SEGMENT_BYTES), least)
        room = self._max_bytes - size(self._directory)
        if room < small:
            raise OSError(errno.ENOSPC, "the journal has all the room that it may have")
        try:
            return self._allocate(max(min(self._segment_bytes, room), least))
        except OSError:
            return self._allocate(small)

    def _allocate(self, room: int) -> Segment:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            self._number += 1
            path = self._directory / f"{self.name}-{self._number:06d}{SUFFIX}"
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            if not _lock(fd):
                os.close(fd)
                continue
            try:
                return Segment(path, fd, room)
            except OSError:
                path.unlink(missing_ok=True)
                os.close(fd)
                raise


def orphans(directory: Path) -> Iterator[Segment]:
    """The segments of processes that died, oldest first, each locked by this one now."""
    for path in sorted(directory.glob("*" + SUFFIX)):
        try:
            fd = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        if _lock(fd):
            yield Segment(path, fd)
        else:
            os.close(fd)


def has_segments(directory: Path, name: str) -> bool:
    """Whether any segment of the journal of this name is left, written to or not yet carried on."""
    return any(directory.glob(f"{name}-*{SUFFIX}"))


def size(directory: Path) -> int:
    """Bytes of all files in the journal's folder."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                total += entry.stat().st_size
    return total


def read(path: Path) -> Contents:
    """All payloads of a segment, in order."""
    lines = path.read_bytes().split(b"\n")
    lines.pop()
    contents = Contents([], 0)
    for line in lines:
        payload = line[_HEAD:]
        if line[:_HEAD] == b"%08x " % crc32(payload):
            contents.payloads.append(payload)
        else:
            contents.damaged += 1
    return contents


def _lock(fd: int) -> bool:
    """Whether the file is ours now: the lock was free, and nobody deleted the file before we had it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(fd).st_nlink > 0
