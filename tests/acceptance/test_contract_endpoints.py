"""Contract section 21: endpoints that keep nothing, the caller's own models, and what is measured of endpoints."""

from collections.abc import Iterator

import pytest
from openrouter import OpenRouter, errors

from contract_setting import Contract
from gateway_client import call, get
from gateway_process import API_KEY


@pytest.fixture
def sdk(contract: Contract) -> Iterator[OpenRouter]:
    with OpenRouter(api_key=API_KEY, server_url=contract.gateway.base_url, retry_config=None) as client:
        yield client


def test_a_caller_lists_its_own_models(sdk: OpenRouter, contract: Contract) -> None:
    listed = sdk.models.list_for_user(security={"bearer": API_KEY})
    assert listed is not None
    page = listed.result
    assert [row.id for row in page.data] == [
        row["id"] for row in get(contract.gateway, "/models").json["data"]
    ]


def test_the_callers_models_come_in_pages(contract: Contract) -> None:
    first = get(contract.gateway, "/models/user?limit=2").json
    assert len(first["data"]) == 2
    assert first["links"]["next"].startswith("/api/v1/models/user?")
    following = call(contract.gateway, "GET", first["links"]["next"]).json
    assert not {row["id"] for row in first["data"]} & {row["id"] for row in following["data"]}


def test_nobody_has_models_without_a_key(contract: Contract) -> None:
    answer = get(contract.gateway, "/models/user", key=None)
    assert (answer.status, answer.error["metadata"]["error_type"]) == (401, "authentication")


def test_endpoints_without_retention_are_listed_without_a_key(sdk: OpenRouter, contract: Contract) -> None:
    assert get(contract.gateway, "/endpoints/zdr", key=None).json == {"data": []}
    listed = get(contract.gateway, "/endpoints/zdr?availability=all").json["data"]
    assert listed
    keeping = {"openai", "anthropic"}
    assert keeping.isdisjoint({row["tag"].partition("/")[0] for row in listed})
    assert sdk.endpoints.list_zdr_endpoints().data == []


def test_a_model_that_is_none_has_no_endpoints(sdk: OpenRouter) -> None:
    with pytest.raises(errors.NotFoundResponseError):
        sdk.endpoints.list(author="acme", slug="none")
