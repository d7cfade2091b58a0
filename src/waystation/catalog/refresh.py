"""Renews the catalogue from configured sources, behind gates. Fetches only through the callable handed in, never at start."""

from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from waystation.catalog.index import Catalog
from waystation.catalog.layers import Layer, Row, overlay
from waystation.catalog.load import DATA, REFRESHED_NAME, load_packaged, read_layer
from waystation.catalog.packed import CatalogError, catalog_of
from waystation.catalog.refresh_compare import Comparison, Known, PriceChange, compare, known_of, rows_of
from waystation.catalog.refresh_read import Fetch, Reading, RefreshSource, Seen, obtain, read_source
from waystation.catalog.versions import append_history, kept_versions, replace_file, write_version

STALE_AFTER_DAYS = 45
STATE_NAME = "catalog-refresh.json"


class SourceOutcome(Struct, frozen=True):
    """How one source fared: `changed`, `unchanged`, or `refused` with the reason."""

    name: str
    outcome: str
    reason: str | None = None
    rows: int = 0


class RefreshReport(Struct, frozen=True):
    """What a refresh did, or would do. Entries of `added` and `hidden` are `model-id tag`."""

    sources: tuple[SourceOutcome, ...]
    changes: tuple[PriceChange, ...] = ()
    quarantined: tuple[PriceChange, ...] = ()
    zeroed: tuple[PriceChange, ...] = ()
    added: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    unknown_authors: tuple[str, ...] = ()
    written: bool = False


class RefreshStatus(Struct, frozen=True):
    """How old the catalogue is. `stale` after `STALE_AFTER_DAYS`; `versions` can be rolled back to, newest first."""

    generated_at: str
    age_days: int
    stale: bool
    sources: dict[str, str]
    versions: tuple[str, ...]


async def refresh(
    sources: list[RefreshSource],
    fetch: Fetch,
    state_dir: Path,
    *,
    today: str,
    check: bool = False,
    dry_run: bool = False,
    packaged: Path = DATA,
) -> RefreshReport:
    """Renew from every enabled source, earlier ones winning. `today` is `YYYY-MM-DD`.

    `check` only asks whether a source has anything new; `dry_run` compares and writes nothing. A source that is broken
    or fails a gate is refused whole and the others go on.
    """
    desk = _desk(state_dir, packaged, today)
    state = _state(state_dir)
    outcomes: list[SourceOutcome] = []
    compared: list[tuple[RefreshSource, Comparison]] = []
    for source in (source for source in sources if source.enabled):
        seen = state.get(source.name, Seen())
        try:
            content, renewed = await obtain(source, fetch, seen)
            if content is None or check:
                outcomes.append(SourceOutcome(source.name, "unchanged" if content is None else "changed"))
                continue
            reading = await _read(desk, source, content, fetch)
        except CatalogError as error:
            outcomes.append(SourceOutcome(source.name, "refused", str(error)))
            continue
        before = seen if seen.rows else msgspec.structs.replace(seen, rows=desk.rows.get(source.kind, 0))
        found = compare(desk.known, reading, before)
        compared.append((source, found))
        outcomes.append(
            SourceOutcome(source.name, "refused" if found.refused else "changed", found.refused, reading.rows)
        )
        endpoints = tuple(sorted(set(found.endpoints)))
        if found.refused is None:
            state[source.name] = msgspec.structs.replace(renewed, rows=reading.rows, endpoints=endpoints)
    passed = [(source, found) for source, found in compared if found.refused is None]
    written = bool(passed) and not dry_run
    if written:
        _write(state_dir, passed, state, today)
    return _report(outcomes, compared, passed, written=written)


def refresh_status(state_dir: Path, *, today: str, catalog: Catalog) -> RefreshStatus:
    """The age of the catalogue in use, and the versions a rollback can reach."""
    age = (date.fromisoformat(today) - date.fromisoformat(catalog.generated_at)).days
    versions = tuple(read_layer(path, path.name).generated_at or "" for path in kept_versions(state_dir))
    return RefreshStatus(catalog.generated_at, age, age > STALE_AFTER_DAYS, catalog.sources, versions)


class _Desk(Struct, frozen=True):
    """What stays the same through one refresh."""

    state_dir: Path
    known: Known
    sections: dict[str, dict[str, str]]
    rows: dict[str, int]


