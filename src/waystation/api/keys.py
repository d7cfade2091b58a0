"""The routes of keys: `/keys` for management keys, `/key` for the caller's own (contract section 24).

`/keys` is about inference keys. Management keys are made and revoked on the gateway's own machine, by the command line:
one that leaked cannot make more of itself, nor shut the others out.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Any

from litestar import Request, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from waystation.accounts.grants import MOST_KEYS, too_many_keys
from waystation.accounts.keys import (
    DEFAULT_WORKSPACE,
    Account,
    KeyRing,
    LimitReset,
    account_of,
    make_key,
)
from waystation.accounts.limits import Limits
from waystation.accounts.store import KeyEdit, KeyStore, refresh
from waystation.api.key_rows import current_key_row, key_row
from waystation.api.roles import Role, needs
from waystation.api.times import moment_of
from waystation.credits.money import nano_of
from waystation.errors import InvalidRequest, NotFound, Unavailable
from waystation.generations.spending import KeySpend, Spending
from waystation.operations.parts import JsonObject

PAGE = 100
"""Keys of one answer."""
_MOST_NANO = 10**18
"""A limit of a billion USD: more is a mistake, and would not fit its column."""

Name = Annotated[str, Meta(min_length=1, max_length=256)]
_ONE = "/api/v1/keys/{hash:str}"
_MOST_OFFSET = 2**31
_TRUE = ("true", "1")
"""Of a flag that the spec has as a string; anything else is false."""


class NewKey(Struct, frozen=True):
    """The body of `POST /keys`."""

    name: Name
    limit: float | None = None
    limit_reset: LimitReset | None = None
    include_byok_in_limit: bool = False
    expires_at: str | None = None
    workspace_id: str | None = None
    creator_user_id: Annotated[str, Meta(min_length=1, max_length=256)] | None = None


class EditedKey(Struct, frozen=True):
    """The body of `PATCH /keys/{hash}`: what is not there stays as it is."""

    name: Name | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    limit: float | UnsetType | None = UNSET
    limit_reset: LimitReset | UnsetType | None = UNSET
    include_byok_in_limit: bool | UnsetType = UNSET
    workspace_id: str | UnsetType = UNSET


class Keys:
    """What the routes share. `prefix` begins new keys. A change is in this process's ring before it is answered."""

    def __init__(
        self, store: KeyStore, ring: KeyRing, spending: Spending, limits: Limits, prefix: str
    ) -> None:
        self.store = store
        self.limits = limits
        self.prefix = prefix
        self._ring = ring
        self._spending = spending

    async def find(self, key_hash: str) -> Account:
        """The inference key of this hash."""
        account = await self.store.get(key_hash)
        return _existing(None if account is None or account.is_management else account)

    async def spends(self, accounts: Sequence[Account]) -> list[tuple[Account, KeySpend]]:
        """Each account with what it has spent by now."""
        spent = await self._spending.of([account.key_hash for account in accounts], _now())
        return [(account, spent[account.key_hash]) for account in accounts]

    async def row(self, account: Account) -> JsonObject:
        """One key of `/keys`."""
        return key_row(*(await self.spends((account,)))[0])

    async def add(self, account: Account) -> None:
        """Keep a new key."""
        await self.store.add(account)
        await self.tell()

    async def give(self, account: Account) -> None:
        """Keep a new key of an app; `Forbidden` where the key that allowed it has allowed too many."""
        if not await self.store.give(account, MOST_KEYS):
            raise too_many_keys()
        await self.tell()

    async def tell(self) -> None:
        """Let this process know at once what was changed. What is done is done: where it cannot, it learns a little later."""
        with suppress(Unavailable):
            await refresh(self._ring, self.store)


def key_routes(keys: Keys) -> list[HTTPRouteHandler]:
    """All of them."""
    return [*_reading(keys), *_changing(keys)]


