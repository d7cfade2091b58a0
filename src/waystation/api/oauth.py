"""The routes by which apps get keys of their users: `/auth/keys` and `/auth/keys/code` (contract section 24)."""

import re
import time
import zlib
from typing import Annotated, Any
from urllib.parse import urlsplit

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct
from msgspec.structs import replace

from waystation.accounts.grants import (
    MOST_CODES,
    MOST_KEYS,
    Challenge,
    ChallengeMethod,
    CodeStore,
    Grant,
    check_method,
    check_signer,
    check_verifier,
    make_code,
    too_many_keys,
)
from waystation.accounts.keys import Account, LimitReset, account_of, hash_key, make_key
from waystation.api.keys import Keys, expiry_of, limit_of, workspace_of
from waystation.api.roles import Role, needs
from waystation.api.times import iso_of
from waystation.errors import Forbidden, InvalidRequest
from waystation.operations.parts import JsonObject

_HOST = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_LABEL = 100


class Wish(Struct, frozen=True):
    """What an app asks its user for: the body of `POST /auth/keys/code`, and the query of the consent page.

    `limit` is USD, as the wire has it: a number or its text.
    """

    callback_url: Annotated[str, Meta(max_length=4096)] = ""
    code_challenge: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    code_challenge_method: ChallengeMethod | None = None
    key_label: Annotated[str, Meta(max_length=_LABEL)] | None = None
    limit: float | None = None
    usage_limit_type: LimitReset | None = None
    expires_at: str | None = None
    workspace_id: str | None = None


class Redemption(Struct, frozen=True):
    """The body of `POST /auth/keys`."""

    code: str
    code_verifier: str | None = None
    code_challenge_method: ChallengeMethod | None = None


class Authorizations:
    """Codes given and codes exchanged."""

    def __init__(self, keys: Keys, codes: CodeStore) -> None:
        self._keys = keys
        self._codes = codes

    async def issue(self, grant: Grant, at: int) -> str:
        """A code that stands for the grant; `Forbidden` where its key has given, or is about to give, too many."""
        parent = grant.parent_hash
        if parent is not None:
            if await self._keys.store.given(parent, at) >= MOST_KEYS:
                raise too_many_keys()
            if await self._codes.waiting(parent, at) >= MOST_CODES:
                raise Forbidden(
                    f"{MOST_CODES} codes of this key wait to be exchanged; each does for ten minutes."
                )
        code = make_code()
        await self._codes.add(hash_key(code), grant, at)
        return code

    async def redeem(self, redemption: Redemption) -> tuple[str, str | None]:
        """The new key, and whose it is. `Forbidden` for a code that is not good (any more).

        A method that does not fit is said before the code is used up; a wrong verifier uses it up.
        """
        at, code_hash = _now(), hash_key(redemption.code)
        waiting = await self._codes.get(code_hash, at)
        if waiting is not None:
            check_method(waiting, redemption.code_challenge_method)
        grant = await self._codes.take(code_hash, at)
        if grant is None:
            raise Forbidden("Invalid code or code_verifier")
        check_verifier(grant, redemption.code_verifier)
        raw = make_key(self._keys.prefix)
        await self._keys.give(_account(raw, self._keys.prefix, grant, at))
        return raw, grant.user_id


def oauth_routes(authorizations: Authorizations) -> list[HTTPRouteHandler]:
    """Both routes. An exchange needs no key: the code is the credential."""

    @post(
        "/api/v1/auth/keys",
        operation_id="exchangeAuthCodeForAPIKey",
        summary="Exchange a code for a key",
        tags=["OAuth"],
        status_code=200,
        opt=needs(Role.PUBLIC),
    )
    async def exchange(data: Redemption) -> JsonObject:
        key, user_id = await authorizations.redeem(data)
        return {"key": key, "user_id": user_id}

    @post(
        "/api/v1/auth/keys/code",
        operation_id="createAuthKeysCode",
        summary="Make a code for an app",
        tags=["OAuth"],
        status_code=200,
        opt=needs(Role.INFERENCE),
    )
    async def create_code(request: Request[Any, Account, Any], data: Wish) -> JsonObject:
        if not data.callback_url:
            raise InvalidRequest("callback_url: required")
        at = _now()
        code = await authorizations.issue(grant_of(data, request.auth), at)
        return {"data": {"id": code, "app_id": _app_id(data.callback_url), "created_at": iso_of(at)}}

    return [exchange, create_code]


def grant_of(wish: Wish, signer: Account) -> Grant:
    """What the holder of the signing key lets the app have; raises `InvalidRequest` and `Forbidden`."""
    check_signer(signer)
    check_wish(wish)
    challenge = None
    if wish.code_challenge is not None:
        challenge = Challenge(wish.code_challenge, wish.code_challenge_method or "plain")
    workspace_of(wish.workspace_id)
    return Grant(
        name=name_of(wish),
        user_id=signer.creator_user_id,
        parent_hash=None if signer.is_management else signer.key_hash,
        limit=limit_of(wish.limit),
        limit_reset=wish.usage_limit_type,
        expires_at=expiry_of(wish.expires_at),
        challenge=challenge,
    )


def check_wish(wish: Wish) -> None:
    """Raises `InvalidRequest` where the code could be stolen: a callback that is neither HTTPS nor on the user's own
    machine, or no callback and no challenge.
    """
    if wish.code_challenge_method is not None and wish.code_challenge is None:
        raise InvalidRequest("code_challenge: required with code_challenge_method")
    if not wish.callback_url:
        if wish.code_challenge is None:
            raise InvalidRequest("code_challenge: required without callback_url")
        return
    origin_of(wish.callback_url)


def origin_of(callback_url: str) -> str:
    """`https://app.example` of a callback; `InvalidRequest` for one that no code may be sent to."""
    wrong = InvalidRequest(
        "callback_url: expected an https URL, or one of http://localhost or http://127.0.0.1"
    )
    try:
        parts = urlsplit(callback_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)
    if not is_safe or not _HOST.fullmatch(parts.netloc) or parts.fragment or not callback_url.isprintable():
        raise wrong
    if not callback_url.isascii() or any(sign in callback_url for sign in " \\<>\"'`"):
        raise wrong
    return f"{parts.scheme}://{parts.netloc}"


def name_of(wish: Wish) -> str:
    """What the new key is called: as the app asks, else like the app's host."""
    return wish.key_label or (urlsplit(wish.callback_url).netloc if wish.callback_url else "An app")


def _account(raw: str, prefix: str, grant: Grant, at: int) -> Account:
    account = account_of(
        raw, name=grant.name, is_management=False, created_at=at, prefix=prefix, origin="oauth"
    )
    return replace(
        account,
        limit=grant.limit,
        limit_reset=grant.limit_reset,
        expires_at=grant.expires_at,
        creator_user_id=grant.user_id,
        parent_hash=grant.parent_hash,
    )


def _app_id(callback_url: str) -> int:
    """Apps are not registered here: a number that is the same for all callbacks of one origin."""
    return zlib.crc32(origin_of(callback_url).encode()) & 0x7FFFFFFF


def _now() -> int:
    return int(time.time() * 1000)
