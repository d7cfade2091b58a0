"""Grants: what a user allows an app to have, between the consent and the exchange of its code for a key (OAuth PKCE).

A code lives ten minutes and is good for one exchange; only its SHA-256 is kept. Knows no HTTP and no database.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from waystation.accounts.keys import Account, LimitReset
from waystation.errors import Forbidden, InvalidRequest

CODE_LIFE = 600_000
"""Milliseconds within which a code must be exchanged."""
MOST_KEYS = 100
"""That one key may let apps have. A management key may let them have any number."""
MOST_CODES = 100
"""That may wait to be exchanged, of one key."""
ChallengeMethod: TypeAlias = Literal["S256", "plain"]


class Challenge(Struct, frozen=True):
    """What the app must prove to know when it exchanges the code (RFC 7636)."""

    text: str
    method: ChallengeMethod

    def is_met_by(self, verifier: str) -> bool:
        """Whether this is the verifier that the challenge was made of."""
        said = verifier.encode()
        if self.method == "S256":
            said = base64.urlsafe_b64encode(hashlib.sha256(said).digest()).rstrip(b"=")
        return hmac.compare_digest(said, self.text.encode())


class Grant(Struct, frozen=True):
    """The key that the code will become. `limit` is nano-dollars, `expires_at` Unix milliseconds."""

    name: str
    user_id: str | None = None
    parent_hash: str | None = None
    """The inference key that allowed it; None where an operator did."""
    limit: int | None = None
    limit_reset: LimitReset | None = None
    expires_at: int | None = None
    challenge: Challenge | None = None


class CodeStore(Protocol):
    """Where codes wait. Every method raises `Unavailable` where the store cannot be reached."""

    async def add(self, code_hash: str, grant: Grant, at: int) -> None:
        """Keep a code that is made now (Unix milliseconds), and forget those that have expired."""
        ...

    async def waiting(self, parent_hash: str, at: int) -> int:
        """How many codes of this key have not been exchanged and not expired."""
        ...

    async def get(self, code_hash: str, at: int) -> Grant | None:
        """What the code stands for, None where it is unknown, used or expired."""
        ...

    async def take(self, code_hash: str, at: int) -> Grant | None:
        """The same, for the last time: of many that ask at once one gets it."""
        ...


def too_many_keys() -> Forbidden:
    """What a key is told that has given keys to as many apps as it may."""
    return Forbidden(
        f"This key has given {MOST_KEYS} keys to apps, the most that it may; some have to be deleted first."
    )


def make_code() -> str:
    """A new code, fit for a URL."""
    return secrets.token_urlsafe(32)


def check_signer(account: Account) -> None:
    """May the holder of this key let apps have keys? Raises `Forbidden`.

    A new key would outlive and outspend one that is limited, so such a key makes no others.
    """
    if account.is_management:
        return
    if account.limit is not None or account.expires_at is not None:
        raise Forbidden("A key with a limit or an expiry cannot give keys to apps.")
    if account.parent_hash is not None or account.origin == "oauth":
        raise Forbidden("A key that an app was given cannot give keys to other apps.")


def check_method(grant: Grant, method: ChallengeMethod | None) -> None:
    """The app may repeat the method, and must then mean the same one; raises `InvalidRequest`."""
    if method is not None and (grant.challenge is None or grant.challenge.method != method):
        raise InvalidRequest("code_challenge_method: not the one that the code was asked for with")


def check_verifier(grant: Grant, verifier: str | None) -> None:
    """Raises `Forbidden` where the app cannot prove that it asked for the code.

    A verifier without a challenge says that somebody took the challenge out of what the app asked for (RFC 9700, 2.1.1).
    """
    challenge = grant.challenge
    is_met = not verifier if challenge is None else verifier is not None and challenge.is_met_by(verifier)
    if not is_met:
        raise Forbidden("Invalid code or code_verifier")
