"""AWS Signature Version 4 for a request whose body is at hand. It reads no clock, no environment and no credentials file.

Source: the AWS IAM user guide, "Create a signed AWS API request".
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, quote

from msgspec import Struct

from waystation.upstream.origin import parse_target

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNSIGNED: Final = frozenset({"authorization", "connection", "expect", "user-agent", "x-amzn-trace-id"})
"""Headers that proxies change on the way, or that carry the signature itself."""


class AwsCredentials(Struct, frozen=True):
    """An access key. `session_token` belongs to temporary ones."""

    access_key: str
    secret_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return "AwsCredentials(***)"


class SigningScope(Struct, frozen=True):
    """Where a signature is valid: a region and a service's signing name."""

    region: str
    service: str


def sign(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    credentials: AwsCredentials,
    scope: SigningScope,
    now: datetime,
) -> list[tuple[str, str]]:
    """The headers to add: date, signature, and the session token where there is one. `now` is in UTC."""
    target = parse_target(url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    added = [("x-amz-date", stamp)]
    if credentials.session_token:
        added.append(("x-amz-security-token", credentials.session_token))
    signed = _canonical_headers([("host", target.authority), *headers, *added])
    names = ";".join(name for name, _ in signed)
    path, _, query = target.path.partition("?")
    canonical = "\n".join(
        (
            method,
            # Every service but S3 escapes the path as it is sent once more.
            quote(path, safe="/~"),
            _canonical_query(query),
            "".join([f"{name}:{value}\n" for name, value in signed]),
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    within = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = _signing_key(credentials.secret_key, stamp[:8], scope.region, scope.service)
    signature = hmac.new(
        key, f"{_ALGORITHM}\n{stamp}\n{within}\n{digest}".encode(), hashlib.sha256
    ).hexdigest()
    value = f"{_ALGORITHM} Credential={credentials.access_key}/{within}, SignedHeaders={names}, Signature={signature}"
    return [*added, ("authorization", value)]


def _canonical_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Lower-case names in order, white space in values folded, values of the same name joined."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower not in _UNSIGNED:
            values.setdefault(lower, []).append(" ".join(value.split()))
    return [(name, ",".join(values[name])) for name in sorted(values)]


def _canonical_query(query: str) -> str:
    pairs = [(quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(query, True)]  # noqa: FBT003 - blank values count
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


@lru_cache(maxsize=64)
def _signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    """Derived once a day for each key, region and service."""
    key = f"AWS4{secret_key}".encode()
    for step in (date, region, service, "aws4_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return key
