"""For tests that may wait for what never comes: they are cut off, loudly. How long they take is never asserted."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def cut_off_after(seconds: float) -> Iterator[None]:
    """Fail what is under way after so many seconds; main thread only."""

    def cut(number: int, frame: FrameType | None) -> None:
        raise AssertionError("the test hung")

    before = signal.signal(signal.SIGALRM, cut)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
