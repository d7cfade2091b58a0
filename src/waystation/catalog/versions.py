"""The refreshed layer on disk: written whole, the last versions kept, one step back at a time; and the history of prices."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from waystation.catalog.layers import Row
from waystation.catalog.load import REFRESHED_NAME
from waystation.catalog.refresh_compare import PriceChange

KEPT = 3
HISTORY_NAME = "catalog-prices.jsonl"


def write_version(state_dir: Path, rows: list[Row], generated_at: str) -> None:
    """Put a new refreshed layer in place, the one before becoming version 1."""
    state_dir.mkdir(parents=True, exist_ok=True)
    current = state_dir / REFRESHED_NAME
    for number in range(KEPT, 0, -1):
        older = _version(state_dir, number - 1)
        if older.is_file():
            _version(state_dir, number).write_bytes(older.read_bytes())
    content = msgspec.json.encode({"generated_at": generated_at, "models": rows}, order="sorted")
    replace_file(current, msgspec.json.format(content, indent=1))


def rollback(state_dir: Path) -> str:
    """Go back to the refresh before this one, or to the packaged facts; says which, raises `FileNotFoundError`."""
    current = state_dir / REFRESHED_NAME
    current.stat()
    previous = _version(state_dir, 1)
    if not previous.is_file():
        current.unlink()
        return "packaged"
    previous.replace(current)
    for number in range(2, KEPT + 1):
        if _version(state_dir, number).is_file():
            _version(state_dir, number).replace(_version(state_dir, number - 1))
    return str(msgspec.json.decode(current.read_bytes())["generated_at"])


def kept_versions(state_dir: Path) -> list[Path]:
    """The refreshed layer and its earlier versions that are there, newest first."""
    return [path for number in range(KEPT + 1) if (path := _version(state_dir, number)).is_file()]


def append_history(state_dir: Path, changes: Iterable[PriceChange], source: str, since: str) -> None:
    """Note what rates were until today, so that an old bill can be computed again."""
    lines = [
        msgspec.json.encode(
            {
                "since": since,
                "source": source,
                "model": change.model_id,
                "tag": change.tag,
                "rate": change.rate,
                "before": format(change.before, "f") if change.before is not None else None,
                "after": format(change.after, "f"),
            }
        )
        for change in changes
    ]
    if lines:
        with (state_dir / HISTORY_NAME).open("ab") as file:
            file.write(b"\n".join(lines) + b"\n")


def replace_file(path: Path, content: bytes) -> None:
    """A file that readers see whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def _version(state_dir: Path, number: int) -> Path:
    name = REFRESHED_NAME if number == 0 else REFRESHED_NAME.replace(".json", f".{number}.json")
    return state_dir / name
