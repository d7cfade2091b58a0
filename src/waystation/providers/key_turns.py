"""Whose turn it is among the keys of one provider. A key that was refused rests for a while; the last one is never ejected.

Keys are known by their position here, so that nothing that remembers an attempt holds a secret.
"""

import time
from collections.abc import Callable, Collection
from itertools import count


class KeyTurns:
    """The turns of `size` keys. Times are seconds on the monotonic clock."""

    __slots__ = ("_clock", "_resting", "_turn", "size")

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.size = size
        self._clock = clock
        self._turn = count()
        self._resting: dict[int, float] = {}

    def next(self, tried: Collection[int] = ()) -> int:
        """The key to use now: in turn, of those not yet `tried`, one that rests only where all of them do."""
        if self.size <= 1:
            return 0
        position = next(self._turn) % self.size
        if not tried and not self._resting:
            return position
        now = self._clock()
        in_turn = [(position + step) % self.size for step in range(self.size)]
        untried = [one for one in in_turn if one not in tried] or in_turn
        return min(untried, key=lambda one: max(self._resting.get(one, now), now))

    def rest(self, position: int, seconds: float) -> None:
        """Use the other keys for this long, where there are others."""
        if self.size > 1:
            now = self._clock()
            self._resting = {one: until for one, until in self._resting.items() if until > now}
            self._resting[position] = now + seconds

    def is_resting(self, position: int) -> bool:
        """Whether this key was refused a short while ago."""
        return self._resting.get(position, 0.0) > self._clock()
