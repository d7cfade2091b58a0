"""Puts load on targets in turn and reads the CPU time they spent; knows the steps of a suite, not how they are shown."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cpu
from processes import BenchError, launcher, raise_group_priority
from targets import Target

QUIET_SHARE, QUIET_SECONDS, QUIET_LIMIT = 0.03, 0.1, 3.0


@dataclass(frozen=True)
class Step:
    """One entry of a suite, such as c32; `flags` are loadgen's, without duration."""

    name: str
    flags: tuple[str, ...]
    requests: int = 0  # a fixed number of them instead of a duration: a step done once
    rate: float = 0
    streams: bool = False


@dataclass(frozen=True)
class Sample:
    """What one run of one step against one target gave; field names from `requests` on are loadgen's."""

    step: str
    target: str
    round: int
    cpu_seconds: float
    rss_mib: float
    requests: int
    errors: int
    refused: int
    unfinished: int
    seconds: float
    rps: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    events: int
    first_event_p50_ms: float
    first_event_p99_ms: float
    bytes_in: int
    reconnects: int
    late: int
    load_cpu_seconds: float
    first_error: str
    missing_events: int = 0

    @property
    def us_per_request(self) -> float:
        """CPU microseconds of the target's whole process tree per answered request."""
        return 1e6 * self.cpu_seconds / self.requests if self.requests else 0.0

    @property
    def us_per_event(self) -> float:
        """CPU microseconds per SSE event, the requests' own share included; 0 where nothing streamed."""
        return 1e6 * self.cpu_seconds / self.events if self.events else 0.0

    @property
    def busy(self) -> float:
        """The share of one cpu that the target used: near 1 it was the bottleneck, below it the load was."""
        return self.cpu_seconds / self.seconds

    @property
    def bad(self) -> int:
        """What went wrong: broken connections, refusals, streams without [DONE], events that never came."""
        return self.errors + self.refused + self.unfinished + self.missing_events

    def as_row(self) -> dict[str, object]:
        """Everything, for results.jsonl."""
        derived = {"us_per_request": self.us_per_request, "us_per_event": self.us_per_event, "bad": self.bad}
        return {**asdict(self), **derived}


def parse_step(text: str, bodies: dict[str, Path]) -> Step:
    """warmN, rssN: N requests. cN: N connections. rateN: N a second. streamN: N streams. bodyN:SIZE: N connections."""
    match = re.fullmatch(r"(warm|rss|c|rate|stream|body)(\d+)(?::(\w+))?", text)
    kind, number, size = match.groups() if match else ("", "", None)
    if not match or (kind == "body") != (size in bodies):
        raise BenchError(
            f"unknown step {text!r}; steps are warmN rssN cN rateN streamN bodyN:SIZE, sizes {', '.join(bodies)}"
        )
    if kind in {"warm", "rss"}:
        return Step(text, ("-c", "32", "-n", number), requests=int(number))
    if kind == "rate":
        return Step(text, ("-c", "256", "-r", number), rate=float(number))
    if kind == "stream":
        return Step(text, ("-s", "-c", number), streams=True)
    if size:
        return Step(text, ("-c", number, "-f", str(bodies[size])))
    return Step(text, ("-c", number))


@dataclass(frozen=True)
class Plan:
    """How long and how often to measure, with what, and where the load may run."""

    steps: list[Step]
    rounds: int
    seconds: float
    rate_seconds: float
    loadgen: Path
    load_cpu: int
    events: dict[str, int]  # events a whole stream has, by target


def run(plan: Plan, targets: list[Target]) -> Iterator[Sample]:
    """Every step, round by round; each round runs every target, so that the machine's drift hits all alike."""
    for step in plan.steps:
        for number in range(1 if step.requests else plan.rounds):
            turn = number % len(targets)
            for target in targets[turn:] + targets[:turn]:
                yield _measure(plan, step, number, target)


def _measure(plan: Plan, step: Step, number: int, target: Target) -> Sample:
    before = _settled_seconds(target.pid)
    figures = _load(plan, step, target)
    used = _settled_seconds(target.pid) - before
    missing = 0
    if step.streams:
        whole = int(figures["requests"] - figures["refused"] - figures["unfinished"])
        missing = max(0, whole * plan.events[target.name] - int(figures["events"]))
    return Sample(
        step=step.name,
        target=target.name,
        round=number,
        cpu_seconds=used,
        rss_mib=cpu.resident_mib(target.pid),
        missing_events=missing,
        **figures,
    )


def _settled_seconds(pid: int) -> float:
    """The tree's CPU seconds once it is quiet: work put off until after the answers belongs to them, too."""
    deadline = time.monotonic() + QUIET_LIMIT
    used = cpu.seconds(pid)
    while time.monotonic() < deadline:
        time.sleep(QUIET_SECONDS)
        before, used = used, cpu.seconds(pid)
        if used - before < QUIET_SHARE * QUIET_SECONDS:
            break
    return used


def _load(plan: Plan, step: Step, target: Target) -> dict[str, Any]:
    duration = 120.0 if step.requests else plan.rate_seconds if step.rate else plan.seconds
    command = [*launcher(plan.load_cpu), str(plan.loadgen), *step.flags, "-d", str(duration)]
    command += ["-k", target.key, "-m", target.model, "-p", target.path, str(target.port)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as loader:
        raise_group_priority(loader.pid)
        try:
            output, complaint = loader.communicate(timeout=duration + 30)
        except BaseException:
            loader.kill()
            raise
    if loader.returncode:
        raise BenchError(f"{step.name} against {target.name}: {complaint.strip()}")
    figures: dict[str, Any] = json.loads(output)
    return figures
