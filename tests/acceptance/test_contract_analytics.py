"""Contract section 31: activity and analytics, for management keys, in the shapes of the official SDK."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openrouter import OpenRouter

from contract_setting import CONTRACT_TOML
from gateway_client import call, chat, get
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, StartGateway
from generation_records import charged, encoded
from scripted_provider import ScriptedProvider
from waystation.accounts.keys import hash_key
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import migrate

DAY = 86_400


@pytest.fixture(scope="module")
def gateway(
    start_gateway: StartGateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """A gateway with ten generations of each of the last three days, and three of a moment ago."""
    data = tmp_path_factory.mktemp("data")
    asyncio.run(_fill(data))
    with ScriptedProvider() as provider:
        gateway = start_gateway(CONTRACT_TOML.format(first=provider.url, second=provider.url), data_dir=data)
        for _ in range(3):
            assert chat(gateway).status == 200
        yield gateway


async def _fill(data: Path) -> None:
    migrate("", data)
    engine = open_engine("", data)
    noon = int(time.time()) // DAY * DAY + DAY // 2
    await SqlGenerationStore(engine).add(
        encoded(
            *(
                charged(100 * day + number, 5_000_000, created_at=(noon - day * DAY) * 1000)
                for day in range(1, 4)
                for number in range(10)
            )
        )
    )
    await engine.dispose()


def ask(gateway: GatewayProcess, **body: Any) -> Any:
    answer = call(gateway, "POST", "/api/v1/analytics/query", body, key=MANAGEMENT_KEY)
    assert answer.status == 200, answer.text
    return answer.json["data"]


def test_activity_has_the_completed_days_and_not_today(gateway: GatewayProcess) -> None:
    rows = get(gateway, "/activity", MANAGEMENT_KEY).json["data"]

    today = datetime.now(UTC).date()
    assert [row["date"] for row in rows] == [str(today - timedelta(days)) for days in (1, 2, 3)]
    assert rows[0] == {
        "date": str(today - timedelta(1)),
        "model": "openai/gpt-4o-mini",
        "model_permaslug": rows[0]["model_permaslug"],
        "endpoint_id": "openai",
        "provider_name": "OpenAI",
        "usage": 0.05,
        "byok_usage_inference": 0.0,
        "requests": 10,
        "prompt_tokens": 10_000,
        "completion_tokens": 2000,
        "reasoning_tokens": 500,
        "cached_tokens": 1000,
    }


def test_activity_of_one_day_one_key_and_by_workspace(gateway: GatewayProcess) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(1)

    assert len(get(gateway, f"/activity?date={yesterday}", MANAGEMENT_KEY).json["data"]) == 1
    assert get(gateway, f"/activity?api_key_hash={'0' * 64}", MANAGEMENT_KEY).json["data"] == []
    assert get(gateway, "/activity?user_id=nobody", MANAGEMENT_KEY).json["data"] == []
    split = get(gateway, "/activity?group_by=workspace", MANAGEMENT_KEY).json["data"]
    assert all(isinstance(row["workspace_id"], str) for row in split)


@pytest.mark.parametrize("query", ["date=yesterday", "date=2001-01-01", "group_by=model"])
def test_what_activity_cannot_answer_is_400(gateway: GatewayProcess, query: str) -> None:
    assert get(gateway, f"/activity?{query}", MANAGEMENT_KEY).status == 400


def test_what_was_answered_a_moment_ago_counts(gateway: GatewayProcess) -> None:
    rows = ask(
        gateway,
        metrics=["request_count", "cost", "total_tokens"],
        dimensions=["model", "api_key_id"],
        filters=[{"field": "model", "operator": "eq", "value": "acme/m1"}],
    )["data"]

    (row,) = rows
    assert row == {
        "model": "acme/m1",
        "api_key_id": hash_key(API_KEY),
        "request_count": 3,
        "cost": pytest.approx(3 * 14.5e-6),
        "total_tokens": 30,
    }


def test_days_are_told_as_the_specification_shows(gateway: GatewayProcess) -> None:
    found = ask(
        gateway,
        metrics=["request_count"],
        granularity="day",
        filters=[{"field": "provider", "operator": "in", "value": ["openai"]}],
    )

    assert [row["request_count"] for row in found["data"]] == [10, 10, 10]
    assert all(row["date__day"].endswith("T00:00:00.000Z") for row in found["data"])
    assert found["metadata"]["row_count"] == 3
    assert found["metadata"]["truncated"] is False


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"metrics": []},
        {"metrics": ["nonsense"]},
        {"metrics": ["cost"], "dimensions": ["model", "app", "user"]},
        {"metrics": ["cost"], "dimensions": ["nonsense"]},
        {"metrics": ["cost"], "granularity": "year"},
        {"metrics": ["cost"], "order_by": {"field": "latency", "direction": "asc"}},
        {"metrics": ["cost"], "limit": 0},
        {"metrics": ["cost"], "filters": [{"field": "model", "operator": "in", "value": "one"}]},
        {"metrics": ["cost"], "filters": [{"field": "model", "operator": "like", "value": "one"}]},
        {"metrics": ["cost"], "filters": [{"field": "model", "operator": "eq", "value": "a"}] * 21},
        {"metrics": ["cost"], "time_range": {"start": "2025-01-02T00:00:00Z", "end": "2025-01-01T00:00:00Z"}},
        {"metrics": ["cost"], "classifier_filters": {"classifier_id": "x", "filters": []}},
        {
            "metrics": ["cost"],
            "filters": [
                {"field": "model", "operator": "in", "value": [str(number) for number in range(1001)]}
            ],
        },
    ],
)
def test_questions_that_cannot_be_answered_are_400(gateway: GatewayProcess, body: dict[str, Any]) -> None:
    answer = call(gateway, "POST", "/api/v1/analytics/query", body, key=MANAGEMENT_KEY)

    assert answer.status == 400, answer.text
    assert answer.error["message"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/activity"), ("GET", "/analytics/meta"), ("POST", "/analytics/query")]
)
def test_only_management_keys_may_ask(gateway: GatewayProcess, method: str, path: str) -> None:
    body = {"metrics": ["cost"]} if method == "POST" else None

    assert call(gateway, method, f"/api/v1{path}", body).status == 403
    assert call(gateway, method, f"/api/v1{path}", body, key=None).status == 401


def test_the_official_sdk_reads_all_three(gateway: GatewayProcess) -> None:
    with OpenRouter(api_key=MANAGEMENT_KEY, server_url=gateway.base_url) as client:
        meta = client.analytics.get_analytics_meta().data
        rows = client.analytics.get_user_activity().data
        found = client.analytics.query_analytics(
            metrics=[metric.name for metric in meta.metrics],
            dimensions=["provider", "app"],
            granularity="week",
            order_by={"field": "cost", "direction": "desc"},
            time_range={"start": datetime.now(UTC) - timedelta(10), "end": datetime.now(UTC)},
        )

    assert len(rows) == 3
    assert {dimension.name for dimension in meta.dimensions} >= {"model", "provider", "api_key_id"}
    assert found.data.metadata.row_count == len(found.data.data) > 0


def test_every_dimension_can_be_grouped_and_filtered_by(gateway: GatewayProcess) -> None:
    meta = get(gateway, "/analytics/meta", MANAGEMENT_KEY).json["data"]
    for dimension in meta["dimensions"]:
        name = dimension["name"]
        rows = ask(gateway, metrics=["request_count"], dimensions=[name])["data"]
        assert sum(row["request_count"] for row in rows) == 33, name
        for row in rows:
            condition = {
                "field": name,
                "operator": "in",
                "value": [row[name] or ""],
                "include_unset": row[name] is None,
            }
            again = ask(gateway, metrics=["request_count"], filters=[condition])["data"]
            assert again[0]["request_count"] == row["request_count"], row
