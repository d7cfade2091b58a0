"""Writes the tree: sorted keys, one endpoint a line, prices as plain decimals; the same bytes for the same facts."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec import Struct

from waystation.catalog.tree import TreeModel

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
_EXPONENT = re.compile(r'"(-?\d(?:\.\d+)?E[+-]?\d+)"')


def emit_models(models: Iterable[TreeModel], folder: Path) -> None:
    """One file per author; files of authors that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    by_author: dict[str, list[TreeModel]] = defaultdict(list)
    for model in models:
        by_author[model.id.partition("/")[0]].append(model)
    for stale in {path.stem for path in folder.glob("*.json")} - by_author.keys():
        (folder / f"{stale}.json").unlink()
    for author, rows in by_author.items():
        body = ",\n".join(_model_text(row) for row in sorted(rows, key=lambda row: row.id))
        write(folder / f"{author}.json", f"[\n{body}\n]\n")


def emit(facts: Struct | Mapping[str, object], path: Path) -> None:
    """A whole document, indented, keys sorted."""
    write(path, json.dumps(_plain(facts), indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def emit_lines(rows: Iterable[Struct], path: Path) -> None:
    """A list with one row a line."""
    write(path, "[\n" + ",\n".join(_line(_plain(row)) for row in rows) + "\n]\n")


def write(path: Path, text: str) -> None:
    """A file put in place whole, and left alone where nothing changed."""
    content = text.encode()
    if path.is_file() and path.read_bytes() == content:
        return
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def _model_text(model: TreeModel) -> str:
    facts = _plain(model)
    if not isinstance(facts, dict):
        raise TypeError(model)
    lists = {
        key: value
        for key in ("endpoints", "tier_endpoints")
        if isinstance(value := facts.pop(key, None), list)
    }
    head = _line(facts)[1:-1]
    parts = [
        f' "{key}": [\n  ' + ",\n  ".join(_line(row) for row in rows) + "\n ]" for key, rows in lists.items()
    ]
    return "{" + ",\n".join([head, *parts]) + "}"


def _line(facts: Json) -> str:
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def _plain(facts: Struct | Mapping[str, object]) -> Json:
    text = msgspec.json.encode(facts).decode()
    decoded: Json = msgspec.json.decode(
        _EXPONENT.sub(lambda found: f'"{format(Decimal(found[1]), "f")}"', text)
    )
    return decoded
