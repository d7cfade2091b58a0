"""The gateway as its users run it: a process of its own on loopback."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

API_KEY = "sk-ws-v1-" + "a1" * 32
MANAGEMENT_KEY = "sk-ws-v1-" + "b2" * 32
START_SECONDS = 60
STOP_SECONDS = 20


class GatewayProcess:
    """A running gateway: its base URL, keys and log."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path, data_dir: Path) -> None:
        self.process = process
        self.root = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.root}/api/v1"
        self.log = log
        self.data_dir = data_dir

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


StartGateway = Callable[..., GatewayProcess]


def start_process(
    folder: Path, toml: str, environment: dict[str, str], data_dir: Path | None
) -> GatewayProcess:
    """Start a gateway with this TOML and these extra variables, and wait until it answers."""
    config = folder / "waystation.toml"
    config.write_text(toml)
    data = data_dir or folder / "data"
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "WAYSTATION_STORAGE__DATA_DIR": str(data),
        "WAYSTATION_KEYS__API_KEY": API_KEY,
        "WAYSTATION_KEYS__MANAGEMENT_KEY": MANAGEMENT_KEY,
        **environment,
    }
    log = folder / "log.txt"
    command = [sys.executable, "-m", "waystation", "serve", "--config", str(config), "--port", "0"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=variables, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    gateway = GatewayProcess(process, _port_of(process, log), log, data)
    with urllib.request.urlopen(f"{gateway.root}/health/live", timeout=START_SECONDS) as answer:  # noqa: S310 - loopback
        assert answer.status == 200
    return gateway


def _port_of(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """The port the gateway says it listens on; port 0 lets the system choose."""
    marker = "Waystation is ready at http://127.0.0.1:"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace")
        if marker in text:
            return int(text.split(marker, 1)[1].split("/", 1)[0])
        if process.poll() is not None:
            pytest.fail(f"the gateway ended at its start:\n{text}")
        time.sleep(0.02)  # polls another process's start; nothing is asserted about the time
    process.kill()
    pytest.fail(f"the gateway did not start within {START_SECONDS} s:\n{log.read_text(errors='replace')}")
