"""Who is asking: the key in a request's headers, looked up in the process's key ring (contract section 1)."""

from waystation.accounts.keys import Account, KeyRing
from waystation.errors import Forbidden, Unauthenticated


def account_of(headers: dict[bytes, bytes], keys: KeyRing) -> Account:
    """The account of the key in `Authorization: Bearer` or `x-api-key`, Bearer first; `Unauthenticated` without one."""
    raw = _credential(headers)
    if not raw:
        raise Unauthenticated("Missing Authentication header")
    account = keys.find(raw)
    if account is None:
        raise Unauthenticated("The API key is not valid: it is unknown, disabled or expired.")
    return account


def inference_account(headers: dict[bytes, bytes], keys: KeyRing) -> Account:
    """The account behind an inference key; management keys may not infer."""
    account = account_of(headers, keys)
    if account.is_management:
        raise Forbidden("Management keys cannot be used for inference; use an inference key.")
    return account


def management_account(headers: dict[bytes, bytes], keys: KeyRing) -> Account:
    """The account behind a management key."""
    account = account_of(headers, keys)
    if not account.is_management:
        raise Forbidden("Only management keys can perform this operation")
    return account


def _credential(headers: dict[bytes, bytes]) -> bytes:
    authorization = headers.get(b"authorization")
    if authorization:
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() == b"bearer" and token.strip():
            return token.strip()
    return headers.get(b"x-api-key", b"").strip()
