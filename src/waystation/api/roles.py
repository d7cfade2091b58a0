"""Who may ask what. Every route declares its role where it is defined, and one guard enforces all of them.

A control-plane handler says `opt=needs(Role.MANAGEMENT)`; the data plane's handlers have a `role`. A handler that says
nothing is for management keys alone, so that a forgotten role opens no door; a test finds it.
"""

from collections.abc import Callable
from enum import Enum
from ipaddress import ip_address
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from waystation.accounts.keys import Account, KeyRing
from waystation.api.credentials import account_of, inference_account, management_account

Connection = ASGIConnection[Any, Any, Any, Any]
_OPTION = "role"
_ON_BEHALF = frozenset((b"forwarded", b"x-forwarded-for", b"x-real-ip", b"origin"))
"""Headers that say that somebody else asks through a program on this machine: behind a proxy, or from a page of the web."""


class Role(Enum):
    """Who may ask a route (contract section 1)."""

    PUBLIC = "anybody"
    KEY = "any key"
    INFERENCE = "an inference key"
    MANAGEMENT = "a management key"
    OPERATOR = "a management key, or anybody on this machine"


def needs(role: Role) -> dict[str, object]:
    """The `opt` of a handler of this role."""
    return {_OPTION: role}


def role_of(handler: BaseRouteHandler) -> Role | None:
    """The role that a handler declares."""
    role = handler.opt.get(_OPTION)
    return role if isinstance(role, Role) else None


def guard_of(keys: KeyRing) -> Callable[[Connection, BaseRouteHandler], None]:
    """The guard of all control-plane handlers; those with a key find its account as `request.auth`."""

    def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        role = role_of(handler) or Role.MANAGEMENT
        connection.scope["auth"] = _admitted(role, connection, keys)

    return guard


def _admitted(role: Role, connection: Connection, keys: KeyRing) -> Account | None:
    """The account that asks; raises `Unauthenticated` or `Forbidden` where the role wants another."""
    if role is Role.PUBLIC or (role is Role.OPERATOR and _is_local(connection)):
        return None
    headers = dict(reversed(list(connection.scope["headers"])))
    if role is Role.KEY:
        return account_of(headers, keys)
    return inference_account(headers, keys) if role is Role.INFERENCE else management_account(headers, keys)


def _is_local(connection: Connection) -> bool:
    client = connection.client
    if any(name in _ON_BEHALF for name, _ in connection.scope["headers"]):
        return False
    try:
        return client is not None and ip_address(client.host).is_loopback
    except ValueError:
        return False
