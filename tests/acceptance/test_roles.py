"""Every route against every kind of caller, from the gateway's own table: a route that declares no role fails here."""

import asyncio
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from litestar.exceptions import LitestarDeprecationWarning

from gateway_client import call
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, StartGateway
from keys_over_http import expired_key, new_key
from waystation.api.control import ControlPlane
from waystation.api.roles import Role, role_of
from waystation.app.gateway import Gateway
from waystation.server.routes import Pattern, Route
from waystation.settings import Settings, StorageSettings
from waystation.storage.migrations import migrate


class DeclaredRoute(NamedTuple):
    """One method of one path, and who may ask it."""

    method: str
    path: str
    role: Role | None


async def _declared(data_dir: Path) -> list[DeclaredRoute]:
    """The route table of a gateway, data plane and control plane."""
    settings = Settings(storage=StorageSettings(data_dir=str(data_dir)))
    async with Gateway(settings) as gateway:
        routes = gateway.front_door.routes
        control = routes.other.handler
        assert isinstance(control, ControlPlane)
        inference = [
            DeclaredRoute("POST", path, getattr(route.handler, "role", None))
            for path, route in (*routes.exact.items(), *_of_patterns(routes.patterns))
            if route.handler is not control
        ]
        return inference + [
            DeclaredRoute(str(method), path, role_of(handler))
            for handler in control.handlers
            for path in handler.paths
            for method in handler.http_methods
        ]


def _of_patterns(patterns: Mapping[Pattern, Route]) -> Iterator[tuple[str, Route]]:
    """A path for each ending."""
    for pattern, route in patterns.items():
        for ending in pattern.endings:
            yield f"{pattern.prefix}some-model{ending}", route


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[DeclaredRoute]:
    data_dir = tmp_path_factory.mktemp("table")
    migrate("", data_dir)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", LitestarDeprecationWarning
        )  # newer releases want parameters spelled out
        return asyncio.run(_declared(data_dir))


class Callers(NamedTuple):
    """A gateway and a key of every kind."""

    gateway: GatewayProcess
    keys: dict[str, str | None]


@pytest.fixture(scope="module")
def callers(start_gateway: StartGateway) -> Callers:
    gateway = start_gateway("")
    disabled = new_key(gateway, "disabled")
    hash_of = disabled["data"]["hash"]
    changed = call(gateway, "PATCH", f"/api/v1/keys/{hash_of}", {"disabled": True}, key=MANAGEMENT_KEY)
    assert changed.status == 200
    keys = {
        "none": None,
        "unknown": "sk-ws-v1-" + "0f" * 32,
        "disabled": disabled["key"],
        "expired": expired_key(gateway),
        "inference": API_KEY,
        "of another user": new_key(gateway, "other", creator_user_id="user_other")["key"],
        "management": MANAGEMENT_KEY,
    }
    return Callers(gateway, keys)


_VALID = {"inference", "of another user", "management"}
_ALLOWED = {
    Role.PUBLIC: {"none", "unknown", "disabled", "expired", *_VALID},
    Role.KEY: _VALID,
    Role.INFERENCE: _VALID - {"management"},
    Role.MANAGEMENT: {"management"},
    Role.OPERATOR: {"none", "unknown", "disabled", "expired", *_VALID},  # the tests are on this machine
}


_GONE = {"/api/v1/credits/coinbase"}
"""What the specification keeps to say that it is no more, to anybody."""


def test_every_route_declares_who_may_ask_it(table: list[DeclaredRoute]) -> None:
    assert [route for route in table if route.role is None] == []
    known = {"/api/v1/chat/completions", "/v1/chat/completions", "/api/v1/keys", "/metrics"}
    known |= {"/v1beta/models/some-model:generateContent", "/api/v1/messages"}
    assert known <= {route.path for route in table}


def test_the_paths_that_the_contract_gives_to_management_keys_are_theirs(table: list[DeclaredRoute]) -> None:
    for prefix in ("keys", "credits", "activity", "analytics", "byok", "guardrails", "workspaces"):
        of_prefix = [route for route in table if route.path.removeprefix("/api/v1/").split("/")[0] == prefix]
        roles = {route.role for route in of_prefix if route.path not in _GONE}
        assert roles <= {Role.MANAGEMENT}, prefix


@pytest.mark.parametrize(
    "caller", ["none", "unknown", "disabled", "expired", "inference", "of another user", "management"]
)
def test_every_route_admits_exactly_whom_it_declares(
    callers: Callers, table: list[DeclaredRoute], caller: str
) -> None:
    key = callers.keys[caller]
    for method, path, role in table:
        assert role is not None
        target = path.replace("{", "").replace(":str}", "").replace("}", "")
        body = "{" if method in {"POST", "PATCH", "PUT"} else None
        answer = call(callers.gateway, method, target, body, key=key)
        said = f"{caller} {method} {path}: {answer.status} {answer.text[:200]}"
        if caller in _ALLOWED[role]:
            assert answer.status not in {401, 403}, said
            assert answer.status < 500, said
        else:
            assert answer.status == (403 if caller in _VALID else 401), said
            kind = (
                "permission_denied" if caller in _VALID else "authenticat"
            )  # each skin has a word of its own
            assert kind in answer.text.lower(), said
            if caller == "none":
                assert "Missing Authentication header" in answer.text


def test_a_key_reaches_nothing_of_another_account(callers: Callers) -> None:
    refused = call(
        callers.gateway,
        "POST",
        "/api/v1/chat/completions",
        {"model": "no/model", "messages": [{"role": "user", "content": "Hi"}]},
    )
    generation = refused.headers["x-generation-id"]
    path = f"/api/v1/generation?id={generation}"

    assert call(callers.gateway, "GET", path).status == 200
    assert call(callers.gateway, "GET", path, key=callers.keys["of another user"]).status == 404
