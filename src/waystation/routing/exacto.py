"""Exacto: endpoints of a model in tiers by how well they call tools and keep their pace (contract 8.2)."""

from collections.abc import Mapping
from statistics import median, pstdev
from typing import Final

from waystation.routing.offers import ModelOffers
from waystation.routing.standing import EndpointHealth, HealthSnapshot

GOOD, INSUFFICIENT, DEPRIORITISED = 0, 1, 2
MIN_ENDPOINTS, MIN_REQUESTS, MIN_TOOL_REQUESTS = 4, 100, 200
"""Endpoints that must have data before any is compared; requests in 30 minutes; answers with tool calls in 2 hours."""
_SIGMA_OF_MAD: Final = 1.4826
"""A normal distribution's standard deviation by its median absolute deviation."""
_LEAST_SPREAD: Final = 0.05
"""Of the median: equal endpoints are not told apart by less than a percentile's own error."""


def tiers(offers: ModelOffers, health: HealthSnapshot) -> Mapping[str, int]:
    """The tier of each endpoint by key; those left out have insufficient data. Worked out once for a snapshot."""
    known = offers.exacto
    if known is None or known[0] is not health:
        found = _tiers({o.key: health.of(o.key) for o in (*offers.base, *offers.tiers)})
        known = offers.exacto = (health, found)
    return known[1]


def _tiers(endpoints: Mapping[str, EndpointHealth]) -> Mapping[str, int]:
    paces = {
        key: one.throughput.p50
        for key, one in endpoints.items()
        if one.throughput is not None and one.requests_30m >= MIN_REQUESTS
    }
    callers = {
        key: one.tool_success
        for key, one in endpoints.items()
        if one.tool_success is not None and one.tool_requests_2h >= MIN_TOOL_REQUESTS
    }
    slow = _below(paces, _least_pace(paces))
    clumsy = _below(callers, _least_success(callers))
    found = {key: GOOD for key in paces if key in callers}
    return {**found, **dict.fromkeys(slow | clumsy, DEPRIORITISED)}


def _least_pace(paces: Mapping[str, float]) -> float:
    if len(paces) < MIN_ENDPOINTS:
        return 0.0
    middle = median(paces.values())
    spread = _SIGMA_OF_MAD * median(abs(pace - middle) for pace in paces.values())
    return middle - 1.5 * max(spread, _LEAST_SPREAD * middle)


def _least_success(shares: Mapping[str, float]) -> float:
    if len(shares) < MIN_ENDPOINTS:
        return 0.0
    return median(shares.values()) - 2 * max(pstdev(shares.values()), _LEAST_SPREAD)


def _below(values: Mapping[str, float], least: float) -> set[str]:
    return {key for key, value in values.items() if value < least}
