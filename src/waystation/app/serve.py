"""From settings to a listening process: one socket, one or more workers on it, signals, and the drain at the end."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from math import ceil

import uvicorn
import uvloop

from waystation.app.banner import banner
from waystation.app.gateway import Gateway
from waystation.settings import Settings
from waystation.storage.migrations import migrate
from waystation.telemetry.logging import configure

log = logging.getLogger(__name__)
LAST_WORDS = 2.0
"""Seconds that exchanges cut off at the end of a drain have to say so to their clients."""
DRAIN_TICK = 0.02
"""Seconds between two looks at whether anything is still under way."""
RESTART_DELAY = 0.5
"""Seconds before a worker that ended is started again, so that one that cannot live does not keep the machine busy."""
BACKLOG = 2048
GARBAGE = (20_000, 20, 50)
"""Thresholds of the cyclic collector: what is loaded at the start is never looked at again, and cycles are few."""


def run(settings: Settings) -> int:
    """Serve until told to stop; the process's exit status."""
    configure(settings.logging.level, settings.logging.format)
    settings.storage.data_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        listener = _listen(settings.server.host, settings.server.port)
    except OSError as error:
        where = f"{settings.server.host}:{settings.server.port}"
        sys.stderr.write(f"waystation: cannot listen on {where}: {error.strerror or error}\n")
        return 1
    with listener:
        migrate(settings.storage.database_url, settings.storage.data_path)
        if settings.server.workers > 1:
            return _supervise(settings, listener)
        return uvloop.run(_serve(settings, listener, announce=True))


class _Server(uvicorn.Server):
    """Uvicorn, with a drain of our own: the port stays open until nothing is under way, so that readiness can be asked."""

    def __init__(
        self, config: uvicorn.Config, gateway: Gateway, grace: float, started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._gateway = gateway
        self._grace = grace
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Heed signals while serving. Uvicorn would raise them again, and end the process before it has closed anything."""
        earlier = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """End as after SIGTERM."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._gateway.drain()
        end = time.monotonic() + self._grace
        while self._gateway.is_busy and time.monotonic() < end and not self.force_exit:  # noqa: ASYNC110 - nobody is told when an exchange ends
            await asyncio.sleep(DRAIN_TICK)
        left = 0.0 if self.force_exit else max(end - time.monotonic(), 0)
        ending = asyncio.get_running_loop().call_later(left, self._gateway.stop_exchanges)
        self.config.timeout_graceful_shutdown = ceil(left + LAST_WORDS)
        try:
            await super().shutdown(sockets)
        finally:
            ending.cancel()


async def _serve(
    settings: Settings, listener: socket.socket, *, announce: bool, lifeline: int | None = None
) -> int:
    """Serve until told to stop, or until the other end of `lifeline` is closed."""
    async with Gateway(settings) as gateway:
        config = uvicorn.Config(
            gateway.application,
            http="httptools",
            loop="none",
            ws="none",
            lifespan="off",
            access_log=False,
            proxy_headers=False,
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
        )

        def started() -> None:
            if announce:
                _announce(settings, gateway, listener)

        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE)
        server = _Server(config, gateway, settings.server.shutdown_grace, started)
        if lifeline is not None:
            _stop_with(lifeline, server)
        await server.serve(sockets=[listener])
    return 0


def _stop_with(lifeline: int, server: _Server) -> None:
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(lifeline)
        server.stop()

    loop.add_reader(lifeline, ended)


def _announce(settings: Settings, gateway: Gateway, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    sys.stdout.write(banner(settings, gateway.first_keys, host, port))
    sys.stdout.flush()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.settimeout(0)
    except BaseException:
        listener.close()
        raise
    return listener


def _supervise(settings: Settings, listener: socket.socket) -> int:
    """Fork the workers onto the one socket, start those again that die, and pass the end on to them.

    Nothing is ever written to the lifeline: that it closes tells the workers of a supervisor that was killed.
    """
    children: set[int] = set()
    stopping = False
    lifeline, held = os.pipe()

    def fork(*, announce: bool) -> None:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.close(held)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the supervisor decides
            status = 1
            try:
                status = uvloop.run(_serve(settings, listener, announce=announce, lifeline=lifeline))
            finally:
                os._exit(status)
        children.add(child)

    def stop(number: int, _: object) -> None:
        nonlocal stopping
        hurried = stopping and number == signal.SIGINT
        stopping = True
        for child in children:
            os.kill(child, signal.SIGKILL if hurried else signal.SIGTERM)

    fork(announce=True)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while len(children) < settings.server.workers:
        fork(announce=False)
    while children:
        child, status = os.wait()
        children.discard(child)
        if not stopping:
            log.error("a worker ended", extra={"pid": child, "status": os.waitstatus_to_exitcode(status)})
            time.sleep(RESTART_DELAY)
            fork(announce=False)
    return 0
