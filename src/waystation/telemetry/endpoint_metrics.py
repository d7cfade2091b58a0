"""How endpoints are doing, as Prometheus gauges: what routing knows of each that was tried lately."""

from collections.abc import Iterable

from waystation.routing.standing import HealthSnapshot, Quantiles
from waystation.telemetry.metrics import Labels, series

_LABELS = ("model", "endpoint")


def endpoint_lines(snapshot: HealthSnapshot, now: float) -> list[str]:
    """The lines of the exposition format; `now` is Unix seconds."""
    known = [(_names(key), health) for key, health in snapshot.endpoints.items()]
    uptimes: dict[Labels, float] = {}
    waits: dict[Labels, float] = {}
    for names, health in known:
        for window, uptime in (
            ("5m", health.uptime_5m),
            ("30m", health.uptime_30m),
            ("1d", health.uptime_1d),
        ):
            if uptime is not None:
                uptimes[*names, window] = uptime / 100
        waits[names] = max(health.unstable_until() - now, 0.0)
    latency = _quantiles((names, health.latency) for names, health in known)
    throughput = _quantiles((names, health.throughput) for names, health in known)
    by_quantile, by_window = (*_LABELS, "quantile"), (*_LABELS, "window")
    return [
        *series(
            "waystation_endpoint_uptime_ratio",
            "Share of an endpoint's attempts that succeeded.",
            by_window,
            uptimes,
            "gauge",
        ),
        *series(
            "waystation_endpoint_latency_seconds",
            "Time to the first token, of the last five minutes.",
            by_quantile,
            latency,
            "gauge",
        ),
        *series(
            "waystation_endpoint_throughput_tokens",
            "Output tokens a second, of the last five minutes; 0.9: nine in ten are faster.",
            by_quantile,
            throughput,
            "gauge",
        ),
        *series(
            "waystation_endpoint_avoided_seconds",
            "How long other endpoints are still tried before this one (outage, cool-down, probe).",
            _LABELS,
            waits,
            "gauge",
        ),
        *series(
            "waystation_endpoint_tool_success_ratio",
            "Share of answers with tool calls whose calls were all valid, of the last two hours.",
            _LABELS,
            {names: ratio for names, health in known if (ratio := health.tool_success) is not None},
            "gauge",
        ),
    ]


def _names(key: str) -> Labels:
    model, _, tag = key.partition(" ")
    return model, tag


def _quantiles(known: Iterable[tuple[Labels, Quantiles | None]]) -> dict[Labels, float]:
    return {
        (*names, quantile): value
        for names, quantiles in known
        if quantiles is not None
        for quantile, value in (
            ("0.5", quantiles.p50),
            ("0.75", quantiles.p75),
            ("0.9", quantiles.p90),
            ("0.99", quantiles.p99),
        )
    }
