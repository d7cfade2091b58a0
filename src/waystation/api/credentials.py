"""Who is asking: the key in a request's headers, looked up in the process's key ring (contract section 1)."""

from urllib.parse import unquote_to_bytes

from waystation.accounts.keys import Account, KeyRing
from waystation.errors import Forbidden, Unauthenticated
from waystation.server.request import Request


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


def with_google_key(request: Request) -> dict[bytes, bytes]:
    """The headers, with the key that Google's clients send in a header or a parameter of their own where others put theirs."""
    headers = request.headers
    key = headers.get(b"x-goog-api-key") or _parameter(request.query, b"key")
    if not key or b"x-api-key" in headers:
        return headers
    return {**headers, b"x-api-key": key}


def _parameter(query: bytes, name: bytes) -> bytes:
    for pair in query.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key == name:
            return unquote_to_bytes(value)
    return b""


def _credential(headers: dict[bytes, bytes]) -> bytes:
    authorization = headers.get(b"authorization")
    if authorization and authorization[:7].lower() == b"bearer ":
        token = authorization[7:].strip()
        if token:
            return token
    return headers.get(b"x-api-key", b"").strip()
