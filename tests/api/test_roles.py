"""The guard by itself: what a handler that declares nothing is taken for, and who counts as on this machine."""

from typing import Any

import pytest
from litestar import Litestar, Request, get
from litestar.testing import TestClient

from waystation.accounts.keys import Account, KeyRing, account_of
from waystation.api.failures import on_gateway_error
from waystation.api.roles import Role, guard_of, needs, role_of
from waystation.errors import GatewayError

USER = account_of("user-key", name="User", is_management=False, created_at=1)
OPERATOR = account_of("operator-key", name="Operator", is_management=True, created_at=1)


@get("/forgotten")
async def forgotten() -> str:
    return "in"


@get("/who", opt=needs(Role.KEY))
async def who(request: Request[Any, Account, Any]) -> str:
    return request.auth.name


@get("/operators", opt=needs(Role.OPERATOR))
async def operators() -> str:
    return "in"


def asked(
    path: str, key: str | None, client: str = "203.0.113.9", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    ring = KeyRing()
    ring.replace([USER, OPERATOR])
    app = Litestar(
        [forgotten, who, operators],
        guards=[guard_of(ring)],
        openapi_config=None,
        exception_handlers={GatewayError: on_gateway_error},
    )

    async def from_there(scope: Any, receive: Any, send: Any) -> None:
        scope["client"] = (client, 1)
        await app(scope, receive, send)

    with TestClient(from_there) as test_client:
        credential = {} if key is None else {"x-api-key": key}
        answer = test_client.get(path, headers={**credential, **(headers or {})})
        return answer.status_code, answer.text


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("user-key", 403), ("operator-key", 200)])
def test_a_handler_that_declares_nothing_is_for_management_keys_alone(key: str | None, status: int) -> None:
    assert role_of(forgotten) is None
    assert asked("/forgotten", key)[0] == status


def test_a_handler_finds_the_account_that_asks() -> None:
    assert asked("/who", "user-key") == (200, "User")
    assert asked("/who", "operator-key") == (200, "Operator")


@pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9", "::1"])
def test_what_is_for_operators_is_open_on_this_machine(client: str) -> None:
    assert asked("/operators", None, client)[0] == 200


@pytest.mark.parametrize("client", ["203.0.113.9", "10.0.0.1", "::2", "nonsense"])
def test_from_elsewhere_it_takes_a_management_key(client: str) -> None:
    assert asked("/operators", None, client)[0] == 401
    assert asked("/operators", "user-key", client)[0] == 403
    assert asked("/operators", "operator-key", client)[0] == 200


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X-Real-IP": "203.0.113.9"},
        {"Origin": "https://elsewhere.example"},
    ],
)
def test_who_asks_through_a_program_on_this_machine_is_not_on_it(header: dict[str, str]) -> None:
    assert asked("/operators", None, "127.0.0.1", header)[0] == 401
    assert asked("/operators", "operator-key", "127.0.0.1", header) == (200, "in")
