"""Contract sections 20 and 24: what remains of an exchange, who may see it, and what a key has spent."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from contract_setting import CONTRACT_TOML, Contract
from gateway_client import call, chat, generation, get
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Whole, completion
from shared_folder import shared

REQUIRED = ("id", "created_at", "model", "origin", "total_cost", "usage", "is_byok", "data_region")
NULLABLE = [
    "api_type",
    "app_id",
    "cache_discount",
    "cancelled",
    "external_user",
    "finish_reason",
    "native_finish_reason",
    "generation_time",
    "latency",
    "moderation_latency",
    "http_referer",
    "user_agent",
    "provider_name",
    "provider_responses",
    "preset_id",
    "router",
    "service_tier",
    "streamed",
    "tokens_prompt",
    "tokens_completion",
    "native_tokens_prompt",
    "native_tokens_completion",
    "native_tokens_reasoning",
    "native_tokens_cached",
    "native_tokens_completion_images",
    "num_media_prompt",
    "num_media_completion",
    "num_input_audio_prompt",
    "num_search_results",
    "num_fetches",
    "web_search_engine",
    "upstream_id",
    "upstream_inference_cost",
    "workspace_id",
]
OF_A_KEY = [
    "label",
    "limit",
    "limit_remaining",
    "limit_reset",
    "usage",
    "usage_daily",
    "usage_weekly",
    "usage_monthly",
    "byok_usage",
    "byok_usage_daily",
    "byok_usage_weekly",
    "byok_usage_monthly",
    "include_byok_in_limit",
    "is_free_tier",
    "is_management_key",
    "is_provisioning_key",
    "creator_user_id",
    "rate_limit",
]


class Setting(NamedTuple):
    """A gateway with keys of its own making beside the configured ones."""

    gateway: GatewayProcess
    provider: ScriptedProvider
    other: str
    expired: str
    revoked: str


def waystation(data_dir: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(data_dir)}
    command = [sys.executable, "-m", "waystation", *arguments, "--data-dir", str(data_dir)]
    done = subprocess.run(
        command, env=environment, cwd=data_dir, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    data = tmp_path_factory.mktemp("data")
    other = waystation(data, "keys", "create", "other")
    expired = waystation(data, "keys", "create", "old", "--expires", "2020-01-01")
    revoked = waystation(data, "keys", "create", "gone")
    waystation(data, "keys", "revoke", "gone")
    with ScriptedProvider() as provider:
        toml = CONTRACT_TOML.format(first=provider.url, second=provider.url)
        yield Setting(start_gateway(toml, data_dir=data), provider, other, expired, revoked)


def record(contract: Contract, answer: Any) -> dict[str, Any]:
    found = generation(contract.gateway, answer)
    assert found.status == 200, found.text
    return dict(found.json["data"])


def of_type(schema: dict[str, Any], value: Any) -> bool:
    """Whether a value is of the type that the specification gives the field."""
    types = schema.get("type", [])
    fits = {
        "string": isinstance(value, str),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "integer": type(value) is int,
        "boolean": isinstance(value, bool),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
        "null": value is None,
    }
    return any(fits[name] for name in ([types] if isinstance(types, str) else types)) or not types


def test_a_record_has_every_field_of_its_type(contract: Contract) -> None:
    contract.first.answer()
    data = record(contract, chat(contract.gateway))
    assert set(REQUIRED) | set(NULLABLE) <= data.keys()
    assert all(data[name] is not None for name in REQUIRED)
    with shared("spec", "openrouter-openapi.yaml").open("rb") as file:
        specification = yaml.load(file, Loader=yaml.CSafeLoader)
    fields = specification["components"]["schemas"]["GenerationResponse"]["properties"]["data"]
    assert set(fields["required"]) <= data.keys()
    for name, schema in fields["properties"].items():
        if name in data:
            assert of_type(schema, data[name]), (name, data[name])
        if "enum" in schema and name in data:
            assert data[name] in schema["enum"]


def test_a_record_says_what_happened(contract: Contract) -> None:
    reported = {
        "prompt_tokens": 20,
        "completion_tokens": 10,
        "total_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 6},
    }
    contract.first.answer(completion("Hi", reported))
    answer = chat(contract.gateway)
    data = record(contract, answer)
    assert data["id"] == answer.json["id"]
    assert data["model"] == "acme/m1"
    assert data["api_type"] == "completions"
    assert data["streamed"] is False
    assert data["cancelled"] in {False, None}
    assert data["finish_reason"] == data["native_finish_reason"] == "stop"
    assert (data["tokens_prompt"], data["tokens_completion"]) == (20, 10)
    assert (data["native_tokens_prompt"], data["native_tokens_completion"]) == (20, 10)
    assert (data["native_tokens_reasoning"], data["native_tokens_cached"]) == (6, 4)
    assert data["provider_name"] == answer.json["provider"]
    assert data["upstream_id"] == "chatcmpl-upstream-1"
    assert data["is_byok"] is False
    assert data["data_region"] == "global"
    assert Decimal(str(data["total_cost"])) == Decimal(str(answer.json["usage"]["cost"]))
    assert data["usage"] == data["total_cost"]
    assert data["latency"] >= 0
    assert data["generation_time"] >= 0
    assert datetime.fromisoformat(data["created_at"]).utcoffset() is not None
    (attempt,) = data["provider_responses"]
    assert attempt["status"] == 200
    assert attempt["provider_name"] == data["provider_name"]
    assert attempt["is_byok"] is False
    assert {"endpoint_id", "id", "latency", "model_permaslug"} <= attempt.keys()


def test_a_streams_record_is_there_when_the_stream_has_ended(contract: Contract) -> None:
    contract.first.answer()
    for _ in range(20):
        answer = chat(contract.gateway, stream=True)
        data = record(contract, answer)
        assert data["streamed"] is True
        assert data["tokens_completion"] == 3
        assert Decimal(str(data["total_cost"])) == Decimal(str(answer.chunks[-1]["usage"]["cost"]))


def test_a_plain_record_is_there_when_the_answer_has_come(contract: Contract) -> None:
    contract.first.answer()
    assert all(record(contract, chat(contract.gateway))["finish_reason"] == "stop" for _ in range(20))


def test_every_attempt_is_in_the_record(contract: Contract) -> None:
    contract.first.answer(Whole({"error": {"message": "no"}}, 429))
    contract.second.answer()
    data = record(contract, chat(contract.gateway, "acme/dual"))
    assert [attempt["status"] for attempt in data["provider_responses"]] == [429, 200]
    assert data["provider_name"] == data["provider_responses"][1]["provider_name"]
    names = {attempt["provider_name"] for attempt in data["provider_responses"]}
    assert len(names) == 2


def test_a_failed_exchange_has_a_record_too(contract: Contract) -> None:
    contract.first.answer(Whole({"error": {"message": "no"}}, 500))
    answer = chat(contract.gateway)
    assert answer.status == 503
    data = record(contract, answer)
    assert data["total_cost"] == 0
    assert [attempt["status"] for attempt in data["provider_responses"]] == [500]


@pytest.mark.parametrize("title", ["X-Title", "X-OpenRouter-Title"])
def test_the_app_and_the_caller_are_in_the_record(contract: Contract, title: str) -> None:
    contract.first.answer()
    headers = {
        "HTTP-Referer": "https://app.example/page",
        title: "An App",
        "X-OpenRouter-Categories": "cli-agent,nonsense,programming-app",
        "User-Agent": "agent/1.0",
        "x-session-id": "of-the-header",
    }
    data = record(contract, chat(contract.gateway, headers=headers, user="user-1"))
    assert data["http_referer"] == "https://app.example/page"
    assert data["origin"].startswith("https://app.example")
    assert data["user_agent"] == "agent/1.0"
    assert data["external_user"] == "user-1"
    assert data["session_id"] == "of-the-header"


def test_the_bodys_session_wins_over_the_headers(contract: Contract) -> None:
    contract.first.answer()
    answer = chat(contract.gateway, session_id="of-the-body", headers={"x-session-id": "of-the-header"})
    assert record(contract, answer)["session_id"] == "of-the-body"


def test_no_session_is_longer_than_256(contract: Contract) -> None:
    answer = chat(contract.gateway, headers={"x-session-id": "s" * 257})
    assert answer.status == 400 or len(record(contract, answer)["session_id"] or "") <= 256


def test_an_unknown_price_is_marked(contract: Contract) -> None:
    contract.first.answer()
    data = record(contract, chat(contract.gateway, "acme/priceless"))
    assert data["cost_unknown"] is True


def test_a_legacy_completion_leaves_a_record(contract: Contract) -> None:
    contract.first.answer()
    answer = call(contract.gateway, "POST", "/api/v1/completions", {"model": "acme/m1", "prompt": "Hi"})
    assert record(contract, answer)["tokens_prompt"] == 7


@pytest.mark.parametrize("query", ["?id=gen-0-none", "?id=", "?id=%00", "?id=" + "x" * 5000, "?id=%27%3B--"])
def test_an_unknown_record_is_404(contract: Contract, query: str) -> None:
    answer = get(contract.gateway, f"/generation{query}")
    assert answer.status == 404, answer.text
    assert answer.error["code"] == 404


def test_only_the_owning_key_sees_a_record(setting: Setting) -> None:
    mine = chat(setting.gateway)
    theirs = call(
        setting.gateway,
        "POST",
        "/api/v1/chat/completions",
        {"model": "acme/m1", "messages": [{"role": "user", "content": "Hi"}]},
        key=setting.other,
    )
    assert generation(setting.gateway, mine).status == 200
    assert generation(setting.gateway, theirs, setting.other).status == 200
    for answer, key in ((mine, setting.other), (theirs, API_KEY)):
        hidden = generation(setting.gateway, answer, key)
        assert hidden.status == 404
        assert hidden.error["code"] == 404
    assert generation(setting.gateway, mine, MANAGEMENT_KEY).status in {403, 404}


def test_keys_that_ended_are_401(setting: Setting) -> None:
    for key in (setting.expired, setting.revoked):
        assert get(setting.gateway, "/key", key).status == 401
        refused = call(setting.gateway, "POST", "/api/v1/chat/completions", {}, key=key)
        assert refused.status == 401
        assert refused.error["metadata"]["error_type"] == "authentication"


def test_a_key_says_what_it_is_and_hides_itself(setting: Setting) -> None:
    answer = get(setting.gateway, "/key", setting.other)
    data = answer.json["data"]
    assert set(OF_A_KEY) <= data.keys()
    assert data["is_management_key"] is False
    assert data["is_provisioning_key"] is False
    assert data["limit"] is None
    assert data["limit_remaining"] is None
    assert data["rate_limit"]["requests"] == -1
    assert data["rate_limit"]["interval"] == "10s"
    assert setting.other not in answer.text


def test_a_key_counts_exactly_what_its_requests_cost(setting: Setting) -> None:
    def usage(name: str) -> Decimal:
        return Decimal(str(get(setting.gateway, "/key").json["data"][name]))

    names = ("usage", "usage_daily", "usage_weekly", "usage_monthly")
    before = {name: usage(name) for name in names}
    others = get(setting.gateway, "/key", setting.other).json["data"]["usage"]
    for n in range(5):
        assert chat(setting.gateway, stream=n % 2 == 0).status == 200
        for name in names:
            assert usage(name) - before[name] == (n + 1) * Decimal("0.0000145")
    assert get(setting.gateway, "/key", setting.other).json["data"]["usage"] == others


def test_a_management_key_may_look_at_itself_or_is_refused(setting: Setting) -> None:
    answer = get(setting.gateway, "/key", MANAGEMENT_KEY)
    assert answer.status in {200, 403}
    if answer.status == 200:
        assert answer.json["data"]["is_management_key"] is True
