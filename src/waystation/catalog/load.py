"""Finds the catalogue's files and lays them over each other: packaged, refreshed, the operator's, then what is handed in.

Nothing is fetched here. A refreshed file that cannot be read is left out with a warning; an operator's file that is
wrong is an error, since silence would hide what its author meant.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from waystation.catalog.index import Catalog
from waystation.catalog.layers import Json, Layer, layer_of, overlay
from waystation.catalog.packed import CatalogError, Packed, catalog_of, decode_packed, encode_packed
from waystation.catalog.tree import newest_change, pack_tree

DATA = Path(__file__).parent / "data"
PACKED_NAME = "catalog.json.gz"
REFRESHED_NAME = "catalog-refreshed.json"
OPERATOR_FOLDER = "catalog.d"


def load(data_dir: Path | None = None, extra: Iterable[Layer] = ()) -> Catalog:
    """The catalogue with all its layers. Raises `CatalogError` naming the file that is wrong."""
    base = catalog_of(load_packaged())
    layers = [*file_layers(base.generated_at, data_dir), *extra]
    return overlay(base, layers) if layers else base


def load_packaged(data: Path = DATA) -> Packed:
    """The facts this version came with; packed from the tree of facts first where that is newer (a source checkout)."""
    packed_file = data / PACKED_NAME
    if not (data / "models").is_dir():
        return read_packed(packed_file)
    if packed_file.is_file() and packed_file.stat().st_mtime_ns >= newest_change(data):
        try:
            return read_packed(packed_file)
        except CatalogError:
            pass
    packed = pack_tree(data)
    _cache(packed, packed_file)
    return packed


def read_packed(path: Path) -> Packed:
    """A packed catalogue file; raises `CatalogError` naming it."""
    try:
        return decode_packed(path.read_bytes())
    except (OSError, CatalogError) as error:
        raise CatalogError(f"{path}: {error}") from error


def file_layers(packaged_at: str, data_dir: Path | None) -> list[Layer]:
    """The layers in the data folder: a refresh not older than the packaged facts, then `catalog.d/` by file name."""
    if data_dir is None:
        return []
    layers = []
    refreshed = data_dir / REFRESHED_NAME
    if refreshed.is_file():
        layer = read_layer(refreshed, "refreshed")
        if (layer.generated_at or "") >= packaged_at:
            layers.append(layer)
    folder = data_dir / OPERATOR_FOLDER
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return layers + [
        read_layer(file, f"catalog.d/{file.name}") for file in files if file.suffix in {".toml", ".json"}
    ]


def read_layer(path: Path, name: str) -> Layer:
    """One layer file, TOML or JSON: tables `models`, `providers` and `aliases`. Raises `CatalogError` naming it."""
    try:
        content = path.read_bytes()
        facts: Json = (
            tomllib.loads(content.decode()) if path.suffix == ".toml" else msgspec.json.decode(content)
        )
        if not isinstance(facts, dict):
            raise CatalogError("not a table")
        return layer_of(facts, name)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise CatalogError(f"{path}: {error}") from error


def _cache(packed: Packed, path: Path) -> None:
    """Keep what was packed for the next start; a read-only installation packs again each time."""
    temporary = path.with_suffix(f".{id(packed)}.tmp")
    try:
        temporary.write_bytes(encode_packed(packed))
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
