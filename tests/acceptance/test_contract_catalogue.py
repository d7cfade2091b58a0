"""Contract sections 7 and 21: what the catalogue's routes list, filter, sort and page."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from contract_setting import Contract
from gateway_client import call, get

OF_A_MODEL = [
    "id",
    "canonical_slug",
    "name",
    "created",
    "description",
    "context_length",
    "architecture",
    "pricing",
    "top_provider",
    "per_request_limits",
    "supported_parameters",
    "default_parameters",
    "supported_voices",
    "links",
]
OF_AN_ENDPOINT = [
    "name",
    "model_id",
    "model_name",
    "provider_name",
    "tag",
    "context_length",
    "max_completion_tokens",
    "max_prompt_tokens",
    "quantization",
    "pricing",
    "supported_parameters",
    "supports_implicit_caching",
    "latency_last_30m",
    "throughput_last_30m",
    "uptime_last_5m",
    "uptime_last_30m",
    "uptime_last_1d",
    "status",
]

UNKNOWN = "-1"
"""How the published API writes a price that is not fixed."""


def rows(contract: Contract, query: str = "") -> list[dict[str, Any]]:
    answer = get(contract.gateway, f"/models{query}")
    assert answer.status == 200, answer.text
    return list(answer.json["data"])


def ids(contract: Contract, query: str = "") -> list[str]:
    return [row["id"] for row in rows(contract, query)]


def test_the_list_has_its_three_keys(contract: Contract) -> None:
    body = get(contract.gateway, "/models").json
    assert set(body) >= {"data", "total_count", "links"}
    assert body["total_count"] == len(body["data"])
    assert body["links"]["next"] is None


def test_rows_carry_every_key_that_clients_need(contract: Contract) -> None:
    for row in rows(contract, "?availability=all&output_modalities=all"):
        assert set(OF_A_MODEL) <= row.keys(), row["id"]
        architecture = row["architecture"]
        assert set(architecture) >= {
            "modality",
            "input_modalities",
            "output_modalities",
            "tokenizer",
            "instruct_type",
        }
        assert isinstance(row["created"], int)
        assert row["links"]["details"] == f"/api/v1/models/{row['id']}/endpoints"
        assert isinstance(row["top_provider"]["is_moderated"], bool)
        assert isinstance(row["supported_parameters"], list)
        assert {"prompt", "completion"} <= row["pricing"].keys()
        for rate, price in row["pricing"].items():
            if rate != "overrides":
                assert isinstance(price, str)
                assert Decimal(price) >= 0 or price == UNKNOWN
                assert "e" not in price.lower()


def test_by_default_only_what_can_be_served_is_listed(contract: Contract) -> None:
    listed = ids(contract)
    assert {"acme/m1", "acme/dual", "openai/gpt-4o-mini"} <= set(listed)
    assert not [name for name in listed if name.startswith("anthropic/")]
    assert len(listed) == len(set(listed))
    everything = ids(contract, "?availability=all")
    assert set(listed) < set(everything)
    assert "anthropic/claude-sonnet-4" in everything
    assert len(everything) >= 400


def test_every_endpoint_says_whether_it_is_configured(contract: Contract) -> None:
    endpoints = get(contract.gateway, "/models/anthropic/claude-sonnet-4/endpoints").json["data"]["endpoints"]
    assert endpoints
    assert {endpoint["configured"] for endpoint in endpoints} == {False}
    own = get(contract.gateway, "/models/acme/dual/endpoints").json["data"]["endpoints"]
    assert [endpoint["configured"] for endpoint in own] == [True, True]
    mini = get(contract.gateway, "/models/openai/gpt-4o-mini/endpoints").json["data"]["endpoints"]
    assert {e["tag"].split("/")[0]: e["configured"] for e in mini}["openai"] is True


def test_endpoints_carry_every_key(contract: Contract) -> None:
    for name in ("acme/dual", "openai/gpt-4o-mini", "deepseek/deepseek-chat"):
        body = get(contract.gateway, f"/models/{name}/endpoints").json["data"]
        assert {"id", "name", "created", "description", "architecture", "endpoints"} <= body.keys()
        assert body["id"] == name
        assert len(body["architecture"]) >= 5
        for endpoint in body["endpoints"]:
            assert set(OF_AN_ENDPOINT) <= endpoint.keys()
            assert isinstance(endpoint["context_length"], int)
            assert endpoint["status"] == 0
            assert isinstance(endpoint["pricing"]["prompt"], str)


@pytest.mark.parametrize("query", ["", "?output_modalities=all", "?output_modalities=embeddings"])
def test_the_count_is_the_length_of_the_list(contract: Contract, query: str) -> None:
    count = get(contract.gateway, f"/models/count{query}").json["data"]["count"]
    assert count == len(rows(contract, query)) > 0


def test_text_is_the_default_output(contract: Contract) -> None:
    assert all("text" in row["architecture"]["output_modalities"] for row in rows(contract))
    everything = set(ids(contract, "?output_modalities=all&availability=all"))
    assert everything > set(ids(contract, "?availability=all"))
    embeddings = rows(contract, "?output_modalities=embeddings")
    assert embeddings
    assert all("embeddings" in row["architecture"]["output_modalities"] for row in embeddings)
    listed = get(contract.gateway, "/embeddings/models").json["data"]
    assert [row["id"] for row in listed] == [row["id"] for row in embeddings]


def price(row: dict[str, Any], name: str = "prompt") -> Decimal | None:
    """USD per million tokens; None where it is unknown."""
    written = row["pricing"][name]
    return None if written == UNKNOWN else Decimal(written) * 1_000_000


def mean(row: dict[str, Any]) -> Decimal | None:
    prompt, completion = price(row), price(row, "completion")
    return None if prompt is None or completion is None else prompt + completion


def test_filters_leave_exactly_what_fits(contract: Contract) -> None:
    every = rows(contract, "?availability=all")
    base = "?availability=all&"

    def fits(query: str, rule: Any) -> None:
        found = ids(contract, base + query)
        expected = [row["id"] for row in every if rule(row)]
        assert sorted(found) == sorted(expected), query
        assert 0 < len(found) < len(every), query

    fits("context=200000", lambda row: (row["context_length"] or 0) >= 200_000)
    fits("supported_parameters=tools", lambda row: "tools" in row["supported_parameters"])
    fits(
        "supported_parameters=tools,temperature",
        lambda row: {"tools", "temperature"} <= set(row["supported_parameters"]),
    )
    fits("input_modalities=image", lambda row: "image" in row["architecture"]["input_modalities"])
    fits("max_price=0.5", lambda row: (p := price(row)) is not None and p <= Decimal("0.5"))
    fits("min_price=5", lambda row: (p := price(row)) is not None and p >= 5)
    fits("max_output_price=1", lambda row: (p := price(row, "completion")) is not None and p <= 1)
    fits("model_authors=openai,anthropic", lambda row: row["id"].split("/")[0] in {"openai", "anthropic"})


def test_the_search_finds_names_and_slugs(contract: Contract) -> None:
    found = ids(contract, "?availability=all&q=sonnet")
    assert "anthropic/claude-sonnet-4" in found
    assert all("sonnet" in name for name in found)
    assert ids(contract, "?q=no-such-thing-anywhere") == []


@pytest.mark.parametrize(
    ("sort", "key", "falling"),
    [
        ("context-high-to-low", lambda row: row["context_length"], True),
        ("newest", lambda row: row["created"] or None, True),
        ("pricing-high-to-low", mean, True),
        ("pricing-low-to-high", mean, False),
    ],
)
def test_sorting_goes_by_what_is_known_and_puts_the_rest_last(
    contract: Contract, sort: str, key: Callable[[dict[str, Any]], Any], *, falling: bool
) -> None:
    found = [key(row) for row in rows(contract, f"?availability=all&sort={sort}")]
    known = [value for value in found if value is not None]
    assert found[: len(known)] == sorted(known, reverse=falling)
    assert len(set(known)) > 10


def test_a_sort_without_figures_still_lists_everything(contract: Contract) -> None:
    assert set(ids(contract, "?sort=top-weekly")) == set(ids(contract))


@pytest.mark.parametrize(
    "query",
    [
        "sort=beauty",
        "limit=0",
        "limit=1001",
        "limit=x",
        "offset=-1",
        "context=0",
        "max_price=cheap",
        "category=art",
    ],
)
def test_a_query_that_makes_no_sense_is_400(contract: Contract, query: str) -> None:
    answer = get(contract.gateway, f"/models?{query}")
    assert answer.status == 400, answer.text
    assert query.split("=", maxsplit=1)[0] in answer.error["message"]


def test_unknown_queries_are_ignored(contract: Contract) -> None:
    assert ids(contract, "?brand_new=1") == ids(contract)


def test_pages_follow_one_another_to_the_end(contract: Contract) -> None:
    whole = ids(contract, "?availability=all&sort=newest")
    path, seen, pages = "/api/v1/models?availability=all&sort=newest&limit=100", [], 0
    while path:
        body = call(contract.gateway, "GET", path).json
        assert body["total_count"] == len(whole)
        assert len(body["data"]) <= 100
        seen += [row["id"] for row in body["data"]]
        path = body["links"]["next"]
        pages += 1
        assert pages < 20
        assert path is None or path.startswith("/")
    assert seen == whole
    assert pages == -(-len(whole) // 100)
    assert ids(contract, "?offset=100000") == []
    assert len(ids(contract, "?offset=1")) == min(500, len(ids(contract)) - 1)


def test_the_list_is_a_feed_too(contract: Contract) -> None:
    answer = get(contract.gateway, "/models?use_rss=true")
    assert answer.status == 200
    assert answer.headers["content-type"].split(";")[0] in {
        "application/rss+xml",
        "application/xml",
        "text/xml",
    }
    feed = ET.fromstring(answer.text)  # noqa: S314 - written by the gateway under test
    assert feed.tag == "rss"
    items = feed.findall("channel/item")
    assert len(items) == len(ids(contract))
    assert all(item.findtext("title") and item.findtext("guid") for item in items)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("anthropic/claude-4-sonnet", "anthropic/claude-sonnet-4"),
        ("anthropic/claude-sonnet-4", "anthropic/claude-sonnet-4"),
        ("openai/gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"),
        ("acme/m1", "acme/m1"),
    ],
)
def test_a_model_is_found_under_each_of_its_names(contract: Contract, name: str, canonical: str) -> None:
    found = get(contract.gateway, f"/model/{name}").json["data"]
    assert found["id"] in {canonical, name}
    assert found["links"]["details"].endswith("/endpoints")
    assert get(contract.gateway, f"/models/{name}/endpoints").json["data"]["endpoints"]


@pytest.mark.parametrize(
    "path", ["/model/acme/nothing", "/models/acme/nothing/endpoints", "/model/%00/%ff", "/model/a/b%2Fc"]
)
def test_an_unknown_model_is_404(contract: Contract, path: str) -> None:
    answer = get(contract.gateway, path)
    assert answer.status == 404, answer.text
    assert answer.error["code"] == 404


def test_providers_are_named(contract: Contract) -> None:
    listed = get(contract.gateway, "/providers").json["data"]
    slugs = [row["slug"] for row in listed]
    assert len(slugs) == len(set(slugs)) >= 60
    assert {"openai", "anthropic", "google-ai-studio", "amazon-bedrock", "groq", "xai", "deepseek"} <= set(
        slugs
    )
    assert all(row["name"] and "privacy_policy_url" in row for row in listed)


def test_a_listed_model_of_every_page_is_known_by_its_own_row(contract: Contract) -> None:
    for row in rows(contract):
        same = get(contract.gateway, f"/model/{row['id']}")
        assert same.json["data"] == row
