from decimal import Decimal
from pathlib import Path

import pytest

from catalog.small_tree import write_small_tree
from waystation.catalog.index import Catalog
from waystation.catalog.layers import ConfiguredModel, Layer, Row, configured_layer, layer_of, overlay
from waystation.catalog.model import Model
from waystation.catalog.packed import CatalogError, catalog_of
from waystation.catalog.tree import pack_tree


@pytest.fixture
def small(tmp_path: Path) -> Catalog:
    return catalog_of(pack_tree(write_small_tree(tmp_path)))


def laid(catalog: Catalog, *rows: Row) -> Catalog:
    return overlay(catalog, [Layer("test", rows)])


def model_of(catalog: Catalog, model_id: str) -> Model:
    model = catalog.get(model_id)
    assert model is not None
    return model


def test_a_field_is_replaced_and_the_others_stay(small: Catalog) -> None:
    changed = model_of(laid(small, {"id": "acme/m1", "context_length": 99}), "acme/m1")
    assert changed.context_length == 99
    assert changed.endpoints == model_of(small, "acme/m1").endpoints
    assert changed.created == model_of(small, "acme/m1").created


@pytest.mark.parametrize("row", [{"created": None}, {"unset": ["created"]}])
def test_null_or_unset_removes_a_field(small: Catalog, row: Row) -> None:
    assert model_of(laid(small, {"id": "acme/m1", **row}), "acme/m1").created is None


def test_prices_are_merged_rate_by_rate(small: Catalog) -> None:
    row: Row = {"id": "acme/m1", "endpoints": [{"tag": "alpha", "pricing": {"prompt": "0.000009"}}]}
    alpha, beta = model_of(laid(small, row), "acme/m1").endpoints
    assert (alpha.pricing.prompt, alpha.pricing.completion) == (Decimal("0.000009"), Decimal("0.000004"))
    assert beta.pricing.prompt == Decimal("0.0000005")


def test_a_float_in_a_file_becomes_the_decimal_that_was_written(small: Catalog) -> None:
    row: Row = {"id": "acme/m1", "endpoints": [{"tag": "alpha", "pricing": {"prompt": 0.0000003}}]}
    assert model_of(laid(small, row), "acme/m1").endpoints[0].pricing.prompt == Decimal("0.0000003")


def test_a_row_may_be_hidden_whole_or_by_endpoint(small: Catalog) -> None:
    rows: list[Row] = [
        {"id": "acme/m1", "enabled": False},
        {"id": "acme/m2", "endpoints": [{"tag": "alpha", "enabled": False}]},
    ]
    catalog = laid(small, *rows)
    assert catalog.get("acme/m1") is None
    assert [endpoint.tag for endpoint in model_of(catalog, "acme/m2").endpoints] == ["beta"]


def test_a_private_model_takes_one_block(small: Catalog) -> None:
    row: Row = {
        "id": "my/own",
        "provider": "mine",
        "native_id": "own-1",
        "context_length": 4096,
        "prompt": "0",
    }
    model = model_of(laid(small, row), "my/own")
    (endpoint,) = model.endpoints
    assert (model.context_length, model.author, model.output_modalities) == (4096, "my", ("text",))
    assert (endpoint.provider, endpoint.native_id, endpoint.context_length) == ("mine", "own-1", 4096)
    assert (endpoint.pricing.prompt, endpoint.pricing.completion) == (Decimal(0), None)
    assert "tools" in endpoint.supported_parameters


def test_an_own_server_joins_the_endpoints_of_a_known_model(small: Catalog) -> None:
    layer = configured_layer(
        [ConfiguredModel("mine", "acme/m1", "m1-local", prompt=Decimal(0), completion=Decimal(0))]
    )
    model = model_of(overlay(small, [layer]), "acme/m1")
    assert [endpoint.tag for endpoint in model.endpoints] == ["alpha", "beta", "mine"]
    assert model.context_length == 8192
    assert model.endpoints[-1].context_length == 8192


def test_a_model_can_do_what_a_new_endpoint_of_it_can(small: Catalog) -> None:
    row: Row = {
        "id": "acme/m1",
        "endpoints": [
            {"provider": "mine", "supported_parameters": ["seed"], "input_modalities": ["text", "image"]}
        ],
    }
    model = model_of(laid(small, row), "acme/m1")
    assert "seed" in model.supported_parameters
    assert model.input_modalities == ("text", "image")


def test_an_embedding_model_of_ones_own_is_no_chat_model(small: Catalog) -> None:
    row: Row = {
        "id": "my/e",
        "provider": "mine",
        "operation": "embeddings",
        "output_modalities": ["embeddings"],
    }
    model = model_of(laid(small, row), "my/e")
    assert model.output_modalities == ("embeddings",)
    assert model.endpoints[0].operation == "embeddings"


def test_later_layers_win(small: Catalog) -> None:
    layers = [Layer(name, ({"id": "acme/m1", "name": name},)) for name in ("first", "second")]
    assert model_of(overlay(small, layers), "acme/m1").name == "second"


def test_aliases_and_providers_may_be_added_and_aliases_removed(small: Catalog) -> None:
    layer = Layer(
        "test", (), ({"slug": "alpha", "trains": False},), {"acme/other": "acme/m2", "acme/old-m1": None}
    )
    catalog = overlay(small, [layer])
    assert catalog.providers["alpha"].trains is False
    assert catalog.providers["alpha"].name == "Alpha"
    found = catalog.resolve("acme/other")
    assert found is not None
    assert found.model.id == "acme/m2"
    assert catalog.resolve("acme/old-m1") is None


@pytest.mark.parametrize(
    "row",
    [
        {"name": "no id"},
        {"id": "acme/m1", "context": 5},
        {"id": "acme/m1", "context_length": "many"},
        {"id": "acme/m1", "endpoints": [{"native_id": "neither tag nor provider"}]},
        {"id": "acme/m1", "endpoints": "alpha"},
        {"id": "acme/m1", "endpoints": [{"tag": "alpha", "pricing": {"promt": "1"}}]},
        {"id": "acme/m1", "endpoints": [{"tag": "alpha", "pricing": {"prompt": "cheap"}}]},
    ],
)
def test_a_row_that_makes_no_sense_is_refused_naming_its_layer(small: Catalog, row: Row) -> None:
    with pytest.raises(CatalogError, match="test"):
        laid(small, row)


def test_a_table_that_nobody_knows_is_refused() -> None:
    with pytest.raises(CatalogError, match="modells"):
        layer_of({"modells": []}, "mine.toml")


def test_models_without_changes_are_the_same_objects(small: Catalog) -> None:
    assert laid(small, {"id": "acme/m1", "name": "New"}).get("acme/m2") is small.get("acme/m2")
