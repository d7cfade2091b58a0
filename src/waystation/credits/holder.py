"""Who holds leases on this machine: one locked file for each process, in `data_dir/leases`. A free lock is a dead holder.

What a dead holder charged may still lie in its journal, so its leases are given back only when no segment of it is left.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".holder"


class HolderFile:
    """This process's file, or one of a dead process that this one has taken over."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    @property
    def name(self) -> str:
        """The holder's name in the lease store."""
        return self._path.name.removesuffix(SUFFIX)

    def remove(self) -> None:
        """The holder has no leases any more."""
        self._path.unlink(missing_ok=True)
        os.close(self._fd)

    def leave(self) -> None:
        """Let another process see to it, now or at its start."""
        os.close(self._fd)


def open_holder(directory: Path, name: str) -> HolderFile:
    """Make and lock the file of a new holder."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{name}{SUFFIX}"
    while True:
        fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink > 0:
            return HolderFile(path, fd)
        os.close(fd)  # another process found it before it was locked, and removed it as a dead holder's


def known_holders(directory: Path) -> list[str]:
    """All that have a file, dead or alive."""
    return [path.name.removesuffix(SUFFIX) for path in directory.glob(f"*{SUFFIX}")]


def dead_holders(directory: Path) -> Iterator[HolderFile]:
    """Those whose process has ended, each locked by this one now."""
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            fd = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            continue
        if os.fstat(fd).st_nlink > 0:
            yield HolderFile(path, fd)
        else:
            os.close(fd)
