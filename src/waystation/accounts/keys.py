"""Keys: how one is made, shown and recognised, and the account behind it. Knows no database and no HTTP.

Only the SHA-256 of a key is ever kept (contract section 24). A request is identified from the process's own
snapshot of the accounts, so that a database that cannot be reached is never somebody's 401.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from msgspec import Struct

from waystation.errors import Unavailable

Origin: TypeAlias = Literal["first_start", "settings", "operator", "oauth"]
"""Who made a key: the gateway on its first start, the `[keys]` settings, an operator (command line or API), or an app
that a user let have one (OAuth)."""

LimitReset: TypeAlias = Literal["daily", "weekly", "monthly"]
"""When what was spent stops to count against a limit: at midnight UTC, on Mondays, on the first of the month."""

DEFAULT_WORKSPACE = "00000000-0000-0000-0000-000000000000"
"""What the wire calls the workspace of accounts whose `workspace_id` is None."""
_KEPT_TAIL = 3


class Account(Struct, frozen=True):
    """A key and whose it is. Times are Unix milliseconds; `expires_at` None never expires.

    `limit` is nano-dollars that the key may spend in each period of `limit_reset` (None: ever); None is no limit. What
    providers charge to the caller's own credentials counts only with `include_byok_in_limit`. `parent_hash` names the
    key whose holder let an app have this one: it is valid only as long as that one is.
    """

    key_hash: str
    label: str
    name: str
    is_management: bool
    created_at: int
    expires_at: int | None = None
    disabled: bool = False
    creator_user_id: str | None = None
    workspace_id: str | None = None
    origin: Origin = "operator"
    limit: int | None = None
    limit_reset: LimitReset | None = None
    include_byok_in_limit: bool = False
    updated_at: int | None = None
    parent_hash: str | None = None


class KeyChanges(Struct, frozen=True):
    """What happened to the accounts until `revision`: these are new or changed, and the hashes of `gone` are no more.

    `whole`: `accounts` are all there are.
    """

    revision: int
    accounts: tuple[Account, ...] = ()
    gone: tuple[str, ...] = ()
    whole: bool = False


class KeyRing:
    """Accounts by the SHA-256 of their keys. `clock` gives Unix seconds.

    A key is found by its digest, never compared byte by byte: how long that takes says nothing that helps to guess a key.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._accounts: dict[bytes, Account] | None = None
        self.revision: int | None = None
        """Of the store's changes, the last one that is known here."""

    def find(self, raw: bytes) -> Account | None:
        """The account of a key as the client sent it; None where it is unknown, disabled or expired.

        Raises `Unavailable` before any are known: that is no caller's fault.
        """
        accounts = self._accounts
        if accounts is None:
            raise Unavailable("The gateway cannot check keys yet.")
        account = accounts.get(hashlib.sha256(raw).digest())
        if account is None or (account.expires_at is None and account.parent_hash is None):
            return account
        if account.expires_at is not None and self._clock() * 1000 >= account.expires_at:
            return None
        if account.parent_hash is not None and bytes.fromhex(account.parent_hash) not in accounts:
            return None
        return account

    def replace(self, accounts: Iterable[Account]) -> None:
        """Know exactly these accounts from now on."""
        self._accounts = {
            bytes.fromhex(account.key_hash): account for account in accounts if not account.disabled
        }

    def apply(self, changes: KeyChanges) -> None:
        """Learn what changed. Two readings may overtake each other: what is older than what is known changes nothing."""
        accounts = self._accounts
        if changes.whole or accounts is None:
            self.replace(changes.accounts)
        elif self.revision is None or changes.revision <= self.revision:
            return
        else:
            for key_hash in changes.gone:
                accounts.pop(bytes.fromhex(key_hash), None)
            for account in changes.accounts:
                digest = bytes.fromhex(account.key_hash)
                if account.disabled:
                    accounts.pop(digest, None)
                else:
                    accounts[digest] = account
        self.revision = changes.revision

    def __len__(self) -> int:
        return len(self._accounts or ())


def make_key(prefix: str) -> str:
    """A new key: the prefix and 64 hex digits of randomness."""
    return prefix + secrets.token_hex(32)


def hash_key(raw: str | bytes) -> str:
    """SHA-256 of the whole key, lower-case hex."""
    return hashlib.sha256(raw.encode() if isinstance(raw, str) else raw).hexdigest()


def mask(raw: str, prefix: str = "") -> str:
    """The key as it may be shown: `sk-ws-v1-0e6...c96`. Short keys show no more than their last three characters."""
    shown = len(prefix) + 3 if prefix and raw.startswith(prefix) else 3
    if len(raw) < shown + 2 * _KEPT_TAIL + 3:
        return f"...{raw[-_KEPT_TAIL:]}" if len(raw) > 4 * _KEPT_TAIL else "..."
    return f"{raw[:shown]}...{raw[-_KEPT_TAIL:]}"


def account_of(
    raw: str,
    *,
    name: str,
    is_management: bool,
    created_at: int,
    prefix: str = "",
    origin: Origin = "operator",
) -> Account:
    """The account of a new key; `created_at` is Unix milliseconds."""
    return Account(hash_key(raw), mask(raw, prefix), name, is_management, created_at, origin=origin)
