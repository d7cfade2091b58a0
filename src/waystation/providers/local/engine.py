"""The life of the child process that serves the embedded model: started on first use, again when it died, stopped with us.

Knows how to get a base URL and a key out of it; knows nothing of requests. One child per gateway process: with N
workers each one that is asked starts its own (they share the pages of the weights, not the working memory).
"""

import asyncio
import os
import secrets
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from waystation.errors import ConnectionFailed, ProviderError, TimedOut
from waystation.providers.local import weights
from waystation.providers.local.weights import MODEL, Report, silent

CHILD_PROGRAM = Path(__file__).with_name("child.py")

_READY = b"READY "
_STOP_GRACE = 2.0
_WORDS_KEPT = 2000


class State(msgspec.Struct, frozen=True):
    """What the child process is doing. `detail` is for the operator's eyes only."""

    name: Literal["absent", "stopped", "starting", "ready", "failed"]
    detail: str = ""


class LocalEngine:
    """The embedded model as a server on loopback, there when it is asked for."""

    def __init__(
        self,
        *,
        report: Report = silent,
        start_timeout: float = 60.0,
        find_weights: Callable[[], Path] = weights.require,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment` is all the child gets to see: none of the gateway's own variables, so none of its keys."""
        self.state = State("stopped", "starts on first use")
        self._report = report
        self._start_timeout = start_timeout
        self._find_weights = find_weights
        self._environment = dict(environment or {})
        self._starting: asyncio.Task[_Child] | None = None
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running child."""
        return self._child.process.pid if self._child is not None and self._child.alive else None

    async def base_url(self) -> tuple[str, str]:
        """Base URL (`http://127.0.0.1:PORT/v1`) and API key of the running child; starts it where it is not running."""
        child = self._child
        if child is None or not child.alive:
            child = await self._start_once()
        return child.base_url, child.api_key

    async def stop(self) -> None:
        """End the child: SIGTERM, and SIGKILL after two seconds. A later `base_url` starts a new one."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
            self._starting = None
        if self._child is not None:
            child, self._child = self._child, None
            await child.end()
        if self.state.name in {"starting", "ready"}:
            self.state = State("stopped")

    async def _start_once(self) -> "_Child":
        """All callers wait for one start, and one that goes away does not take it from the others."""
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(), name="local-engine-start")
            self._starting.add_done_callback(_retrieve)
        starting = self._starting
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            if starting.cancelled():
                raise ConnectionFailed("The embedded model was stopped while it was starting.") from None
            raise

    async def _start(self) -> "_Child":
        if self._child is not None:
            await self._child.end()
        path = await self._look_for_weights()
        self.state = State("starting", str(path))
        self._report(f"loading the embedded model {MODEL}")
        began = time.monotonic()
        child = await _Child.spawn(path, self._environment, self._ended)
        try:
            await child.wait_until_ready(self._start_timeout)
        except asyncio.CancelledError:
            await child.end()
            raise
        except ProviderError as error:
            await child.end()
            self.state = State("failed", f"{error} The engine said: {child.last_words or 'nothing'}")
            self._report(self.state.detail)
            raise
        self._child = child
        self.state = State("ready", f"pid {child.process.pid}, {child.base_url}")
        self._report(f"the embedded model is ready after {time.monotonic() - began:.1f} s", 100)
        return child

    async def _look_for_weights(self) -> Path:
        try:
            return await asyncio.to_thread(self._find_weights)
        except ProviderError as error:
            self.state = State("absent", str(error))
            raise

    def _ended(self, child: "_Child") -> None:
        """The child ended. If nobody asked for it, say so; the next use starts another."""
        if child is self._child:
            self.state = State("stopped", f"the child ended by itself: {_describe(child.process.returncode)}")
            self._report(f"the embedded model's process ended ({_describe(child.process.returncode)})")


class _Child:
    """One child process: its pipes, its address, its end."""

    def __init__(self, process: Process, api_key: str, ended: Callable[["_Child"], None]) -> None:
        self.process = process
        self.api_key = api_key
        self.base_url = ""
        self._ended = ended
        self._words = b""
        self._watch = asyncio.create_task(self._watch_over(), name="local-engine-watch")

    @classmethod
    async def spawn(
        cls, model_path: Path, environment: Mapping[str, str], ended: Callable[["_Child"], None]
    ) -> "_Child":
        """Start the program, in a session of its own so that Ctrl-C in a terminal reaches only the gateway."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                str(CHILD_PROGRAM),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise ConnectionFailed(
                f"The embedded model's process could not be started: {error.strerror}."
            ) from error
        child = cls(process, secrets.token_hex(32), ended)
        orders = {
            "model_path": str(model_path),
            "model": MODEL,
            "api_key": child.api_key,
            "gateway_pid": os.getpid(),
        }
        if process.stdin is not None:
            process.stdin.write(msgspec.json.encode(orders) + b"\n")
        return child

    @property
    def alive(self) -> bool:
        return self.process.returncode is None and not _has_ended(self.process.pid)

    @property
    def last_words(self) -> str:
        """The end of what the engine wrote to standard error."""
        return " / ".join(self._words.decode(errors="replace").splitlines())

    async def wait_until_ready(self, timeout: float) -> None:  # noqa: ASYNC109 -- the error is ours, not TimeoutError
        """Read the address that the child prints when the model is loaded; seconds."""
        try:
            async with asyncio.timeout(timeout):
                line = await self._first_line()
                if not line.startswith(_READY):
                    await self.process.wait()
        except TimeoutError:
            raise TimedOut(f"The embedded model did not start within {timeout:.0f} s.") from None
        if not line.startswith(_READY):
            raise ConnectionFailed(
                f"The embedded model's process ended at start ({_describe(self.process.returncode)})."
            )
        self.base_url = line.removeprefix(_READY).strip().decode() + "/v1"

    async def end(self) -> None:
        """SIGTERM, a moment, SIGKILL; returns when the process and its pipes are gone."""
        if self.alive:
            self.process.terminate()
            try:
                async with asyncio.timeout(_STOP_GRACE):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
        await self._watch

    async def _first_line(self) -> bytes:
        return await self.process.stdout.readline() if self.process.stdout is not None else b""

    async def _watch_over(self) -> None:
        """Keep standard error from filling up, and notice the end."""
        while self.process.stderr is not None and (data := await self.process.stderr.read(_WORDS_KEPT)):
            self._words = (self._words + data)[-_WORDS_KEPT:]
        await self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._ended(self)


def _retrieve(task: "asyncio.Task[_Child]") -> None:
    """A start whose callers all went away may fail unheard: its story is in `state`."""
    if not task.cancelled():
        task.exception()


def _has_ended(pid: int) -> bool:
    """Look without reaping: true at once, where the event loop still has to hear of it."""
    if sys.platform != "linux":
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _describe(returncode: int | None) -> str:
    return f"signal {-returncode}" if returncode is not None and returncode < 0 else f"exit code {returncode}"
