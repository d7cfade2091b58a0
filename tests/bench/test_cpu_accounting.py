"""The benchmark's CPU accounting sees what a child process spends, alive or reaped."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SPEND = 0.2  # CPU seconds
CHILD = f"""
import sys, time
while time.process_time() < {SPEND}: pass
print("spent", flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads Linux's /proc")


@pytest.fixture(scope="module")
def cpu() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "bench/cpu.py"
    spec = importlib.util.spec_from_file_location("bench_cpu", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def spender() -> Iterator[subprocess.Popen[str]]:
    """A child that has spent its CPU time and now waits."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "spent\n"
        yield child


def test_a_living_child_is_part_of_the_tree_and_its_time_is_seen(
    cpu: ModuleType, spender: subprocess.Popen[str]
) -> None:
    assert spender.pid in cpu.tree(os.getpid())
    assert cpu.seconds(spender.pid) >= SPEND
    assert cpu.seconds(os.getpid()) >= cpu.seconds(spender.pid)


def test_the_time_of_a_reaped_child_stays_with_its_parent(
    cpu: ModuleType, spender: subprocess.Popen[str]
) -> None:
    reaped_before = os.times().children_user + os.times().children_system
    spender.communicate()

    assert cpu.seconds(os.getpid()) >= os.times().user + os.times().system + reaped_before + SPEND - 0.05
    assert cpu.seconds(spender.pid) == 0
    assert cpu.tree(spender.pid) == []


def test_resident_memory_of_the_tree_exceeds_that_of_the_child(
    cpu: ModuleType, spender: subprocess.Popen[str]
) -> None:
    child = cpu.resident_mib(spender.pid)

    assert child > 1
    assert cpu.resident_mib(os.getpid()) > child
