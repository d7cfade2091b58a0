"""What one endpoint did lately: counts in slices of time that age together, over five minutes, half an hour and a day.

Bounded whatever comes: 11 slices of 30 s and 7 of five minutes, with percentile histograms, 25 of an hour without.
Windows therefore reach back their length and up to one slice more. Times are Unix seconds.
"""

from typing import Final

from msgspec import Struct

from waystation.routing.histogram import Histogram, add_all, bucket_of

FINE, MIDDLE, COARSE = 30, 300, 3600
"""Seconds of a slice in each ring."""
FIVE_MINUTES, HALF_HOUR, TWO_HOURS, DAY = 300, 1800, 7200, 86_400
_KEPT: Final = {FINE: FIVE_MINUTES // FINE + 1, MIDDLE: HALF_HOUR // MIDDLE + 1, COARSE: DAY // COARSE + 1}


class Tally(Struct):
    """Attempts counted together. `number` is the slice's: its start divided by its length.

    `tool_requests` are answers that called tools, `tool_failures` those among them with a call that was not valid.
    """

    number: int = 0
    successes: int = 0
    failures: int = 0
    rate_limited: int = 0
    tool_requests: int = 0
    tool_failures: int = 0
    latency: Histogram = {}
    throughput: Histogram = {}

    @property
    def observations(self) -> int:
        """Attempts that count for uptime."""
        return self.successes + self.failures

    @property
    def uptime(self) -> float | None:
        """Percent of the counted attempts that succeeded; None without any."""
        counted = self.successes + self.failures
        return 100 * self.successes / counted if counted else None

    def add(self, other: "Tally", *, percentiles: bool) -> None:
        """Add what another counted, with its histograms or without."""
        self.successes += other.successes
        self.failures += other.failures
        self.rate_limited += other.rate_limited
        self.tool_requests += other.tool_requests
        self.tool_failures += other.tool_failures
        if percentiles:
            add_all(self.latency, other.latency)
            add_all(self.throughput, other.throughput)

    def timed(self, latency: float | None, throughput: float | None) -> None:
        """Count seconds to the first token and tokens a second."""
        if latency is not None:
            bucket = bucket_of(latency)
            self.latency[bucket] = self.latency.get(bucket, 0) + 1
        if throughput is not None:
            bucket = bucket_of(throughput)
            self.throughput[bucket] = self.throughput.get(bucket, 0) + 1


class Windows(Struct):
    """The three rings of one endpoint, newest slice last. A slice that is over is added to the next coarser ring."""

    fine: list[Tally] = []
    middle: list[Tally] = []
    coarse: list[Tally] = []

    def current(self, now: float) -> Tally:
        """The slice that an attempt ending now is counted in; one from before the newest slice counts there too."""
        number = int(now // FINE)
        if self.fine and self.fine[-1].number >= number:
            return self.fine[-1]
        if self.fine:
            self._age(self.fine[-1])
        fresh = Tally(number)
        _push(self.fine, fresh, _KEPT[FINE])
        return fresh

    def over(self, seconds: int, now: float) -> Tally:
        """The sum of the last five minutes, half hour, two hours or day; the two longest without percentiles."""
        total = Tally()
        if seconds <= FIVE_MINUTES:
            _sum(total, self.fine, now, FINE, seconds)
            return total
        percentiles = seconds <= HALF_HOUR
        if self.fine and now - self.fine[-1].number * FINE <= seconds + FINE:
            total.add(self.fine[-1], percentiles=percentiles)
        if percentiles:
            _sum(total, self.middle, now, MIDDLE, seconds)
            return total
        if self.middle and now - self.middle[-1].number * MIDDLE <= seconds + MIDDLE:
            total.add(self.middle[-1], percentiles=False)
        _sum(total, self.coarse, now, COARSE, seconds)
        return total

    def _age(self, finished: Tally) -> None:
        started = finished.number * FINE
        number = started // MIDDLE
        if not self.middle or self.middle[-1].number < number:
            if self.middle:
                self._settle(self.middle[-1])
            _push(self.middle, Tally(number), _KEPT[MIDDLE])
        self.middle[-1].add(finished, percentiles=True)

    def _settle(self, finished: Tally) -> None:
        number = finished.number * MIDDLE // COARSE
        if not self.coarse or self.coarse[-1].number < number:
            _push(self.coarse, Tally(number), _KEPT[COARSE])
        self.coarse[-1].add(finished, percentiles=False)


def _push(ring: list[Tally], fresh: Tally, kept: int) -> None:
    ring.append(fresh)
    while len(ring) > kept or ring[0].number <= fresh.number - kept:
        del ring[0]


def _sum(total: Tally, ring: list[Tally], now: float, length: int, seconds: int) -> None:
    oldest = int(now // length) - seconds // length
    for tally in ring:
        if tally.number >= oldest:
            total.add(tally, percentiles=length < COARSE)
