"""Starts the programs of the benchmark pinned to one cpu and ends exactly those; knows nothing of what they do."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import cpu

STOP_SECONDS = 15


class BenchError(Exception):
    """The benchmark cannot go on; the message says why and what to do."""


class Processes:
    """The programs that were started; leaving the `with` block ends them, the last first."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._running:
            _stop(self._running.pop()[1])

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        cpu_number: int,
        environment: Mapping[str, str] | None = None,
    ) -> int:
        """Start `command` on one cpu, in work/NAME, its output in work/NAME.log; returns its pid.

        It inherits nothing from this environment: a key or a setting of the developer must not change the figures.
        """
        home = self._work / name
        home.mkdir(exist_ok=True)
        clean = {"PATH": os.defpath, "HOME": str(home), "LC_ALL": "C.UTF-8", **(environment or {})}
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                [*launcher(cpu_number), *command],
                cwd=home,
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append((name, process))
        raise_group_priority(process.pid)
        return process.pid

    def log(self, name: str) -> Path:
        """Where the output of a program goes."""
        return self._work / f"{name}.log"

    def wait_until_ready(self, name: str, port: int, path: str, seconds: float = 60) -> None:
        """Return when GET `path` answers 200; BenchError with the end of its log when it dies or takes too long."""
        process = dict(self._running)[name]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise BenchError(f"{name} ended with status {process.returncode}:\n{self._last_words(name)}")
            if _answers(port, path):
                return
            time.sleep(0.05)
        raise BenchError(f"{name} was not ready after {seconds:.0f} s:\n{self._last_words(name)}")

    def _last_words(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-15:]) or "  (it wrote nothing)"


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def launcher(cpu_number: int) -> list[str]:
    """What goes before a command: one cpu, high priority where we are root, and its end when this program is killed."""
    ends_with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    first = ["nice", "-n", "-12"] if os.geteuid() == 0 else []
    return [*ends_with_us, *first, "taskset", "-c", str(cpu_number)]


def raise_group_priority(pid: int) -> None:
    """Put the process's session before the machine's other work; nice alone does not cross sessions. Needs root."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("-15")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, then SIGKILL for every process of its tree that is still there."""
    members = cpu.tree(process.pid) if process.poll() is None else []
    _signal(process.pid, members, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for pid in reversed(members):
            _signal(pid, members, signal.SIGKILL)
        process.wait()


def _signal(pid: int, members: list[int], number: signal.Signals) -> None:
    if pid in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
