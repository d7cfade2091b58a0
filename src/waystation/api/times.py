"""Moments as management objects say them: ISO 8601 in UTC (contract section 0). Inside they are Unix milliseconds."""

import re
from datetime import UTC, datetime, timedelta

from waystation.errors import InvalidRequest

_TO_THE_SECOND = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d")


def iso_of(at: int) -> str:
    """Unix milliseconds as `2030-01-02T03:04:05.678Z`."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(text: str, field: str) -> int:
    """Unix milliseconds of an ISO 8601 moment; `InvalidRequest` for what is none, and for any zone but UTC."""
    try:
        moment = datetime.fromisoformat(text) if _TO_THE_SECOND.match(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidRequest(f"{field}: expected an ISO 8601 moment such as 2030-12-31T23:59:59Z")
    if moment.utcoffset() != timedelta(0):
        raise InvalidRequest(f"{field}: expected a moment in UTC, with Z at its end")
    return int(moment.timestamp() * 1000)
