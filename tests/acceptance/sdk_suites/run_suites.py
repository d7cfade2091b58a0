"""The test suites of OpenAI's and Anthropic's SDKs through the gateway, before a provider that answers by examples.

    .venv/bin/python tests/acceptance/sdk_suites/run_suites.py --install FOLDER [--openai CHECKOUT] [--anthropic CHECKOUT] [openai anthropic]

A checkout is a folder or git repository of openai-python or anthropic-sdk-python; without one it is cloned from GitHub. `--install`
puts a copy there with an environment of its own and, for OpenAI, the mock server that its suite is made for, which then reads
every request of the gateway by the specification in the checkout. The tests of operations that the gateway serves are run; what
it does not serve is listed. Not run by `make test`: the suites change every week.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from example_provider import ExampleProvider, example_provider
from suites import SUITES, Suite, mended, operations_of, verdicts

from gateway_process import start_process

MOCK = "@stdy/cli@0.22.2"
MOCK_PORT = 4911
SPECIFICATION = "api_reference/openapi.transformed.yml"
SECONDS = 60
TOOLS = (
    "pytest", "pytest-asyncio", "pytest-xdist", "respx", "time-machine", "dirty-equals", "inline-snapshot",
    "http-snapshot[httpx]", "rich", "aiohttp", "httpx-aiohttp",
)  # fmt: skip


def install(folder: Path, suite: Suite, source: str | None) -> None:
    """The checkout, what its tests need, and the mock server; nothing where it is there already."""
    checkout = folder / suite.name
    if not checkout.exists():
        subprocess.run(
            ["git", "clone", "--quiet", "--depth", "1", source or suite.source, str(checkout)], check=True
        )
    environment = folder / f"{suite.name}-env"
    if not environment.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        pip = str(environment / "bin" / "pip")
        subprocess.run([pip, "install", "--quiet", str(checkout), *TOOLS], check=True)
    if (checkout / SPECIFICATION).exists() and shutil.which("npm") and not _mock(folder).exists():
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder / "node"), MOCK]
        subprocess.run(command, check=False)


def _mock(folder: Path) -> Path:
    return folder / "node" / "node_modules" / ".bin" / "steady"


@contextmanager
def checker(folder: Path, suite: Suite) -> Iterator[str | None]:
    """The base URL of a mock server that reads requests by the specification of the checkout; None where there is none."""
    specification = folder / suite.name / SPECIFICATION
    if not specification.exists() or not _mock(folder).exists():
        yield None
        return
    command = [str(_mock(folder)), "--quiet", "--host", "127.0.0.1", "-p", str(MOCK_PORT), str(specification)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{MOCK_PORT}"
        _wait_for(f"{url}/_x-steady/health")
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=SECONDS):  # noqa: S310 - loopback
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def run(folder: Path, suite: Suite) -> bool:
    """Run what is served, tell what came of it; whether all passed and the provider took all it was sent."""
    with (
        tempfile.TemporaryDirectory() as home,
        checker(folder, suite) as mock,
        example_provider(mock) as provider,
    ):
        copy = Path(home, "checkout")
        shutil.copytree(folder / suite.name, copy, ignore=shutil.ignore_patterns(".git"))
        _say(f"{suite.name}: requests are {'checked by the mock server' if mock else 'not checked'}")
        for change in mended(copy, suite):
            _say(f"  changed: {change}")
        gateway_home = Path(home, "gateway")
        catalogue = gateway_home / "data" / "catalog.d"
        catalogue.mkdir(parents=True)
        (catalogue / "names.toml").write_text(suite.aliases)
        rows = suite.provider.format(url=provider.url)
        gateway = start_process(gateway_home, rows, {"WAYSTATION_KEYS__API_KEY": suite.key}, None)
        try:
            report = _pytest(folder, suite, copy, f"{gateway.root}{suite.base}")
        finally:
            gateway.stop()
        return report.exists() and _told(suite, copy, provider, report)


def _pytest(folder: Path, suite: Suite, copy: Path, base_url: str) -> Path:
    report = copy / "report.xml"
    kinds = ("method", "raw_response", "streaming_response")
    chosen = " or ".join([f"test_{kind}_{name}" for kind in kinds for name in suite.names])
    python = str(folder / f"{suite.name}-env" / "bin" / "python")
    files = [f"tests/api_resources/{file}" for file in suite.served]
    options = ["-q", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}", "-k", chosen]
    command = [python, "-m", "pytest", *options, *files]
    environment = {"PATH": os.environ["PATH"], "HOME": str(copy), "TEST_API_BASE_URL": base_url}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if not report.exists():
        _say(done.stdout[-3000:] + done.stderr[-3000:])
    return report


def _told(suite: Suite, copy: Path, provider: ExampleProvider, report: Path) -> bool:
    passed, failed = verdicts(report, suite)
    for operation, count in sorted(passed.items()):
        _say(f"  passed: {operation}: {count}")
    for test, reason in failed:
        _say(f"  FAILED: {test}: {reason}")
    for path, count in sorted(provider.asked.items()):
        _say(f"  the provider was asked: {path}: {count}")
    for fault, count in provider.refused.items():
        _say(f"  REFUSED by the specification, {count} times: {fault}")
    for operation in operations_of(copy, suite):
        _say(f"  not served: {operation}")
    _say(f"{suite.name}: {sum(passed.values())} passed, {len(failed)} failed")
    return bool(passed) and not failed and not provider.refused


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """1 where a test of a served operation failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--install", type=Path, required=True, metavar="FOLDER")
    for name in SUITES:
        parser.add_argument(f"--{name}", metavar="CHECKOUT")
    parser.add_argument("suites", nargs="*", default=list(SUITES))
    chosen = parser.parse_args()
    chosen.install.mkdir(parents=True, exist_ok=True)
    folder = chosen.install.resolve()
    good = True
    for name in chosen.suites:
        install(folder, SUITES[name], getattr(chosen, name))
        good &= run(folder, SUITES[name])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
