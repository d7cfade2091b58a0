"""What an endpoint's counts say: uptimes, percentiles, and whether its uptime demotes it."""

from typing import Final

from msgspec import Struct

from waystation.routing.histogram import percentiles
from waystation.routing.standing import DEMOTED, LAST, UNCOUNTED, EndpointHealth, Quantiles
from waystation.routing.windows import DAY, FIVE_MINUTES, HALF_HOUR, TWO_HOURS, Tally, Windows

DEMOTED_BELOW: Final = 95.0
LAST_BELOW: Final = 80.0
"""Percent of uptime (contract 8.2, step 7)."""
ENOUGH: Final = 100
"""Observations without which an uptime demotes nobody."""


class Statistics(Struct, frozen=True):
    """What clients are shown of an endpoint: uptimes in percent, percentiles of the last half hour; None: not measured."""

    uptime_5m: float | None
    uptime_30m: float | None
    uptime_1d: float | None
    latency_30m: Quantiles | None
    throughput_30m: Quantiles | None


def measured(windows: Windows, now: float) -> EndpointHealth:
    """An endpoint's figures, as routing reads them; what is remembered of outages is not among them."""
    five, half_hour = windows.over(FIVE_MINUTES, now), windows.over(HALF_HOUR, now)
    tools = windows.over(TWO_HOURS, now)
    return EndpointHealth(
        demotion=_demotion(five, half_hour),
        uptime_5m=five.uptime,
        uptime_30m=half_hour.uptime,
        uptime_1d=windows.over(DAY, now).uptime,
        latency=_latencies(five),
        throughput=_throughputs(five),
        requests_30m=half_hour.observations,
        tool_requests_2h=tools.tool_requests,
        tool_success=1 - tools.tool_failures / tools.tool_requests if tools.tool_requests else None,
    )


def statistics_of(windows: Windows, now: float) -> Statistics:
    """An endpoint's figures, as clients are shown them."""
    half_hour = windows.over(HALF_HOUR, now)
    return Statistics(
        windows.over(FIVE_MINUTES, now).uptime,
        half_hour.uptime,
        windows.over(DAY, now).uptime,
        _latencies(half_hour),
        _throughputs(half_hour),
    )


def _demotion(five: Tally, half_hour: Tally) -> int:
    counted = five if five.observations >= ENOUGH else half_hour
    uptime = counted.uptime
    if uptime is None or counted.observations < ENOUGH or uptime >= DEMOTED_BELOW:
        return UNCOUNTED
    return DEMOTED if uptime >= LAST_BELOW else LAST


def _latencies(tally: Tally) -> Quantiles | None:
    found = percentiles(tally.latency, (0.5, 0.75, 0.9, 0.99))
    return Quantiles(*found) if found else None


def _throughputs(tally: Tally) -> Quantiles | None:
    found = percentiles(tally.throughput, (0.01, 0.1, 0.25, 0.5))
    return Quantiles(*reversed(found)) if found else None
