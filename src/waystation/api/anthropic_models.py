"""The list of models in the shape that Anthropic's clients read: who sends `anthropic-version` gets it. Source: its API reference."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from waystation.api.model_filters import Listed
from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject

HEADER: Final = b"anthropic-version"
_USUAL: Final = 20
_MOST: Final = 1000
_NUMBER: Final = re.compile(r"[0-9]{1,4}")


def anthropic_list(rows: Sequence[Listed], query: dict[str, str]) -> JsonObject:
    """One page: `limit` rows after `after_id`, or before `before_id`; `InvalidRequest` for a limit that is none."""
    limit = _limit(query.get("limit"))
    ids = [row.model.id for row in rows]
    after, before = query.get("after_id"), query.get("before_id")
    start = ids.index(after) + 1 if after in ids else 0
    end = len(ids)
    if before in ids:
        end = ids.index(before)
        start = max(end - limit, 0)
    shown = rows[start : min(start + limit, end)]
    return {
        "data": [model_entry(row) for row in shown],
        "has_more": start > 0 if before in ids else start + limit < len(ids),
        "first_id": shown[0].model.id if shown else None,
        "last_id": shown[-1].model.id if shown else None,
    }


def model_entry(row: Listed) -> JsonObject:
    """One model."""
    model = row.model
    created = datetime.fromtimestamp(model.created or 0, UTC)
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": created.isoformat().replace("+00:00", "Z"),
    }


def _limit(text: str | None) -> int:
    if text is None:
        return _USUAL
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= _MOST:
        raise InvalidRequest(f"limit: must be a whole number from 1 to {_MOST}.")
    return int(text)
