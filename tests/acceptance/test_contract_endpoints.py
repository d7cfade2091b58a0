"""Contract section 21: endpoints that keep nothing, the caller's own models, and what is measured of endpoints."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openrouter import OpenRouter, errors

from contract_setting import Contract
from gateway_client import call, chat, get
from gateway_process import API_KEY, GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Streamed, Whole, chunk, usage_chunk
from waiting import wait_for


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
    callable_now = get(contract.gateway, "/endpoints/zdr", key=None).json["data"]
    assert all(row["configured"] for row in callable_now)
    listed = get(contract.gateway, "/endpoints/zdr?availability=all").json["data"]
    assert listed
    keeping = {"openai", "anthropic"}
    assert keeping.isdisjoint({row["tag"].partition("/")[0] for row in listed})
    assert [row.tag for row in sdk.endpoints.list_zdr_endpoints().data] == [
        row["tag"] for row in callable_now
    ]


def test_a_model_that_is_none_has_no_endpoints(sdk: OpenRouter) -> None:
    with pytest.raises(errors.NotFoundResponseError):
        sdk.endpoints.list(author="acme", slug="none")


def figures(gateway: GatewayProcess, key: str | None = API_KEY) -> dict[str, Any]:
    (row,) = get(gateway, "/models/acme/m1/endpoints", key=key).json["data"]["endpoints"]
    return dict(row)


def scraped(gateway: GatewayProcess) -> str | None:
    """The metrics, once they have the endpoint's figures: those are worked out anew once a second."""
    text = call(gateway, "GET", "/metrics").text
    return text if 'window="5m"} 0.75' in text else None


def ask_often(gateway: GatewayProcess, provider: ScriptedProvider) -> None:
    """Three answers as they are made, and one failure."""
    for _ in range(3):
        usage = {"prompt_tokens": 7, "completion_tokens": 40, "total_tokens": 47}
        pieces = [
            chunk(role="assistant", content="Hi"),
            chunk(content="!"),
            chunk("stop"),
            usage_chunk(usage),
        ]
        provider.answer(Streamed([*pieces, b"data: [DONE]\n\n"]))
        assert chat(gateway, stream=True).status == 200
    provider.answer(Whole({"error": {"message": "down"}}, 500))
    assert chat(gateway).status == 503


def test_what_is_measured_is_shown_and_outlives_the_gateway(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    with ScriptedProvider() as provider:
        toml = f"""
            [routing]
            repeats = 0
            [providers.first]
            base_url = "{provider.url}"
            models = [{{ id = "acme/m1", context_length = 50000, prompt = "0", completion = "0" }}]
        """
        gateway = start_gateway(toml, data_dir=tmp_path)
        assert figures(gateway)["uptime_last_5m"] is None
        ask_often(gateway, provider)
        shown = figures(gateway)
        with OpenRouter(api_key=API_KEY, server_url=gateway.base_url, retry_config=None) as sdk:
            (typed,) = sdk.endpoints.list(author="acme", slug="m1").data.endpoints
        metrics = wait_for(lambda: scraped(gateway)) or ""
        stranger = figures(gateway, key=None)
        gateway.stop()
        again = figures(start_gateway(toml, data_dir=tmp_path))

    for name in ("uptime_last_5m", "uptime_last_30m", "uptime_last_1d"):
        assert shown[name] == stranger[name] == again[name] == 75.0
    for name in ("latency_last_30m", "throughput_last_30m"):
        assert shown[name].keys() == {"p50", "p75", "p90", "p99"}
        assert all(value > 0 for value in shown[name].values())
        assert stranger[name] is None, "only callers with a key see it"
        assert again[name] == shown[name]
    assert typed.uptime_last_5m == 75.0
    assert typed.latency_last_30m is not None
    assert typed.latency_last_30m.p50 == shown["latency_last_30m"]["p50"]
    assert 'waystation_endpoint_uptime_ratio{model="acme/m1",endpoint="first",window="5m"} 0.75' in metrics
    assert 'waystation_endpoint_latency_seconds{model="acme/m1",endpoint="first",quantile="0.5"}' in metrics
    assert 'waystation_endpoint_avoided_seconds{model="acme/m1",endpoint="first"}' in metrics
