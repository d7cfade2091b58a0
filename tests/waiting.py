"""Looking at another process until there is something to see. How long it took is never asserted."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")

SECONDS = 20


def wait_for(look: Callable[[], Seen], seconds: float = SECONDS) -> Seen:
    """Look until what is seen is true; what was seen last, where it never is."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen or time.monotonic() > end:
            return seen
        time.sleep(0.01)  # waits for another process
