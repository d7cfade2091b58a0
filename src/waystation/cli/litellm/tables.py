"""Exports of LiteLLM's tables `LiteLLM_VerificationToken` and `LiteLLM_SpendLogs`: CSV, a JSON list, or a JSON object a line.

LiteLLM too keeps only the SHA-256 of a key, so keys stay valid. Prompts, answers and addresses of callers are not read.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from pathlib import Path
from typing import Final

from waystation.accounts.keys import Account, LimitReset, hash_key
from waystation.cli.litellm.names import PROVIDERS
from waystation.cli.litellm.outcome import Report
from waystation.credits.money import nano_of
from waystation.generations.record import ApiType, GenerationRecord
from waystation.operations.usage import Cost, Usage
from waystation.settings.problem import SettingsError

Row = Mapping[str, object]
_MOST_NANO = 10**18
"""A billion USD: more is no amount that somebody meant."""
_HASH = re.compile(r"[0-9a-f]{64}")
_RESETS: "Final[dict[str, LimitReset]]" = {
    "1d": "daily",
    "24h": "daily",
    "7d": "weekly",
    "1w": "weekly",
    "30d": "monthly",
    "1mo": "monthly",
    "31d": "monthly",
}
_KEY_WHYS: Final = {
    "models": "which models a key may use has no counterpart",
    "tpm_limit": "limits of one key are not taken over",
    "rpm_limit": "limits of one key are not taken over",
    "max_parallel_requests": "requests at the same time are not limited",
    "team_id": "teams have no counterpart",
    "permissions": "permissions have no counterpart",
    "aliases": "names of models belong to no key",
}
_API_TYPES: "Final[dict[str, ApiType]]" = {
    "embedding": "embeddings",
    "rerank": "rerank",
    "image_generation": "image",
    "speech": "tts",
    "transcription": "stt",
}


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of an export; `SettingsError` where it is none."""
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            if path.suffix == ".csv":
                yield from csv.DictReader(file)
                return
            first = file.read(1)
            file.seek(0)
            if first == "[":
                yield from (row for row in json.load(file) if isinstance(row, dict))
                return
            for line in file:
                if line.strip():
                    row = json.loads(line)
                    if isinstance(row, dict):
                        yield row
    except (ValueError, csv.Error, UnicodeDecodeError):
        raise SettingsError(f"{path}: this is no CSV, no JSON list and no JSON lines") from None
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None


def account_of(row: Row, report: Report, now: int) -> Account | None:
    """The account of a row of keys; `now` is Unix milliseconds."""
    key_hash, label = _text(row, "token"), _text(row, "key_name")
    name = _text(row, "key_alias") or label or key_hash[:12]
    where = f"key {name}"
    if not _HASH.fullmatch(key_hash):
        report.dropped(where, "its token is no SHA-256 in hex")
        return None
    whys = [why for column, why in _KEY_WHYS.items() if _is_said(row.get(column))]
    limit = _nano(row.get("max_budget"))
    duration = _text(row, "budget_duration")
    reset = _RESETS.get(duration)
    if limit is not None and duration and reset is None:
        whys.append(f"its budget's {duration} is no calendar day, week or month: the limit is for good")
    if limit is not None and _nano(row.get("spend")):
        whys.append(
            "what it has spent counts against its limit as far as its rows of spend are taken over, too"
        )
    expires_at = _moment(row, "expires")
    is_unbounded = (limit is None and _is_said(row.get("max_budget"))) or (
        expires_at is None and _is_said(row.get("expires"))
    )
    if is_unbounded:
        whys.append("its budget or its expiry cannot be read: the key is disabled")
    account = Account(
        key_hash=key_hash,
        label=label or f"...{key_hash[-3:]}",
        name=name,
        is_management=False,
        created_at=_moment(row, "created_at") or now,
        expires_at=expires_at,
        disabled=is_unbounded or _text(row, "blocked").lower() in {"t", "true", "1"},
        creator_user_id=_text(row, "user_id") or None,
        limit=limit,
        limit_reset=reset if limit is not None else None,
    )
    if whys:
        report.partly(where, "a key of the same secret", "; ".join(dict.fromkeys(whys)))
    else:
        report.mapped(where, "a key of the same secret")
    return account


def generation_of(row: Row) -> GenerationRecord | None:
    """The record of a row of spend; None where it has no time or no id. The same row always makes the same record."""
    started, identity = _moment(row, "startTime"), _text(row, "request_id")
    if started is None or not identity:
        return None
    ended, first = _moment(row, "endTime"), _moment(row, "completionStartTime")
    failed = _text(row, "status") == "failure"
    cost = _nano(row.get("spend"))
    known = PROVIDERS.get(_text(row, "custom_llm_provider"))
    provider = known.slug if known is not None else _text(row, "custom_llm_provider") or "litellm"
    digest = blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
    finished = ended if ended is not None and ended >= started else None
    return GenerationRecord(
        id=f"gen-{started // 1000:010d}-{digest}",
        created_at=started,
        key_hash=_key_hash(_text(row, "api_key")),
        model=_text(row, "model") or _text(row, "model_group"),
        requested_model=_text(row, "model_group") or _text(row, "model"),
        dialect="litellm",
        api_type=_API_TYPES.get(_text(row, "call_type").removeprefix("a"), "completions"),
        provider=provider,
        provider_name=provider,
        endpoint_id=provider,
        upstream_id=identity,
        strategy="imported",
        usage=Usage(_count(row, "prompt_tokens"), _count(row, "completion_tokens")),
        cost=Cost(cost, cost or 0, 0, None),
        finish_reasons=("error",) if failed else (),
        status=500 if failed else 200,
        error_type="imported" if failed else None,
        latency=first - started if first is not None and first >= started else None,
        generation_time=finished - started if finished is not None else None,
        user=_text(row, "end_user") or None,
        session_id=_text(row, "session_id") or None,
        creator_user_id=_text(row, "user") or None,
    )


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)


def _count(row: Row, name: str) -> int:
    text = _text(row, name)
    return int(float(text)) if re.fullmatch(r"[0-9]{1,15}(\.0+)?", text) else 0


def _nano(value: object) -> int | None:
    """USD as nano-dollars; None where nothing is said."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        amount = nano_of(Decimal(str(value)))
    except (InvalidOperation, ValueError):
        return None
    return amount if 0 <= amount <= _MOST_NANO else None


def _key_hash(text: str) -> str:
    """The hash of the key that asked; a raw key, should there be one, is in no column here."""
    return hash_key(text) if text.startswith("sk-") else text


def _moment(row: Row, name: str) -> int | None:
    """Unix milliseconds of an ISO time; without an offset it is UTC, as LiteLLM writes it."""
    text = _text(row, name)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _is_said(value: object) -> bool:
    return value not in (None, "", "{}", "[]", [], {})
