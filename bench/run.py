"""Measures this gateway beside nginx's proxy_pass and the mock upstream itself, on this machine, in one run.

    python bench/run.py [--quick] [--versus OTHER_CHECKOUT] [--targets direct,nginx,waystation] ...

Uses the standard library only. See README.md for how to read the figures.
"""

import argparse
import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import cpu
from bodies import write_bodies
from measure import Plan, parse_step, run
from processes import BenchError, Processes
from tables import Results, raw_line, render
from targets import HERE, PROJECT, Target, find_nginx, start_gateway, start_nginx, start_upstream
from verify import verify

WORK = HERE / "work"
SUITE = "warm2000,rss50000,c32,c128,rate200,stream16,stream96,body32:2k,body32:100k"


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    suite: str
    rounds: int
    seconds: float
    rate_seconds: float
    targets: list[str]
    gateway_command: str | None
    versus: Path | None


def main() -> int:
    """Run the benchmark; 0 when every answer was right, 1 when one was wrong or something did not start."""
    options = _options()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    WORK.mkdir(exist_ok=True)
    try:
        with (WORK / "lock").open("w") as lock:
            _take(lock.fileno())
            return _bench(options)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; everything it started has ended", file=sys.stderr)
        return 130


def _bench(options: Options) -> int:
    began = time.monotonic()
    bodies = write_bodies(WORK)
    steps = [parse_step(text, bodies) for text in options.suite.split(",")]
    subprocess.run(["make", "--silent", "-C", str(HERE)], check=True)
    gateway_cpu, load_cpu = _cpus()
    with Processes(WORK) as processes:
        targets = _start(processes, options, gateway_cpu, load_cpu)
        results = Results(
            [target.name for target in targets], {each.name: cpu.resident_mib(each.pid) for each in targets}
        )
        events = {target.name: verify(target) for target in targets}
        machine = _machine(options, gateway_cpu, load_cpu)
        print(machine, flush=True)
        plan = Plan(
            steps,
            options.rounds,
            options.seconds,
            options.rate_seconds,
            HERE / "bin/loadgen",
            load_cpu,
            events,
        )
        for sample in run(plan, targets):
            results.samples.append(sample)
            print(raw_line(sample), flush=True)
        for target in targets:
            verify(target)
    _save(machine, results)
    print(
        f"\n{render(results)}\n\n{time.monotonic() - began:.0f} s; every sample is in {WORK / 'results.jsonl'}"
    )
    return 1 if results.bad else 0


def _start(processes: Processes, options: Options, gateway_cpu: int, load_cpu: int) -> list[Target]:
    """The targets of the run, in the order of the tables; the upstream runs in any case."""
    upstream = start_upstream(processes, load_cpu)
    targets = [upstream] if "direct" in options.targets else []
    if "nginx" in options.targets and (program := find_nginx()):
        targets.append(start_nginx(processes, program, WORK, upstream, gateway_cpu))
    checkouts = {"waystation": PROJECT} if "waystation" in options.targets else {}
    if options.versus:
        checkouts["versus"] = options.versus
    for name, source in checkouts.items():
        command = options.gateway_command if name == "waystation" else None
        targets.append(
            start_gateway(
                processes, name, WORK, upstream, cpu_number=gateway_cpu, source=source, command=command
            )
        )
    return targets


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 s: about a minute, and rougher")
    parser.add_argument("--suite", default=SUITE, help="steps, comma-separated (default: %(default)s)")
    parser.add_argument("--rounds", type=int, help="how often each step is run (default: 3)")
    parser.add_argument("--secs", type=float, help="seconds a run of a step takes (default: 3)")
    parser.add_argument("--targets", default="direct,nginx,waystation", help="of: %(default)s")
    parser.add_argument("--gateway-command", help="start this instead; {config} and {port} are filled in")
    parser.add_argument("--versus", type=Path, metavar="DIR", help="also the gateway of another checkout")
    given = parser.parse_args()
    targets = given.targets.split(",")
    if unknown := set(targets) - {"direct", "nginx", "waystation"}:
        parser.error(f"unknown target: {', '.join(sorted(unknown))}")
    rounds = given.rounds or (2 if given.quick else 3)
    seconds = given.secs or (1.0 if given.quick else 3.0)
    versus = given.versus.resolve() if given.versus else None
    rate_seconds = max(seconds, 2.0 if given.quick else 5.0)  # p99 needs many requests
    return Options(given.suite, rounds, seconds, rate_seconds, targets, given.gateway_command, versus)


def _cpus() -> tuple[int, int]:
    """One cpu for what is measured and one for upstream and load."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        print(
            "only one cpu: upstream and load share it with what is measured; rates and latencies mean little"
        )
    return allowed[0], allowed[-1] if len(allowed) < 2 else allowed[1]


def _machine(options: Options, gateway_cpu: int, load_cpu: int) -> str:
    commit = subprocess.run(
        ["git", "-C", str(PROJECT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    load = os.getloadavg()[0]
    return (
        f"commit {commit or 'unknown'}, Python {platform.python_version()}, {platform.system()} {platform.release()}, "
        f"{os.cpu_count()} cpus, load average {load:.1f}; measured on cpu {gateway_cpu}, upstream and load on cpu "
        f"{load_cpu}; {options.rounds} rounds of {options.seconds:g} s"
    )


def _save(machine: str, results: Results) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with (WORK / "results.jsonl").open("a") as file:
        file.write(json.dumps({"run": stamp, "machine": machine, "rest_mib": results.rest_mib}) + "\n")
        for sample in results.samples:
            file.write(json.dumps({"run": stamp, **sample.as_row()}) + "\n")


def _take(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise BenchError(
            f"another benchmark of this checkout is running (it holds {WORK / 'lock'})"
        ) from None


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
