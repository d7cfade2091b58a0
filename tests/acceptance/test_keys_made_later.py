"""Keys that the command line makes or revokes while the gateway runs."""

from gateway_client import call
from gateway_process import GatewayProcess, StartGateway
from keys_over_http import waystation
from waiting import wait_for


def becomes(gateway: GatewayProcess, key: str, status: int) -> bool:
    return wait_for(lambda: call(gateway, "GET", "/api/v1/key", key=key).status == status)


def test_a_key_works_soon_after_it_was_made_and_stops_soon_after_it_was_revoked(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway("")
    key = waystation(gateway, "keys", "create", "later")
    assert key.startswith("sk-ws-v1-")
    assert becomes(gateway, key, 200)
    waystation(gateway, "keys", "revoke", "later")
    assert becomes(gateway, key, 401)