def _reading(keys: Keys) -> list[HTTPRouteHandler]:
    @get("/api/v1/keys", operation_id="list", summary="List keys", tags=["Keys"], opt=needs(Role.MANAGEMENT))
    async def list_keys(
        offset: Annotated[int | None, Parameter(ge=0, le=_MOST_OFFSET)] = None,
        include_disabled: str = "",
        include_expired: str = "",
        workspace_id: str = DEFAULT_WORKSPACE,
    ) -> JsonObject:
        accounts = await keys.store.page(
            None if workspace_id == DEFAULT_WORKSPACE else workspace_id,
            include_disabled=include_disabled.lower() in _TRUE,
            expired_by=None if include_expired.lower() in _TRUE else _now(),
            offset=offset or 0,
            count=PAGE,
        )
        return {"data": [key_row(*pair) for pair in await keys.spends(accounts)]}

    @get(_ONE, operation_id="getKey", summary="Get a key", tags=["Keys"], opt=needs(Role.MANAGEMENT))
    async def get_one(hash: str) -> JsonObject:  # noqa: A002 - the wire's name
        return {"data": await keys.row(await keys.find(hash))}

    @get(
        "/api/v1/key",
        operation_id="getCurrentKey",
        summary="Get the caller's key",
        tags=["Keys"],
        opt=needs(Role.KEY),
    )
    async def current(request: Request[Any, Account, Any]) -> JsonObject:
        ((account, spend),) = await keys.spends((request.auth,))
        return {"data": current_key_row(account, spend, keys.limits.free_requests(account))}

    return [list_keys, get_one, current]


def _changing(keys: Keys) -> list[HTTPRouteHandler]:
    @post(
        "/api/v1/keys",
        operation_id="createKeys",
        summary="Make a key",
        tags=["Keys"],
        opt=needs(Role.MANAGEMENT),
    )
    async def create(data: NewKey) -> JsonObject:
        raw = make_key(keys.prefix)
        account = _account(raw, keys.prefix, data)
        await keys.add(account)
        return {"data": key_row(account, KeySpend()), "key": raw}

    @patch(_ONE, operation_id="updateKeys", summary="Change a key", tags=["Keys"], opt=needs(Role.MANAGEMENT))
    async def update(hash: str, data: EditedKey) -> JsonObject:  # noqa: A002 - the wire's name
        account = await keys.find(hash)
        changed = _existing(await keys.store.update(account.key_hash, _edit(data)))
        await keys.tell()
        return {"data": await keys.row(changed)}

    @delete(
        _ONE,
        operation_id="deleteKeys",
        summary="Delete a key",
        tags=["Keys"],
        status_code=200,
        opt=needs(Role.MANAGEMENT),
    )
    async def revoke(hash: str) -> JsonObject:  # noqa: A002 - the wire's name
        account = await keys.find(hash)
        _existing(account if await keys.store.revoke(account.key_hash) else None)
        await keys.tell()
        return {"deleted": True}

    return [create, update, revoke]


def _existing(account: Account | None) -> Account:
    if account is None:
        raise NotFound("There is no such key.")
    return account


def limit_of(usd: float | None) -> int | None:
    """A limit of the wire in nano-dollars; `InvalidRequest` for what cannot be one."""
    if usd is None:
        return None
    try:
        nano = nano_of(Decimal(str(usd)))
    except ValueError:
        nano = -1
    if not 0 <= nano <= _MOST_NANO:
        raise InvalidRequest(f"limit: expected an amount of USD from 0 to {_MOST_NANO // 10**9}")
    return nano


def expiry_of(text: str | None) -> int | None:
    """When a key is to expire; `InvalidRequest` for what has passed, or is not in UTC."""
    if text is None:
        return None
    at = moment_of(text, "expires_at")
    if at <= _now():
        raise InvalidRequest("expires_at: this moment has passed")
    return at


def workspace_of(workspace_id: str | None) -> str | None:
    """The workspace a key is put into; None is the default one, which is the only one there is."""
    if workspace_id not in (None, DEFAULT_WORKSPACE):
        raise InvalidRequest("workspace_id: there is no such workspace")
    return None


def _account(raw: str, prefix: str, data: NewKey) -> Account:
    account = account_of(raw, name=data.name, is_management=False, created_at=_now(), prefix=prefix)
    return replace(
        account,
        limit=limit_of(data.limit),
        limit_reset=data.limit_reset,
        include_byok_in_limit=data.include_byok_in_limit,
        expires_at=expiry_of(data.expires_at),
        workspace_id=workspace_of(data.workspace_id),
        creator_user_id=data.creator_user_id,
    )


def _edit(data: EditedKey) -> KeyEdit:
    workspace_of(None if data.workspace_id is UNSET else data.workspace_id)
    return KeyEdit(
        name=data.name,
        disabled=data.disabled,
        limit=data.limit if data.limit is UNSET else limit_of(data.limit),
        limit_reset=data.limit_reset,
        include_byok_in_limit=data.include_byok_in_limit,
        updated_at=_now(),
    )


def _now() -> int:
    return int(time.time() * 1000)