def _desk(state_dir: Path, packaged: Path, today: str) -> _Desk:
    known = known_of(_current(state_dir, packaged), _keys(packaged), today)
    sections = msgspec.json.decode((packaged / "sections.json").read_bytes(), type=dict[str, dict[str, str]])
    return _Desk(state_dir, known, sections, _packaged_rows(packaged))


async def _read(desk: _Desk, source: RefreshSource, content: bytes, fetch: Fetch) -> Reading:
    """Read a source's bytes from a file that does not outlive the reading."""
    desk.state_dir.mkdir(parents=True, exist_ok=True)
    incoming = desk.state_dir / f"catalog-{source.name}.incoming"
    replace_file(incoming, content)
    try:
        return await read_source(source, incoming, desk.sections, fetch, desk.known.today)
    finally:
        incoming.unlink(missing_ok=True)


def _write(
    state_dir: Path, passed: list[tuple[RefreshSource, Comparison]], state: dict[str, Seen], today: str
) -> None:
    """The layer before with today's rows merged over it, and the state and price history beside it."""
    rows: dict[str, dict[str, Row]] = {}
    heads: dict[str, Row] = {}
    earlier = _refreshed(state_dir)
    for layer_rows in (earlier.models if earlier else (), *(rows_of(found) for _, found in reversed(passed))):
        for row in layer_rows:
            model_id = str(row["id"])
            heads[model_id] = heads.get(model_id, {}) | {
                key: value for key, value in row.items() if key != "endpoints"
            }
            endpoints = row.get("endpoints")
            for endpoint in endpoints if isinstance(endpoints, list) else ():
                if isinstance(endpoint, dict):
                    merged = rows.setdefault(model_id, {}).setdefault(str(endpoint["tag"]), {})
                    merged.update(_merged(merged, endpoint))
    final: list[Row] = [
        {**heads[model_id], "endpoints": [*rows.get(model_id, {}).values()]} for model_id in sorted(heads)
    ]
    write_version(state_dir, final, today)
    for source, found in passed:
        append_history(state_dir, found.changes, source.name, today)
    replace_file(state_dir / STATE_NAME, msgspec.json.encode(state, order="sorted"))


def _merged(earlier: Row, later: Row) -> Row:
    before, after = earlier.get("pricing"), later.get("pricing")
    pricing = {"pricing": {**before, **after}} if isinstance(before, dict) and isinstance(after, dict) else {}
    return {**later, **pricing}


def _report(
    outcomes: list[SourceOutcome],
    compared: list[tuple[RefreshSource, Comparison]],
    passed: list[tuple[RefreshSource, Comparison]],
    *,
    written: bool,
) -> RefreshReport:
    return RefreshReport(
        sources=tuple(outcomes),
        changes=tuple(change for _, found in passed for change in found.changes),
        quarantined=tuple(change for _, found in compared for change in found.quarantined),
        zeroed=tuple(change for _, found in compared for change in found.zeroed),
        added=tuple(name for _, found in passed for name in found.added),
        hidden=tuple(name for _, found in passed for name in found.hidden),
        unknown_authors=tuple(name for _, found in compared for name in found.unknown_authors),
        written=written,
    )


def _current(state_dir: Path, packaged: Path) -> Catalog:
    base = catalog_of(load_packaged(packaged))
    earlier = _refreshed(state_dir)
    return (
        overlay(base, [earlier])
        if earlier is not None and (earlier.generated_at or "") >= base.generated_at
        else base
    )


def _refreshed(state_dir: Path) -> Layer | None:
    path = state_dir / REFRESHED_NAME
    return read_layer(path, "refreshed") if path.is_file() else None


def _state(state_dir: Path) -> dict[str, Seen]:
    path = state_dir / STATE_NAME
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Seen]) if path.is_file() else {}


class _Rows(Struct):
    rows: dict[str, int] = {}


def _packaged_rows(packaged: Path) -> dict[str, int]:
    rows = msgspec.json.decode((packaged / "about.json").read_bytes(), type=_Rows).rows
    summer = rows.get("models.dev@august", 0)
    return {**rows, "modelsdev-api": summer, "modelsdev-tree": rows.get("models.dev@july", summer)}


class _LockEntry(Struct):
    keys: tuple[str, ...] = ()
    retired: str | None = None


def _keys(packaged: Path) -> dict[str, str]:
    lock = msgspec.json.decode((packaged / "slugs.lock.json").read_bytes(), type=dict[str, _LockEntry])
    return {key: slug for slug, entry in lock.items() for key in entry.keys}
