"""What a provider's failure means, by its status, and how much of its text a caller may see.

A dialect finds the message and the code in its own error shape; this decides the class (contract 2.2a) and cleans the
text. Only refusals of the request itself (400, 413, 422) are quoted: the rest speaks of the operator's own affairs.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from waystation.errors import (
    BadResponse,
    CredentialRejected,
    ModelGone,
    Overloaded,
    ProviderError,
    RateLimited,
    TimedOut,
    UpstreamRejected,
)

MAX_QUOTE: Final = 500
MAX_RETRY_AFTER: Final = 86_400
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_CONTEXT: Final = re.compile(
    r"context[_ ]length|maximum context|context[_ ]window|context limit|max context|too_many_prompt_tokens"
    r"|prompt (?:is )?too long|input is too long|total length of all messages|too many (?:input )?tokens"
    r"|exceeds? the (?:maximum|model).{0,40}tokens?|reduce the length of",
    re.IGNORECASE,
)
_POLICY: Final = re.compile(
    r"content_filter|content_policy|ResponsibleAIPolicy|content management policy", re.IGNORECASE
)
_SECRETS: Final = (
    re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE),
    re.compile(r"\b(?:bearer|basic)\s+\S+", re.IGNORECASE),
    re.compile(r"\S*\*{3,}\S*"),
    re.compile(r"\b(?:sk|gsk|xai|rk|pk)[-_][\w.-]{4,}", re.IGNORECASE),
    re.compile(
        r"\b(?:api[-_]?key|key|token|org|proj|user|acct|req)[-_](?=[\w.-]*\d)[\w.-]{4,}", re.IGNORECASE
    ),
    re.compile(r"\bAIza[\w-]+"),
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"),
    re.compile(r"\[[0-9a-f:]*:[0-9a-f:]*\](?::\d+)?", re.IGNORECASE),
    re.compile(r"\b[\w-]+(?:\.[\w-]+)+:\d{2,5}\b"),
    re.compile(r"\blocalhost(?::\d+)?\b", re.IGNORECASE),
    re.compile(
        r"\b(?:[\w-]+\.)+(?:com|net|org|io|ai|dev|local|internal|lan|cloud|co|cn|eu|app)\b(?:/\S*)?",
        re.IGNORECASE,
    ),
    re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE),
    re.compile(r"(?:(?=[A-Za-z+=]*\d)[A-Za-z0-9+=]{20,}[/._-]?)+[A-Za-z0-9+/=_-]*"),
)
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


_CREDENTIAL: Final = (CredentialRejected, "The provider rejected the gateway's credential.")
_TIMED_OUT: Final = (TimedOut, "The provider timed out.")
_BY_STATUS: Final[dict[int, tuple[type[ProviderError], str]]] = {
    401: _CREDENTIAL,
    402: _CREDENTIAL,
    403: _CREDENTIAL,
    404: (ModelGone, "The provider does not know the model."),
    408: _TIMED_OUT,
    429: (RateLimited, "The provider is at capacity."),
    504: _TIMED_OUT,
    524: _TIMED_OUT,
}
"""Statuses that say nothing about the request itself, and what the caller hears of them. Other 5xx: overloaded."""


def error_by_status(
    status: int,
    *,
    message: str | None = None,
    code: str | None = None,
    retry_after: int | None = None,
) -> ProviderError:
    """The error that this status means. `message` and `code` are the provider's own, as they came."""
    provider_code = clean_code(code)
    if status in _BY_STATUS or status >= 500:
        kind, text = _BY_STATUS.get(
            status, (Overloaded, "The provider is not able to serve the request now.")
        )
        wait = retry_after if status == 429 or status >= 500 else None
        return kind(text, upstream_status=status, retry_after=wait, provider_code=provider_code)
    if 400 <= status < 500:
        return _rejected(status, message, code, provider_code)
    text = "The provider gave an answer that is none."
    return BadResponse(text, upstream_status=status, provider_code=provider_code)


def _rejected(
    status: int, message: str | None, code: str | None, provider_code: str | None
) -> UpstreamRejected:
    kept = status if status in {400, 413, 422} else 400
    quote = clean_message(message)
    told = f"{code or ''} {message or ''}"
    error_type = {413: "payload_too_large", 422: "unprocessable"}.get(kept, "invalid_request")
    if _CONTEXT.search(told):
        error_type = "context_length_exceeded"
    elif _POLICY.search(told):
        error_type = "content_policy_violation"
    text = f"The provider rejected the request: {quote}" if quote else "The provider rejected the request."
    return UpstreamRejected(
        text, status=kept, upstream_status=status, error_type=error_type, provider_code=provider_code
    )


def clean_code(code: str | None) -> str | None:
    """A provider's error code, if it looks like one: short, of letters, digits and `_.-`, and no secret."""
    if code is None or _CODE.fullmatch(code) is None:
        return None
    return code if clean_message(code) == code else None


def clean_message(message: str | None) -> str:
    """A provider's text without keys, addresses and account names, on one line, of at most 500 characters."""
    if not message or message.lstrip().startswith("<"):
        return ""
    text = " ".join(message[: 4 * MAX_QUOTE].split())
    for pattern in _SECRETS:
        text = pattern.sub("[removed]", text)
    text = "".join(character for character in text if character.isprintable())
    return text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 3] + "..."


def retry_after_of(headers: Sequence[tuple[bytes, bytes]]) -> int | None:
    """Seconds to wait, by `Retry-After` (seconds or a date) or the rate limit's reset; None where nothing says it."""
    known = {name.decode("latin-1").lower(): value.decode("latin-1").strip() for name, value in headers}
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _seconds(known.get(name, ""))
        if seconds is not None:
            return _whole(seconds * factor)
    return _reset_of(known)


def _reset_of(headers: Mapping[str, str]) -> int | None:
    """The longest reset among limits that are used up; without remaining counts, among all of them."""
    waits = []
    for name, value in headers.items():
        if not name.startswith(("x-ratelimit-reset", "ratelimit-reset")):
            continue
        remaining = headers.get(name.replace("reset", "remaining", 1))
        seconds = _seconds(value)
        if seconds is not None and remaining in {None, "0"}:
            waits.append(seconds)
    return _whole(max(waits)) if waits else None


def _seconds(value: str) -> float | None:
    """`7`, `6.78s`, `1m30s`, a Unix time, or an HTTP date, as seconds from now."""
    if not value:
        return None
    pieces = _DURATION.findall(value)
    if pieces and "".join(number + unit for number, unit in pieces) == value:
        seconds = sum(float(number) * _SECONDS[unit or "s"] for number, unit in pieces)
        seconds = seconds / 1000 if seconds > 1e11 else seconds  # Unix milliseconds
        return seconds - datetime.now(UTC).timestamp() if seconds > 1e9 else seconds
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()


def _whole(seconds: float) -> int:
    return min(max(int(-(-seconds // 1)), 0), MAX_RETRY_AFTER)
