"""Keys of every kind, made through the gateway's own routes and command."""

import os
import subprocess
import sys
from typing import Any

from gateway_client import call
from gateway_process import MANAGEMENT_KEY, GatewayProcess
from waiting import wait_for


def new_key(gateway: GatewayProcess, name: str, **fields: Any) -> dict[str, Any]:
    """What `POST /keys` answers."""
    made = call(gateway, "POST", "/api/v1/keys", {"name": name, **fields}, key=MANAGEMENT_KEY)
    assert made.status == 201, made.text
    return dict(made.json)


def expired_key(gateway: GatewayProcess) -> str:
    """A key that has expired: the command line takes a day that has passed."""
    raw = waystation(gateway, "keys", "create", "expired", "--expires", "2020-01-01")
    assert wait_for(lambda: call(gateway, "GET", "/api/v1/key", key=raw).status == 401)
    return raw


def waystation(gateway: GatewayProcess, *arguments: str) -> str:
    """Run a command on the gateway's data; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "waystation", *arguments, "--data-dir", str(gateway.data_dir)],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()
