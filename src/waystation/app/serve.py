"""From settings to a listening process: one socket, one or more workers on it, signals, and the drain at the end."""

import asyncio
import contextlib
import gc
import logging
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import NoReturn

import uvloop

from waystation.app.banner import banner
from waystation.app.gateway import Gateway
from waystation.app.neighbours import Street
from waystation.routing.news import Neighbours
from waystation.server.server import HttpServer
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
STOPS = (signal.SIGTERM, signal.SIGINT)
"""What ends a gateway."""
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
            with Street(settings.server.workers) as street:
                return _supervise(settings, listener, street)
        return uvloop.run(_serve(settings, listener, _Banner()))


class _Stop:
    """What ends a server: a signal, or whoever says so. A second SIGINT asks for hurry."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._hurry = asyncio.Event()

    def ask(self) -> None:
        """End as after SIGTERM."""
        self._asked.set()

    def interrupt(self) -> None:
        """End as after SIGINT."""
        if self._asked.is_set():
            self._hurry.set()
        self._asked.set()

    @contextlib.contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Listen to signals meanwhile, and be deaf to more of them after; SIGINT is left alone where it was ignored."""
        loop = asyncio.get_running_loop()
        heard = [(signal.SIGTERM, self.ask)]
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            heard.append((signal.SIGINT, self.interrupt))
        for number, listener in heard:
            loop.add_signal_handler(number, listener)
        try:
            yield
        finally:
            for number, _ in heard:
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)

    async def wait(self) -> None:
        """Return when the end is asked for."""
        await self._asked.wait()

    async def hurry(self, grace: float) -> None:
        """Return when there is no more patience, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._hurry.wait()


class _Banner:
    """What is printed at the start, once for all workers, whichever of them comes to it."""

    def __init__(self) -> None:
        self._printed = mmap.mmap(-1, 1)  # one byte that forked processes share

    def print(self, settings: Settings, gateway: Gateway, listener: socket.socket) -> None:
        """Print it, unless it has been."""
        if self._printed[0]:
            return
        self._printed[0] = 1
        host, port = listener.getsockname()[:2]
        sys.stdout.write(banner(settings, gateway.first_keys, host, port))
        sys.stdout.flush()


async def _serve(
    settings: Settings,
    listener: socket.socket,
    announced: _Banner | None,
    lifeline: int | None = None,
    neighbours: Neighbours | None = None,
) -> int:
    """Serve until told to stop, or until the other end of `lifeline` is closed."""
    stop = _Stop()
    if lifeline is not None:
        _stop_with(lifeline, stop)
    with stop.heeding_signals():
        async with Gateway(settings, neighbours) as gateway:
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GARBAGE)
            server = HttpServer(gateway.front_door.routes)
            await server.start([listener], BACKLOG)
            if announced is not None:
                announced.print(settings, gateway, listener)
            await stop.wait()
            await _drain(gateway, server, stop, settings.server.shutdown_grace)
    return 0


async def _drain(gateway: Gateway, server: HttpServer, stop: _Stop, grace: float) -> None:
    """End in good order: the port stays open until nothing is under way, so that readiness can be asked."""
    gateway.drain()
    patience = asyncio.ensure_future(stop.hurry(grace))
    while gateway.is_busy and not patience.done():
        await asyncio.wait([patience], timeout=DRAIN_TICK)
    server.drain()
    await asyncio.wait(
        [patience, drained := asyncio.ensure_future(server.wait_drained())],
        return_when=asyncio.FIRST_COMPLETED,
    )
    gateway.stop_exchanges()
    await asyncio.wait([drained], timeout=LAST_WORDS)
    server.abort()
    await drained
    patience.cancel()


def _stop_with(lifeline: int, stop: _Stop) -> None:
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(lifeline)
        stop.ask()

    loop.add_reader(lifeline, ended)


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


def _supervise(settings: Settings, listener: socket.socket, street: Street) -> int:
    """Fork the workers onto the one socket, start those again that die, and pass the end on to them.

    Nothing is ever written to the lifeline: that it closes tells the workers of a supervisor that was killed.
    """
    children: dict[int, int] = {}  # process to number
    stopping = False
    lifeline, held = os.pipe()
    announced = _Banner()

    def fork(worker: int, *, announces: bool) -> None:
        """One worker more, unless the end was asked for. Signals wait meanwhile, so that none misses a worker."""
        sys.stdout.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        if not stopping:
            child = os.fork()
            if child == 0:
                os.close(held)
                _work(settings, listener, announced if announces else None, lifeline, street.at(worker))
            children[child] = worker
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def stop(number: int, _: object) -> None:
        nonlocal stopping
        hurried = stopping and number == signal.SIGINT
        stopping = True
        for child in tuple(children):
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(child, signal.SIGKILL if hurried else signal.SIGTERM)

    for number in STOPS:
        signal.signal(number, stop)
    last = settings.server.workers - 1
    for worker in range(settings.server.workers):
        fork(worker, announces=worker == last)  # so that all are there when the banner is
    while children:
        child, status = os.wait()
        worker = children.pop(child)
        if not stopping:
            log.error("a worker ended", extra={"pid": child, "status": os.waitstatus_to_exitcode(status)})
            time.sleep(RESTART_DELAY)
            fork(worker, announces=True)  # in case the one that ended was to
    return 0


def _work(
    settings: Settings,
    listener: socket.socket,
    announced: _Banner | None,
    lifeline: int,
    neighbours: Neighbours,
) -> NoReturn:
    """A worker's whole life, in the process that was forked for it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the supervisor decides
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    status = 1
    try:
        status = uvloop.run(_serve(settings, listener, announced, lifeline, neighbours))
    except BaseException:
        log.exception("a worker failed")  # whatever it was: the status alone tells nobody why
    finally:
        os._exit(status)
