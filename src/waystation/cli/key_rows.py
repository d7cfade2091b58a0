"""How `waystation keys` shows keys: as facts for JSON, and as rows of a table."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waystation.accounts.keys import Account

SHOWN_HASH = 12
"""Digits of the hash that serve as a key's id."""
COLUMNS = ("id", "key", "name", "kind", "made", "made by", "limit", "expires", "state")
_MADE_BY = {
    "first_start": "first start",
    "settings": "the configuration",
    "operator": "an operator",
    "oauth": "an app",
}


def facts(account: "Account") -> dict[str, object]:
    """One key for JSON; `limit` is USD."""
    from waystation.credits.money import float_of

    return {
        "hash": account.key_hash,
        "label": account.label,
        "name": account.name,
        "is_management": account.is_management,
        "created_at": _time(account.created_at),
        "expires_at": _time(account.expires_at),
        "disabled": account.disabled,
        "origin": account.origin,
        "limit": None if account.limit is None else float_of(account.limit),
        "limit_reset": account.limit_reset,
        "include_byok_in_limit": account.include_byok_in_limit,
    }


def row(account: "Account") -> tuple[str, ...]:
    """One key under `COLUMNS`."""
    expired = account.expires_at is not None and account.expires_at <= time.time() * 1000
    return (
        account.key_hash[:SHOWN_HASH],
        account.label,
        account.name,
        "management" if account.is_management else "inference",
        (_time(account.created_at) or "")[:10],
        _MADE_BY[account.origin],
        _limit(account),
        (_time(account.expires_at) or "never")[:10],
        "disabled" if account.disabled else "expired" if expired else "valid",
    )


def _limit(account: "Account") -> str:
    from waystation.credits.money import decimal_of

    if account.limit is None:
        return "none"
    return f"${decimal_of(account.limit).normalize():f}" + (
        f" {account.limit_reset}" if account.limit_reset else ""
    )


def _time(milliseconds: int | None) -> str | None:
    """ISO 8601 in UTC."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
