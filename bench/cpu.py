"""CPU time and resident memory of a process tree, read from the kernel (Linux only).

CPU time, unlike wall time, survives a machine shared with others: it is the figure that the benchmark steers by.
"""

import os
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


def seconds(root: int) -> float:
    """User and system CPU seconds of the living tree under pid `root`, reaped children included; 0 if it is gone."""
    return sum(_own_seconds(pid) + _reaped_seconds(pid) for pid in tree(root))


def resident_mib(root: int) -> float:
    """Resident memory of the tree in MiB; a page shared by two processes counts twice."""
    return sum(_resident_pages(pid) for pid in tree(root)) * PAGE_BYTES / 2**20


def tree(root: int) -> list[int]:
    """The pids of `root` and all its living descendants, parents first; empty if it is gone."""
    children: dict[int, list[int]] = {}
    alive: set[int] = set()
    for name in os.listdir(PROC):  # noqa: PTH208  a benchmark wants the cheap form
        if name.isdigit() and (fields := _stat(int(name))):
            alive.add(int(name))
            children.setdefault(int(fields[1]), []).append(int(name))
    found = [root] if root in alive else []
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def _stat(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat after the name, which may itself hold spaces and brackets."""
    try:
        text = (PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return []
    return text[text.rindex(b")") + 2 :].split()


def _own_seconds(pid: int) -> float:
    """From the process's CPU clock in nanoseconds: /proc only has ticks of 10 ms. Its id is clock_getcpuclockid(3)'s."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _reaped_seconds(pid: int) -> float:
    return sum(int(ticks) for ticks in _stat(pid)[13:15]) / TICKS_PER_SECOND


def _resident_pages(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
