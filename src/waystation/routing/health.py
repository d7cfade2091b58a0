"""How endpoints are doing, learnt from what settlement reports. One `Health` for a process; nothing here awaits or locks.

Use: `begin` when an attempt is sent, `observe` when it is settled, `snapshot` for each plan. All times are Unix seconds, so
that what was learnt survives a restart (`saved`, `restore`, and a `HealthStore` to keep it), and that workers may learn from each
other (`news`, `hear`).

With `remembers=False` (`[routing] health = false`) statistics are kept for whoever reads them, but no endpoint is ever
thought worse of: no outage memory, no demotion, no cool-down.
"""

from collections.abc import Iterable
from enum import Enum
from math import exp
from types import MappingProxyType
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from waystation.errors import CredentialRejected, GatewayError, ProviderError, RateLimited, UpstreamRejected
from waystation.routing.figures import Statistics, measured, statistics_of
from waystation.routing.news import News, Standing
from waystation.routing.standing import UNCOUNTED, UNTRIED, EndpointHealth, HealthSnapshot, endpoint_key
from waystation.routing.windows import DAY, Tally, Windows

OUTAGE_MEMORY: Final = 30.0
"""Seconds that a significant outage is remembered (contract 8.2, step 7e)."""
SIGNIFICANT: Final = 0.25
"""The share of failures among the attempts of about the last 10 s that makes one more failure an outage."""
FADE: Final = 10.0
"""Seconds in which an attempt's weight in that share falls to a third."""
PROBE_PATIENCE: Final = 15.0
"""Seconds that a probe may be under way before another one is let through."""
COOL_DOWN: Final = 2.0
"""Seconds to leave an endpoint alone after a 429 that does not say how long, doubled for each further one in a row up to 64."""
LONGEST_COOL_DOWN: Final = 300.0
"""The most seconds that a `Retry-After` is taken for."""
REFRESH: Final = 1.0
"""Seconds after which percentiles and uptimes are computed anew; outages and cool-downs are seen at once."""
MOST_UNLEARNT: Final = 256
"""Successes that may wait to be learnt."""
BATCH: Final = 5
"""Endpoints computed anew by one snapshot, at about 20 us each, so that no request pays for all of them."""


class Result(Enum):
    """What an attempt says of its endpoint (contract 8.2)."""

    SUCCESS = "success"
    FAILURE = "failure"
    """Counts for uptime: 401, 402, 404, 5xx, no connection, a deadline, an answer that was empty, malformed or broke off."""
    RATE_LIMITED = "rate_limited"
    """429: not counted for uptime, but the endpoint or key is left alone for a while."""
    UNCOUNTED = "uncounted"
    """400, 403, 413, 422, or the client hung up: says nothing of the endpoint."""


class Outcome(Struct, frozen=True, gc=False):
    """What came of one attempt. `ended` is Unix seconds.

    `latency`: seconds until the first token; `throughput`: output tokens a second after it; None where not measured.
    `calls_valid`: None where the answer called no tool; False where a call had arguments that are not JSON, an unknown
    name, or broke the tool's schema. `retry_after`: seconds the provider asked for.
    `other_keys`: another of the provider's keys is still good, so that not the endpoint but the key is left alone
    (`providers.key_turns`).
    """

    model_id: str
    tag: str
    ended: float
    result: Result
    latency: float | None = None
    throughput: float | None = None
    tools_asked: bool = False
    calls_valid: bool | None = None
    retry_after: float | None = None
    other_keys: bool = False


def result_of(error: GatewayError | None) -> Result:
    """What an attempt's error says of its endpoint; None is a success."""
    if error is None:
        return Result.SUCCESS
    if isinstance(error, RateLimited):
        return Result.RATE_LIMITED
    if not isinstance(error, ProviderError) or isinstance(error, UpstreamRejected):
        return Result.UNCOUNTED
    if isinstance(error, CredentialRejected) and error.upstream_status == 403:
        return Result.UNCOUNTED
    return Result.FAILURE


class Record(Struct):
    """All that is known of one endpoint; `good` and `bad` are recent attempts, fading since `faded`.

    `stood` is when its troubles were last thought of otherwise.
    """

    windows: Windows
    good: float = 0.0
    bad: float = 0.0
    faded: float = 0.0
    limited_in_a_row: int = 0
    health: EndpointHealth = UNTRIED
    stood: float = 0.0


class SavedHealth(Struct, frozen=True):
    """What a `HealthStore` keeps: every record by `endpoint_key`; one msgspec document."""

    records: dict[str, Record] = {}


