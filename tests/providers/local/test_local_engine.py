"""The life of the child process: lazily born, born again, never orphaned."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import uvloop

from waystation.errors import ConnectionFailed, ModelGone, ProviderError, TimedOut
from waystation.providers.local.engine import CHILD_PROGRAM, LocalEngine

GATEWAY = """
import asyncio, sys
from waystation.providers.local.engine import LocalEngine

async def serve():
    engine = LocalEngine()
    starting = asyncio.create_task(engine.base_url())
    if sys.argv[1] == "ready":
        await starting
        print(engine.pid, flush=True)
    else:
        while engine.state.name != "starting":
            await asyncio.sleep(0)
        print(0, flush=True)
    await asyncio.Event().wait()

asyncio.run(serve())
"""

MIDDLEMAN = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, sys.argv[1]], stdin=0, stdout=subprocess.PIPE)
print(os.getpid(), child.pid, flush=True)
child.stdout.readline()
print("ready", flush=True)
time.sleep(600)
"""


class Listener:
    """A report that can be waited for."""

    def __init__(self) -> None:
        self.percents: list[float | None] = []
        self._messages: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, message: str, percent: float | None = None) -> None:
        self.percents.append(percent)
        self._messages.put_nowait(message)

    async def about(self, words: str) -> None:
        """Wait for a message with these words; ten seconds at most."""
        async with asyncio.timeout(30):
            while words not in await self._messages.get():
                continue


async def test_nothing_runs_before_first_use(model_path: Path) -> None:
    engine = LocalEngine()

    assert engine.state.name == "stopped"
    assert engine.pid is None
    await engine.stop()


async def test_many_first_users_share_one_start(model_path: Path) -> None:
    heard = Listener()
    engine = LocalEngine(report=heard)
    try:
        answers = await asyncio.gather(*(engine.base_url() for _ in range(5)))

        assert len(set(answers)) == 1
        assert answers[0][0].startswith("http://127.0.0.1:")
        assert answers[0][0].endswith("/v1")
        assert engine.state.detail.endswith(answers[0][0])
        assert heard.percents == [None, 100]
    finally:
        await engine.stop()
    assert engine.state.name == "stopped"


async def test_user_who_goes_away_does_not_take_the_start_from_another(model_path: Path) -> None:
    heard = Listener()
    engine = LocalEngine(report=heard)
    try:
        impatient, patient = asyncio.create_task(engine.base_url()), asyncio.create_task(engine.base_url())
        await heard.about("loading")
        impatient.cancel()

        assert (await patient)[0].startswith("http://127.0.0.1:")
        assert impatient.cancelled()
    finally:
        await engine.stop()


async def test_killed_child_is_noticed_and_replaced(model_path: Path) -> None:
    heard = Listener()
    engine = LocalEngine(report=heard)
    try:
        first = await engine.base_url()
        killed = engine.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await heard.about("process ended")
        assert "signal 9" in engine.state.detail

        second = await engine.base_url()
        assert second[1] != first[1]
        assert engine.pid not in (None, killed)
        assert engine.pid is not None
    finally:
        await engine.stop()


async def test_stop_while_starting_ends_the_start_with_an_error(model_path: Path) -> None:
    heard = Listener()
    engine = LocalEngine(report=heard)
    waiting = asyncio.create_task(engine.base_url())
    await heard.about("loading")

    await engine.stop()

    with pytest.raises(ConnectionFailed):
        await waiting
    assert engine.state.name == "stopped"


async def test_stopped_engine_starts_again_when_asked(model_path: Path) -> None:
    engine = LocalEngine()
    try:
        await engine.base_url()
        await engine.stop()
        assert engine.pid is None
        await engine.base_url()
        assert engine.state.name == "ready"
    finally:
        await engine.stop()


async def test_start_that_takes_too_long_is_a_timeout(model_path: Path) -> None:
    engine = LocalEngine(start_timeout=0.001)

    with pytest.raises(TimedOut):
        await engine.base_url()
    assert engine.state.name == "failed"
    assert engine.pid is None


async def test_weights_that_cannot_be_loaded_fail_with_the_engines_words_for_the_operator(
    model_path: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(b"GGUF, or so it says")
    engine = LocalEngine(find_weights=lambda: damaged)

    with pytest.raises(ConnectionFailed) as failure:
        await engine.base_url()
    assert engine.state.name == "failed"
    assert "damaged.gguf" in engine.state.detail
    assert "damaged.gguf" not in failure.value.message


async def test_absent_weights_say_what_to_run() -> None:
    def nothing_there() -> Path:
        raise ModelGone("The embedded model is not installed; run: waystation local install")

    engine = LocalEngine(find_weights=nothing_there)

    with pytest.raises(ProviderError, match="waystation local install"):
        await engine.base_url()
    assert engine.state.name == "absent"


def test_engine_lives_on_uvloop_too(model_path: Path) -> None:
    async def once() -> int | None:
        engine = LocalEngine()
        await engine.base_url()
        pid = engine.pid
        await engine.stop()
        return pid

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        pid = runner.run(once())
    assert pid is not None
    assert not is_running(pid)


def test_importing_the_engine_loads_no_native_code() -> None:
    program = "import sys, waystation.providers.local.engine; print('xllamacpp' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize("moment", ["starting", "ready"])
def test_killed_gateway_leaves_no_orphan(model_path: Path, moment: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GATEWAY, moment], stdout=subprocess.PIPE, text=True
    ) as gateway:
        assert gateway.stdout is not None
        gateway.stdout.readline()
        children = children_of(gateway.pid)
        while moment == "starting" and not children:
            children = children_of(gateway.pid)
        gateway.kill()

    assert len(children) == 1
    wait_until_gone(children[0])


def test_end_of_the_pipe_ends_the_child(model_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, CHILD_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(orders(model_path, os.getpid()))
        child.stdin.flush()
        assert child.stdout.readline().startswith(b"READY http://127.0.0.1:")
        child.stdin.close()

        assert child.wait(timeout=30) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_child_ends_with_its_parent_although_the_pipe_is_still_open(model_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        with subprocess.Popen(
            [sys.executable, "-c", MIDDLEMAN, str(CHILD_PROGRAM)],
            stdin=reading,
            stdout=subprocess.PIPE,
            text=True,
        ) as middleman:
            assert middleman.stdout is not None
            parent, child = (int(word) for word in middleman.stdout.readline().split())
            os.write(writing, orders(model_path, parent))
            assert middleman.stdout.readline() == "ready\n"
            middleman.kill()
        wait_until_gone(child)
    finally:
        os.close(reading)
        os.close(writing)


def orders(model_path: Path, gateway_pid: int) -> bytes:
    return (
        f'{{"model_path": "{model_path}", "model": "any", "api_key": "test", "gateway_pid": {gateway_pid}}}\n'
    ).encode()


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than a line in the process table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} is an orphan"
        time.sleep(0.01)
