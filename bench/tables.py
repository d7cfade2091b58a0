"""Shows what was measured: medians of the rounds, ratios to nginx of the same run, and the budget; judges nothing else."""

from collections.abc import Callable
from statistics import median

from measure import Sample

REQUEST_BUDGET_US, REQUEST_STEP = 150, "c32"
EVENT_BUDGET_US, EVENT_STEP = 60, "stream96"

Figure = Callable[[Sample], float]
Column = tuple[Figure, str]  # what is shown, and how


class Results:
    """All samples of one run, and the resident memory of every target before it was asked anything."""

    def __init__(self, targets: list[str], rest_mib: dict[str, float]) -> None:
        self.targets = targets
        self.rest_mib = rest_mib
        self.samples: list[Sample] = []

    def of(self, step: str, target: str) -> list[Sample]:
        """The rounds of one step against one target."""
        return [sample for sample in self.samples if (sample.step, sample.target) == (step, target)]

    def middle(self, step: str, target: str, figure: Figure) -> float | None:
        """The median of a figure over the rounds; None where the step was not run."""
        values = [figure(sample) for sample in self.of(step, target)]
        return median(values) if values else None

    def steps(self, *kinds: str) -> list[str]:
        """The steps that were run, of these kinds, in their order."""
        names = dict.fromkeys(sample.step for sample in self.samples)
        return [
            name for name in names if name.rstrip("0123456789").split(":")[0].rstrip("0123456789") in kinds
        ]

    @property
    def bad(self) -> int:
        """How many answers were wrong in the whole run."""
        return sum(sample.bad for sample in self.samples)


def raw_line(sample: Sample) -> str:
    """One sample as it came, printed while the benchmark runs."""
    per_event = f"  {sample.us_per_event:6.1f} us/event" if sample.events else ""
    wrong = f"  BAD {sample.bad}: {sample.first_error}" if sample.bad else ""
    return (
        f"  {sample.step:12} {sample.target:12} round {sample.round + 1}  {sample.requests:6d} requests"
        f"  {sample.us_per_request:8.1f} us/request{per_event}  busy {sample.busy:4.0%}{wrong}"
    )


def render(results: Results) -> str:
    """The tables of a run, as text."""
    parts = [_requests(results), _rates(results), _streams(results), _memory(results)]
    parts += [_budget(results, name) for name in results.targets if name not in {"direct", "nginx"}]
    parts.append(
        f"wrong answers: {results.bad}" + ("" if results.bad == 0 else "  (every figure of this run is void)")
    )
    return "\n\n".join(part for part in parts if part)


def _requests(results: Results) -> str:
    columns: list[Column] = [
        (lambda sample: sample.rps, "{:,.0f}"),
        (_p50, "{:.2f}"),
        (_p99, "{:.2f}"),
        (lambda sample: sample.busy, "{:.0%}"),
    ]
    head = ["closed loop", "", "us/request", "(min-max)", "x nginx", "requests/s", "p50 ms", "p99 ms", "busy"]
    rows = _rows(results, results.steps("c", "body"), _us_per_request, columns)
    return _table("CPU time per request (user + system, whole process tree)", head, rows)


def _streams(results: Results) -> str:
    columns: list[Column] = [
        (lambda sample: sample.events / sample.seconds, "{:,.0f}"),
        (lambda sample: sample.first_event_p50_ms, "{:.2f}"),
        (lambda sample: sample.first_event_p99_ms, "{:.2f}"),
        (lambda sample: sample.busy, "{:.0%}"),
    ]
    head = ["streams", "", "us/event", "(min-max)", "x nginx", "events/s", "first p50", "first p99", "busy"]
    rows = _rows(results, results.steps("stream"), _us_per_event, columns)
    return _table(
        "CPU time per streamed event (60 events 5 ms apart, then [DONE]; ms to the first)", head, rows
    )


def _rows(results: Results, steps: list[str], cost: Figure, columns: list[Column]) -> list[list[str]]:
    """A row for every step and target: the cost, its spread and its ratio, then the medians of the columns."""
    rows = []
    for step in steps:
        for name in results.targets:
            middles = [results.middle(step, name, figure) for figure, _ in columns]
            shown = [pattern.format(middle) for middle, (_, pattern) in zip(middles, columns, strict=True)]
            rows.append([step, name, *_spread(results, step, name, cost), *shown])
    return rows


def _rates(results: Results) -> str:
    rows = []
    for step in results.steps("rate"):
        floor = [results.middle(step, "direct", figure) for figure in (_p50, _p99)]
        for name in results.targets:
            latency = [results.middle(step, name, figure) for figure in (_p50, _p99)]
            added = [_number(_less(mine, base), 2) for mine, base in zip(latency, floor, strict=True)]
            spent = _number(results.middle(step, name, _us_per_request), 0)
            rows.append([step, name, *(_number(value, 2) for value in latency), *added, spent])
    head = ["fixed rate", "", "p50 ms", "p99 ms", "added p50", "added p99", "us/request"]
    return _table("Latency at a fixed rate, and what is added to asking the upstream directly", head, rows)


def _memory(results: Results) -> str:
    steps = results.steps("rss")
    rows = []
    for name in results.targets:
        after = [_number(results.middle(step, name, lambda sample: sample.rss_mib), 1) for step in steps]
        last = next((sample for sample in reversed(results.samples) if sample.target == name), None)
        rows.append(
            ["", name, _number(results.rest_mib[name], 1), *after, _number(last.rss_mib if last else None, 1)]
        )
    head = ["", "", "at rest", *(f"after {int(step.removeprefix('rss')):,}" for step in steps), "at the end"]
    return _table("Resident memory, MiB", head, rows)


def _budget(results: Results, name: str) -> str:
    request = results.middle(REQUEST_STEP, name, _us_per_request)
    event = results.middle(EVENT_STEP, name, _us_per_event)
    lines = [f"Budget of {name}, not to be exceeded"]
    lines.append(
        f"  {REQUEST_BUDGET_US:4d} us a request ({REQUEST_STEP}):   {_verdict(request, REQUEST_BUDGET_US)}"
    )
    lines.append(f"  {EVENT_BUDGET_US:4d} us an event ({EVENT_STEP}): {_verdict(event, EVENT_BUDGET_US)}")
    return "\n".join(lines)


def _verdict(value: float | None, budget: float) -> str:
    if value is None:
        return "not measured"
    return f"{value:6.1f} us  {'ok' if value <= budget else 'over'}"


def _spread(results: Results, step: str, name: str, figure: Figure) -> list[str]:
    """The median, the least and greatest, and the ratio of medians to nginx."""
    values = [figure(sample) for sample in results.of(step, name)]
    middle, peer = results.middle(step, name, figure), results.middle(step, "nginx", figure)
    ratio = middle / peer if middle and peer else None
    return [_number(middle, 1), f"({min(values):.1f}-{max(values):.1f})", _number(ratio, 2)]


def _us_per_request(sample: Sample) -> float:
    return sample.us_per_request


def _us_per_event(sample: Sample) -> float:
    return sample.us_per_event


def _p50(sample: Sample) -> float:
    return sample.p50_ms


def _p99(sample: Sample) -> float:
    return sample.p99_ms


def _less(value: float | None, base: float | None) -> float | None:
    return value - base if value is not None and base is not None else None


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    """Two columns of names, then figures, aligned right; nothing where there are no rows."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [title]
    for row in [head, *rows]:
        names = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        figures = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  " + "  ".join([*names, *figures]))
    return "\n".join(lines)
