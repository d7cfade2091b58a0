"""How endpoints are doing, as routing reads it: immutable, made by `health.Health`, replaced and never changed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

UNCOUNTED: Final = 0
DEMOTED: Final = 1
LAST: Final = 2


def endpoint_key(model_id: str, tag: str) -> str:
    """The identity of an endpoint: a tag is unique within its model only."""
    return f"{model_id} {tag}"


class Quantiles(Struct, frozen=True):
    """Percentiles of a window: seconds to the first token, or tokens a second. At most 5 % off (`histogram`).

    Of latencies p90 is what 90 % of the requests stay below; of throughputs what 90 % of them exceed.
    """

    p50: float
    p75: float
    p90: float
    p99: float


class EndpointHealth(Struct, frozen=True):
    """One endpoint. Times are Unix seconds, 0 for never; uptimes percent, None without any attempt.

    `outage_until`: a significant outage is remembered until then. `cooling_until`: the provider, or a 429 of its,
    asked us to wait until then. `unproven`: nothing has succeeded since the last outage; once it is over one request
    at a time probes, and `probe_until` is how long one that is under way keeps the others away.
    `demotion` is 1 for an uptime of 80 to 95 %, 2 below 80 % (contract 8.2), counted over the shorter of five minutes and
    half an hour that has 100 observations.
    """

    outage_until: float = 0.0
    cooling_until: float = 0.0
    probe_until: float = 0.0
    unproven: bool = False
    demotion: int = UNCOUNTED
    uptime_5m: float | None = None
    uptime_30m: float | None = None
    uptime_1d: float | None = None
    latency: Quantiles | None = None
    throughput: Quantiles | None = None
    requests_30m: int = 0
    tool_requests_2h: int = 0
    tool_success: float | None = None

    def unstable_until(self) -> float:
        """Until when other endpoints are tried before this one."""
        return max(self.outage_until, self.cooling_until, self.probe_until)


class HealthSnapshot(Struct, frozen=True):
    """All endpoints with anything to tell, by `endpoint_key`; `troubled` holds those that may not be first choice."""

    endpoints: Mapping[str, EndpointHealth] = MappingProxyType({})
    troubled: Mapping[str, EndpointHealth] = MappingProxyType({})

    def of(self, key: str) -> EndpointHealth:
        """The health of an endpoint; of one never tried, that of a healthy endpoint without figures."""
        return self.endpoints.get(key, UNTRIED)


UNTRIED: Final = EndpointHealth()
ALL_WELL: Final = HealthSnapshot()
"""What is known before anything was tried, and all that is ever known with `[routing] health = false`."""
