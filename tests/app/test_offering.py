"""What a gateway with these settings offers; the servers that are asked for their models are real ones on loopback."""

import logging
from pathlib import Path

import pytest

from waystation.app.offering import catalog_and_providers, name_of, offers_of
from waystation.catalog.index import Catalog
from waystation.providers.registry import Registry
from waystation.settings import ModelSettings, ProviderSettings, Settings, StorageSettings
from waystation.upstream.client import Client
from web_pages import Page, Web

SPOKEN = frozenset({"openai_chat"})
LIST = Page(b'{"data": [{"id": "m1"}]}', "application/json")


async def offered(folder: Path, **rows: ProviderSettings) -> tuple[Settings, Catalog, Registry]:
    settings = Settings(storage=StorageSettings(data_dir=str(folder)), providers=rows)
    client = Client()
    try:
        catalog, registry = await catalog_and_providers(settings, client)
    finally:
        await client.aclose()
    await registry.aclose()
    return settings, catalog, registry


async def test_models_that_a_server_lists_and_that_are_configured_are_both_on_offer(tmp_path: Path) -> None:
    with Web() as web:
        web.pages["/v1/models"] = LIST
        own = ProviderSettings(base_url=f"{web.url}/v1", discover=True, models=(ModelSettings(id="acme/m2"),))
        _, catalog, _ = await offered(tmp_path, mine=own)

    assert catalog.get("mine/m1") is not None
    assert catalog.get("acme/m2") is not None


async def test_a_server_is_asked_for_its_models_only_where_its_row_says_so(tmp_path: Path) -> None:
    with Web() as web:
        await offered(tmp_path, mine=ProviderSettings(base_url=f"{web.url}/v1"))

    assert web.asked == []


async def test_a_provider_that_lists_its_models_is_asked_unless_they_are_configured(tmp_path: Path) -> None:
    with Web() as web:
        await offered(tmp_path, ollama=ProviderSettings(base_url=web.url))
        asked = len(web.asked)
        known = ProviderSettings(base_url=web.url, models=(ModelSettings(id="acme/m1"),))
        await offered(tmp_path, ollama=known)

    assert asked == len(web.asked) == 1


async def test_a_list_that_cannot_be_read_is_logged_and_costs_only_its_models(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Web() as web, caplog.at_level(logging.WARNING):
        own = ProviderSettings(base_url=f"{web.url}/v1", discover=True, models=(ModelSettings(id="acme/m2"),))
        _, catalog, _ = await offered(tmp_path, mine=own)

    assert catalog.get("acme/m2") is not None
    assert [record.getMessage() for record in caplog.records] == ["could not read a provider's models"]


async def test_only_endpoints_of_configured_providers_whose_dialect_is_spoken_can_be_called(
    tmp_path: Path,
) -> None:
    own = ProviderSettings(base_url="http://127.0.0.1:9/v1", models=(ModelSettings(id="acme/m1"),))
    odd = ProviderSettings(
        base_url="http://127.0.0.1:9/v1", dialect="martian", models=(ModelSettings(id="acme/m2"),)
    )
    settings, catalog, registry = await offered(tmp_path, mine=own, odd=odd)
    offers = offers_of(settings, catalog, registry, SPOKEN)

    mine, theirs = catalog.get("acme/m1"), catalog.get("acme/m2")
    assert mine is not None
    assert theirs is not None
    assert [offers.is_callable(endpoint) for endpoint in (*mine.endpoints, *theirs.endpoints)] == [
        True,
        False,
    ]


async def test_a_provider_is_named_by_itself_else_by_the_catalogue_else_by_its_slug(tmp_path: Path) -> None:
    _, catalog, registry = await offered(tmp_path)
    unknown = next(slug for slug in catalog.providers if registry.get(slug) is None)

    assert name_of("openai", registry, catalog) == "OpenAI"
    assert name_of(unknown, registry, catalog) == catalog.providers[unknown].name
    assert name_of("nobody", registry, catalog) == "nobody"
