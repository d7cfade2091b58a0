"""Runs a virtual day under each policy and tells how callers fared: no sleeping, a day takes some seconds.

    python bench/routing/day.py [--requests 200000] [--seed 1] [--plot docs/routing-day.svg]

Every policy meets the same endpoints, incidents, requests and luck, may make at most 3 attempts, and has 30 s.
"""

import argparse
import heapq
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from plot import draw
from policies import CoolDown, Policy, RoundRobin, Waystation
from world import DAY, Answer, Request, Site, attempt, build, requests

ATTEMPTS, PATIENCE = 3, 30.0
BIN = 900.0


@dataclass
class Tally:
    """What came of a day under one policy. `served` are the moments at which each endpoint answered."""

    name: str
    answered: int = 0
    failed: int = 0
    attempts: int = 0
    paid: float = 0.0
    seconds: list[float] = field(default_factory=list)
    failures: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    served: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    wasted: int = 0

    @property
    def success(self) -> float:
        """Percent of the callers who got an answer."""
        return 100 * self.answered / (self.answered + self.failed)

    @property
    def price(self) -> float:
        """USD for a thousand answers, failed attempts that were charged included."""
        return 1_000 * self.paid / self.answered


@dataclass
class Live:
    """A request under way."""

    request: Request
    choices: Iterator[Site]
    tries: int = 0


def run(policy: Policy, asked: list[Request], seed: int) -> Tally:
    """One day under one policy."""
    tally = Tally(policy.name)
    ended: list[tuple[float, int, Live, Site, Answer]] = []

    def send(live: Live, at: float) -> None:
        site = next(live.choices, None) if live.tries < ATTEMPTS else None
        if site is None or at - live.request.at > PATIENCE:
            tally.failed += 1
            tally.failures[int(live.request.at // BIN)] += 1
            return
        live.tries += 1
        tally.attempts += 1
        policy.sent(site, at)
        answer = attempt(seed, site, live.request, live.tries, at)
        heapq.heappush(ended, (at + answer.seconds, tally.attempts, live, site, answer))

    def finish(at: float, live: Live, site: Site, answer: Answer) -> None:
        policy.learned(site, answer, at)
        tally.paid += answer.paid
        if answer.result != "success":
            tally.wasted += 1
            send(live, at)
            return
        tally.answered += 1
        tally.seconds.append(at - live.request.at - answer.seconds + answer.latency)
        tally.served[site.number].append(at)

    for request in asked:
        while ended and ended[0][0] <= request.at:
            at, _, live, site, answer = heapq.heappop(ended)
            finish(at, live, site, answer)
        send(Live(request, policy.choices(request)), request.at)
    while ended:
        at, _, live, site, answer = heapq.heappop(ended)
        finish(at, live, site, answer)
    return tally


def recoveries(tally: Tally, sites: list[Site]) -> list[float]:
    """Seconds from the end of each outage until the endpoint answers somebody again, for endpoints that are in demand."""
    found = []
    for site in sites:
        served = tally.served[site.number]
        usual = DAY / max(len(served), 1)
        for one in site.incidents:
            if one.kind == "outage" and one.end < DAY - 600 and usual < 60:
                after = next((at for at in served if at >= one.end), None)
                if after is not None:
                    found.append(after - one.end)
    return found


def main() -> None:
    """Run the day under each policy and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="write the failures over the day as an SVG")
    given = parser.parse_args()
    sites, asked = build(given.seed), requests(given.seed, given.requests)
    tallies = [run(policy, asked, given.seed) for policy in policies(sites, given.seed)]
    print(table(tallies, sites))
    if given.plot:
        given.plot.write_text(draw(tallies, BIN, DAY))


def policies(sites: list[Site], seed: int) -> list[Policy]:
    """Those that are compared."""
    return [RoundRobin(sites), CoolDown(sites, seed), Waystation(sites, seed)]


def table(tallies: list[Tally], sites: list[Site]) -> str:
    """One row for each policy, in Markdown."""
    lines = [
        "| policy | success | failed | failed attempts | USD / 1,000 answers | first token p50 / p99 | recovery p50 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for tally in tallies:
        cuts = quantiles(tally.seconds, n=100)
        times = recoveries(tally, sites)
        recovery = f"{median(times):.0f} s" if times else "-"
        lines.append(
            f"| {tally.name} | {tally.success:.3f} % | {tally.failed:,} | {tally.wasted:,} | {tally.price:.4f} "
            f"| {cuts[49]:.2f} / {cuts[98]:.2f} s | {recovery} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
