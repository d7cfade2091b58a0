"""What the gateway counts, rendered as Prometheus text: one tally for each model, provider and status that was answered.

A library's labelled counter costs 0.5 to 3 us each and an exchange touches ten; a tally is found once. Labels are
catalogue and provider names and statuses only, so their number is bounded.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from waystation.credits.money import NANO

SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

Labels = tuple[str, ...]


class Buckets(Struct):
    """Observations in seconds, counted between bounds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    sum: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.sum += seconds


class Tally(Struct):
    """What exchanges of one model at one provider with one status amount to. `cost` is in nano-dollars."""

    exchanges: int = 0
    cancelled: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: int = 0
    first_content: Buckets = field(default_factory=Buckets)
    duration: Buckets = field(default_factory=Buckets)


class Metrics:
    """Everything the gateway counts. One object for the process."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, int], Tally] = {}
        self.attempts: defaultdict[tuple[str, int], int] = defaultdict(int)
        """Calls to providers by provider and the status it answered (0: none)."""

    def tally(self, model: str, provider: str, status: int) -> Tally:
        """Where to count an exchange. Model and provider are empty where none served it."""
        found = self._tallies.get((model, provider, status))
        if found is None:
            found = self._tallies[model, provider, status] = Tally()
        return found

    def render(self, gauges: Mapping[str, tuple[str, float]], more: Iterable[str] = ()) -> str:
        """The exposition text; `gauges` maps a name to its help text and present value, `more` are lines made elsewhere."""
        lines = self._served()
        attempts: dict[Labels, float] = {
            (provider, str(status)): count for (provider, status), count in self.attempts.items()
        }
        text = "Calls to providers by the status they answered (0: none)."
        lines += series("waystation_attempts_total", text, ("provider", "status"), attempts)
        for name, help_text, of in (
            ("waystation_first_content_seconds", "Time to the first content.", _first_content),
            ("waystation_duration_seconds", "Time of whole exchanges.", _duration),
        ):
            lines += self._histogram(name, help_text, of)
        for name, (help_text, value) in gauges.items():
            lines += series(name, help_text, (), {(): value}, "gauge")
        lines += more
        return "\n".join(lines) + "\n"

    def _served(self) -> list[str]:
        exchanges: dict[Labels, float] = {}
        tokens: defaultdict[Labels, float] = defaultdict(float)
        cost: defaultdict[Labels, float] = defaultdict(float)
        cancelled: defaultdict[Labels, float] = defaultdict(float)
        for (model, provider, status), tally in self._tallies.items():
            exchanges[model, provider, str(status)] = tally.exchanges
            if tally.prompt_tokens or tally.completion_tokens:
                tokens[model, provider, "prompt"] += tally.prompt_tokens
                tokens[model, provider, "completion"] += tally.completion_tokens
            if tally.cost:
                cost[model, provider] += tally.cost / NANO
            if tally.cancelled:
                cancelled[(model,)] += tally.cancelled
        return [
            *series(
                "waystation_requests_total", "Exchanges settled.", ("model", "provider", "status"), exchanges
            ),
            *series("waystation_tokens_total", "Tokens by kind.", ("model", "provider", "kind"), tokens),
            *series("waystation_cost_usd_total", "Cost in USD.", ("model", "provider"), cost),
            *series("waystation_cancelled_total", "Exchanges whose client hung up.", ("model",), cancelled),
        ]

    def _histogram(self, name: str, text: str, of: Callable[[Tally], Buckets]) -> list[str]:
        """One histogram for each provider."""
        lines = [f"# HELP {name} {text}", f"# TYPE {name} histogram"]
        by_provider: defaultdict[str, list[Buckets]] = defaultdict(list)
        for (_, provider, _), tally in self._tallies.items():
            if provider:
                by_provider[provider].append(of(tally))
        for provider, rows in by_provider.items():
            running = 0
            for position, bound in enumerate((*map(str, SECONDS), "+Inf")):
                running += sum(row.counts[position] for row in rows)
                lines.append(f"{name}_bucket{_braces(('provider', 'le'), (provider, bound))} {running}")
            label = _braces(("provider",), (provider,))
            lines.append(f"{name}_sum{label} {_number(sum(row.sum for row in rows))}")
            lines.append(f"{name}_count{label} {running}")
        return lines


def _first_content(tally: Tally) -> Buckets:
    return tally.first_content


def _duration(tally: Tally) -> Buckets:
    return tally.duration


def series(
    name: str, text: str, labels: Labels, values: Mapping[Labels, float], kind: str = "counter"
) -> list[str]:
    """Lines of the exposition format for one metric; `values` by the values of its `labels`."""
    lines = [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
    return lines + [
        f"{name}{_braces(labels, said)} {_number(amount)}" for said, amount in sorted(values.items())
    ]


def _braces(labels: Labels, values: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{label}="{_escape(value)}"' for label, value in zip(labels, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
