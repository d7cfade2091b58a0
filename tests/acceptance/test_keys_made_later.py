"""Keys that the command line makes or revokes while the gateway runs."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable

from gateway_process import GatewayProcess, StartGateway
from waiting import wait_for


def waystation(gateway: GatewayProcess, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "waystation", *arguments, "--data-dir", str(gateway.data_dir)],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def status_of(gateway: GatewayProcess, key: str) -> int:
    request = urllib.request.Request(f"{gateway.base_url}/key", headers={"authorization": f"Bearer {key}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def becomes(look: Callable[[], int], wanted: int) -> bool:
    return wait_for(lambda: look() == wanted)


def test_a_key_works_soon_after_it_was_made_and_stops_soon_after_it_was_revoked(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway("")
    key = waystation(gateway, "keys", "create", "later")
    assert key.startswith("sk-ws-v1-")
    assert becomes(lambda: status_of(gateway, key), 200)
    waystation(gateway, "keys", "revoke", "later")
    assert becomes(lambda: status_of(gateway, key), 401)
