from pathlib import Path

import pytest

from catalog.small_tree import write_small_tree
from waystation.catalog.index import Catalog, LatestFamily
from waystation.catalog.model import Model
from waystation.catalog.packed import catalog_of
from waystation.catalog.tree import pack_tree


@pytest.fixture
def small(tmp_path: Path) -> Catalog:
    return catalog_of(pack_tree(write_small_tree(tmp_path)))


@pytest.mark.parametrize(
    ("slug", "strategy"),
    [
        ("acme/m1", "direct"),
        ("Acme/M1", "direct"),
        (" acme/m1 ", "direct"),
        ("acme/m1-20260101", "direct"),
        ("acme/old-m1", "alias"),
        ("ACME/Old-M1", "alias"),
        ("acme-ai/m1", "alias"),
        ("acme-ai/old-m1", "alias"),
    ],
)
def test_a_model_is_found_by_every_name_it_has(small: Catalog, slug: str, strategy: str) -> None:
    found = small.resolve(slug)
    assert found is not None
    assert (found.model.id, found.strategy) == ("acme/m1", strategy)


@pytest.mark.parametrize("slug", ["acme/m99", "m1", "", "/", "acme/", "acme/m1:free", "acme/old-m1:nitro"])
def test_what_is_no_name_of_a_model_is_not_found(small: Catalog, slug: str) -> None:
    assert small.resolve(slug) is None


def test_an_author_that_is_its_own_alias_ends_the_search() -> None:
    assert Catalog(author_aliases={"acme": "acme"}).resolve("acme/nothing") is None


def test_an_alias_leads_to_the_variant_of_its_model() -> None:
    models = [Model("acme/m1", "acme/m1", "M1", "acme"), Model("acme/m1:free", "acme/m1:free", "M1", "acme")]
    found = Catalog(models, aliases={"acme/old": "acme/m1"}).resolve("acme/old:free")
    assert found is not None
    assert found.model.id == "acme/m1:free"


def test_a_bare_name_means_a_model_only_where_one_author_has_it() -> None:
    models = [
        Model(f"{author}/{name}", name, name, author) for author, name in (("a", "x"), ("b", "x"), ("b", "y"))
    ]
    catalog = Catalog(models, aliases={"b/old-y": "b/y"})
    assert catalog.bare_name("x") is None
    assert catalog.bare_name("Y") == "b/y"
    assert catalog.bare_name("old-y") == "b/y"


def test_close_matches_name_what_was_meant(small: Catalog) -> None:
    assert "acme/m1" in small.close_matches("acme/m1-")
    assert small.close_matches("acmee/m12")[0] == "acme/m12"
    assert len(small.close_matches("acme/m", n=2)) <= 2
    assert small.close_matches("zzzzzz/qqqqqq") == ()


def test_an_endpoint_is_found_by_the_name_its_provider_uses(small: Catalog) -> None:
    endpoint = small.by_native("beta", "acme/M3")
    assert endpoint is not None
    assert endpoint.model_id == "acme/m3"
    assert small.by_native("beta", "m3") is None


def family(*names: tuple[str, int | None]) -> Catalog:
    models = [Model(f"acme/{name}", name, name, "acme", created) for name, created in names]
    return Catalog(models, latest=[LatestFamily("~acme/pro-latest", "acme", ("gem", "pro"))])


def test_latest_is_the_newest_by_date_not_by_number() -> None:
    catalog = family(
        ("gem-4.20-pro", 100), ("gem-4.6-pro", 200), ("gem-5-pro-fast", 300), ("gem-6-flash", 400)
    )
    found = catalog.latest("~acme/pro-latest")
    assert found is not None
    assert found.id == "acme/gem-4.6-pro"


def test_latest_takes_a_higher_version_whose_date_nobody_knows() -> None:
    found = family(("gem-4-pro", 100), ("gem-5-pro", None)).latest("acme/pro-latest")
    assert found is not None
    assert found.id == "acme/gem-5-pro"


def test_latest_passes_over_what_cannot_be_served() -> None:
    catalog = family(("gem-4-pro", 100), ("gem-5-pro", 200))
    found = catalog.latest("~acme/pro-latest", lambda model: model.id != "acme/gem-5-pro")
    assert found is not None
    assert found.id == "acme/gem-4-pro"
    assert catalog.latest("~acme/pro-latest", lambda _: False) is None
    assert catalog.latest("~acme/other-latest") is None


def test_a_model_that_is_gone_names_its_successor(small: Catalog) -> None:
    assert small.successor("Acme/M0") == "acme/m1"
    assert small.successor("acme/m1") is None
