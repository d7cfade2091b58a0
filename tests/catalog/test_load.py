import os
from pathlib import Path

import msgspec
import pytest

from catalog.small_tree import MADE, write_small_tree
from waystation.catalog.index import Catalog
from waystation.catalog.layers import ConfiguredModel, configured_layer
from waystation.catalog.load import PACKED_NAME, file_layers, load, load_packaged, read_packed
from waystation.catalog.model import Model
from waystation.catalog.packed import CatalogError, decode_packed, encode_packed
from waystation.catalog.tree import pack_tree


def gpt_4o(catalog: Catalog) -> Model:
    model = catalog.get("openai/gpt-4o")
    assert model is not None
    return model


def operators_file(data_dir: Path, name: str, text: str) -> None:
    (data_dir / "catalog.d").mkdir(exist_ok=True)
    (data_dir / "catalog.d" / name).write_text(text, encoding="utf-8")


def test_layers_are_laid_in_their_order(tmp_path: Path) -> None:
    refreshed = {"generated_at": "2999-01-01", "models": [{"id": "openai/gpt-4o", "name": "refreshed"}]}
    (tmp_path / "catalog-refreshed.json").write_bytes(msgspec.json.encode(refreshed))
    catalog = load(tmp_path)
    assert gpt_4o(catalog).name == "refreshed"
    assert catalog.generated_at == "2999-01-01"
    operators_file(tmp_path, "10-mine.toml", '[[models]]\nid = "openai/gpt-4o"\nname = "operator"\n')
    operators_file(
        tmp_path, "20-mine.json", '{"models": [{"id": "openai/gpt-4o", "name": "operator, later"}]}'
    )
    operators_file(tmp_path, "README.md", "not a layer")
    assert gpt_4o(load(tmp_path)).name == "operator, later"
    own = configured_layer([ConfiguredModel("mine", "openai/gpt-4o", "x")])
    assert gpt_4o(load(tmp_path, [own])).endpoints[-1].tag == "mine"


def test_a_refresh_older_than_the_packaged_facts_is_left_out(tmp_path: Path) -> None:
    refreshed = {"generated_at": "2020-01-01", "models": [{"id": "openai/gpt-4o", "name": "old"}]}
    (tmp_path / "catalog-refreshed.json").write_bytes(msgspec.json.encode(refreshed))
    assert file_layers("2026-11-22", tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", "models = ["),
        ("b.json", "{"),
        ("c.json", "[]"),
        ("d.toml", "[mistake]"),
        ("e.toml", "models = 5"),
    ],
)
def test_an_operators_broken_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    operators_file(tmp_path, name, text)
    with pytest.raises(CatalogError, match=name):
        load(tmp_path)


def test_a_fresh_data_folder_needs_nothing(tmp_path: Path) -> None:
    assert len(load(tmp_path).models) == len(load().models)
    assert len(load(tmp_path / "missing").models) == len(load().models)


def test_a_source_checkout_packs_itself_and_keeps_the_result(tmp_path: Path) -> None:
    write_small_tree(tmp_path)
    first = load_packaged(tmp_path)
    assert read_packed(tmp_path / PACKED_NAME) == first
    assert first.generated_at == MADE


def test_a_changed_tree_is_packed_again(tmp_path: Path) -> None:
    write_small_tree(tmp_path)
    load_packaged(tmp_path)
    facts = tmp_path / "models" / "acme.json"
    facts.write_text(
        facts.read_text(encoding="utf-8").replace('Acme: M1"', 'Acme: Renamed"'), encoding="utf-8"
    )
    later = (tmp_path / PACKED_NAME).stat().st_mtime_ns + 1_000_000_000
    os.utime(facts, ns=(later, later))
    assert "Acme: Renamed" in {model.name for model in load_packaged(tmp_path).models}


def test_a_damaged_packed_file_in_a_checkout_is_made_anew(tmp_path: Path) -> None:
    write_small_tree(tmp_path)
    load_packaged(tmp_path)
    (tmp_path / PACKED_NAME).write_bytes(b"\x1f\x8bnonsense")
    assert len(load_packaged(tmp_path).models) == 12


def test_an_installation_without_the_tree_reads_the_packed_file(tmp_path: Path) -> None:
    packed = pack_tree(write_small_tree(tmp_path / "tree"))
    (tmp_path / PACKED_NAME).write_bytes(encode_packed(packed))
    assert load_packaged(tmp_path) == packed


@pytest.mark.parametrize("content", [b"", b"{}", b"\x1f\x8b", b"\x1f\x8b\x08\x00junk", b"[1]", b"\xff\xfe"])
def test_what_is_no_catalogue_is_refused(content: bytes) -> None:
    with pytest.raises(CatalogError):
        decode_packed(content)


def test_another_format_is_refused_by_number(tmp_path: Path) -> None:
    packed = msgspec.structs.replace(pack_tree(write_small_tree(tmp_path)), format=99)
    with pytest.raises(CatalogError, match="99"):
        decode_packed(encode_packed(packed))


def test_a_wrong_fact_in_the_tree_is_named_by_its_file(tmp_path: Path) -> None:
    write_small_tree(tmp_path)
    (tmp_path / "models" / "acme.json").write_text('[{"id": "acme/m1", "naem": "typo"}]', encoding="utf-8")
    with pytest.raises(CatalogError, match=r"acme\.json"):
        load_packaged(tmp_path)