class HealthStore(Protocol):
    """Where health outlives the process. In-process by default: a file in the data folder."""

    async def load(self) -> SavedHealth | None:
        """What was saved last; None where nothing was, or it cannot be read."""
        ...

    async def save(self, health: SavedHealth) -> None:
        """Keep this in place of what was saved before."""
        ...


class Health:
    """The recorder. `observe` costs about 2 us, `snapshot` a tenth where nothing is to be computed.

    Successes while nobody is in trouble change no plan: they are learnt many together, before anything is read.
    `shares`: what is observed is kept to be told to others, too.
    """

    def __init__(self, *, remembers: bool = True, shares: bool = False) -> None:
        self._remembers = remembers
        self._untold: dict[str, Tally] | None = {} if shares else None
        self._rethought: set[str] = set()
        self._unlearnt: list[Outcome] = []
        self._records: dict[str, Record] = {}
        self._stale: set[str] = set()
        self._due: list[str] = []
        self._refreshed = 0.0
        self._endpoints: dict[str, EndpointHealth] = {}
        self._troubled: dict[str, EndpointHealth] = {}
        self._snapshot: HealthSnapshot | None = HealthSnapshot()

    def snapshot(self, now: float) -> HealthSnapshot:
        """How all endpoints are doing; the same object until something changes."""
        if now - self._refreshed >= REFRESH and (self._unlearnt or self._stale or self._troubled):
            self._learn_all()
            self._gather(now)
        if self._due:
            self._refresh(now, BATCH)
        snapshot = self._snapshot
        if snapshot is None:
            endpoints, troubled = dict(self._endpoints), dict(self._troubled)
            snapshot = self._snapshot = HealthSnapshot(
                MappingProxyType(endpoints), MappingProxyType(troubled)
            )
        return snapshot

    def begin(self, key: str, now: float) -> None:
        """An attempt at this endpoint (`endpoint_key`) is being sent: while it probes, no other request does."""
        health = self._troubled.get(key)
        if health is not None and health.unproven and health.unstable_until() <= now:
            self._think(key, replace(health, probe_until=now + PROBE_PATIENCE), now)

    def observe(self, outcome: Outcome) -> None:
        """Learn from a settled attempt."""
        unlearnt = self._unlearnt
        if outcome.result is Result.SUCCESS and not self._troubled:
            unlearnt.append(outcome)
            if len(unlearnt) >= MOST_UNLEARNT:
                self._learn_all()
            return
        if unlearnt:
            self._learn_all()
        self._learn(outcome)

    def _learn_all(self) -> None:
        """Learn what was put off."""
        unlearnt, self._unlearnt = self._unlearnt, []
        for outcome in unlearnt:
            self._learn(outcome)

    def _learn(self, outcome: Outcome) -> None:
        key = endpoint_key(outcome.model_id, outcome.tag)
        record = self._records.get(key) or self._record(key)
        self._stale.add(key)
        _count(record.windows.current(outcome.ended), outcome)
        if self._untold is not None:
            _count(self._untold.get(key) or self._untold.setdefault(key, Tally()), outcome)
        if outcome.result is Result.SUCCESS:
            self._succeeded(key, record, outcome.ended)
        elif outcome.result is Result.FAILURE:
            self._failed(key, record, outcome.ended)
        elif outcome.result is Result.RATE_LIMITED:
            _fade(record, outcome.ended)
            self._limited(key, record, outcome)
        elif record.health.probe_until:
            self._think(key, replace(record.health, probe_until=0.0), outcome.ended)

    def news(self, now: float) -> list[News]:
        """What was observed since the last call, and what is thought otherwise since; none unless `shares`."""
        self._learn_all()
        untold, rethought = self._untold, self._rethought
        if not untold and not rethought:
            return []
        self._untold, self._rethought = {}, set()
        nothing, told = Tally(), untold or {}
        return [
            News(
                key, now, told.get(key, nothing), _standing(self._records[key]) if key in rethought else None
            )
            for key in told.keys() | rethought
        ]

    def hear(self, news: Iterable[News]) -> None:
        """Learn what another process observed."""
        self._learn_all()
        for one in news:
            record, tally = self._record(one.key), one.tally
            self._stale.add(one.key)
            record.windows.current(one.at).add(tally, percentiles=True)
            _fade(record, one.at)
            record.good += tally.successes
            record.bad += tally.failures
            standing = one.standing
            if standing is not None and standing.since > record.stood:
                record.stood = standing.since
                record.limited_in_a_row = standing.limited_in_a_row
                self._show(
                    one.key,
                    replace(
                        record.health,
                        outage_until=standing.outage_until,
                        cooling_until=standing.cooling_until,
                        probe_until=standing.probe_until,
                        unproven=standing.unproven,
                    ),
                )

    def statistics(self, key: str, now: float) -> Statistics:
        """The figures of one endpoint that clients are shown (contract 21)."""
        self._learn_all()
        record = self._records.get(key)
        return statistics_of(record.windows if record is not None else Windows(), now)

    def saved(self) -> SavedHealth:
        """Everything learnt, to be kept; what it holds goes on changing, so encode it before the next await."""
        self._learn_all()
        return SavedHealth(self._records)

    def restore(self, saved: SavedHealth, now: float) -> None:
        """Take up what an earlier process learnt; endpoints without an attempt for a day are forgotten."""
        self._records = {key: one for key, one in saved.records.items() if one.faded > now - DAY}
        for record in self._records.values():
            record.health = replace(record.health, probe_until=0.0)
        self._due = list(self._records)
        self._refresh(now, len(self._due))

    def _succeeded(self, key: str, record: Record, now: float) -> None:
        _fade(record, now)
        record.good += 1
        health = record.health
        if health.cooling_until <= now:
            record.limited_in_a_row = 0
        if health.unproven or health.probe_until:
            if health.outage_until <= now or record.bad < SIGNIFICANT * (record.good + record.bad):
                self._think(key, replace(health, outage_until=0.0, probe_until=0.0, unproven=False), now)
            elif health.probe_until:
                self._think(key, replace(health, probe_until=0.0), now)

    def _failed(self, key: str, record: Record, now: float) -> None:
        _fade(record, now)
        record.bad += 1
        if self._remembers and record.bad >= SIGNIFICANT * (record.good + record.bad):
            until = now + OUTAGE_MEMORY
            self._think(key, replace(record.health, outage_until=until, probe_until=0.0, unproven=True), now)

    def _limited(self, key: str, record: Record, outcome: Outcome) -> None:
        if not self._remembers or outcome.other_keys:
            return
        wait = outcome.retry_after
        if wait is None:
            wait = COOL_DOWN * 2 ** min(record.limited_in_a_row, 5)
        until = outcome.ended + min(wait, LONGEST_COOL_DOWN)
        record.limited_in_a_row += 1
        self._think(key, replace(record.health, cooling_until=until, probe_until=0.0), outcome.ended)

    def _record(self, key: str) -> Record:
        """What is known of an endpoint, be it nothing yet."""
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = Record(Windows())
        return record

    def _think(self, key: str, health: EndpointHealth, now: float) -> None:
        """Think otherwise of an endpoint's troubles from now on."""
        self._records[key].stood = now
        if self._untold is not None:
            self._rethought.add(key)
        self._show(key, health)

    def _show(self, key: str, health: EndpointHealth) -> None:
        self._records[key].health = self._endpoints[key] = health
        if health.demotion or health.unproven or health.cooling_until:
            self._troubled[key] = health
        else:
            self._troubled.pop(key, None)
        self._snapshot = None

    def _measured(self, record: Record, now: float) -> EndpointHealth:
        before = record.health
        health = measured(record.windows, now)
        return replace(
            health,
            outage_until=before.outage_until,
            cooling_until=before.cooling_until if before.cooling_until > now else 0.0,
            probe_until=before.probe_until,
            unproven=before.unproven,
            demotion=health.demotion if self._remembers else UNCOUNTED,
        )

    def _gather(self, now: float) -> None:
        """Those that changed are due, and those thought ill of, whom time alone may help."""
        self._due = list(self._stale.union(self._troubled, self._due))
        self._stale.clear()
        self._refreshed = now

    def _refresh(self, now: float, most: int) -> None:
        """Compute anew the figures of so many that are due."""
        for _ in range(min(most, len(self._due))):
            key = self._due.pop()
            self._show(key, self._measured(self._records[key], now))


def _count(tally: Tally, outcome: Outcome) -> None:
    if outcome.result is Result.SUCCESS:
        tally.successes += 1
        tally.timed(outcome.latency, outcome.throughput)
        if outcome.calls_valid is not None:
            tally.tool_requests += 1
            tally.tool_failures += not outcome.calls_valid
    elif outcome.result is Result.FAILURE:
        tally.failures += 1
    elif outcome.result is Result.RATE_LIMITED:
        tally.rate_limited += 1


def _standing(record: Record) -> Standing:
    health = record.health
    return Standing(
        record.stood,
        health.outage_until,
        health.cooling_until,
        health.probe_until,
        health.unproven,
        record.limited_in_a_row,
    )


def _fade(record: Record, now: float) -> None:
    """Let recent attempts weigh less the longer ago they are."""
    passed = now - record.faded
    if passed > 0:
        keep = exp(-passed / FADE)
        record.good *= keep
        record.bad *= keep
        record.faded = now
