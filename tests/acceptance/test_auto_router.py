"""`model: "auto"` end to end: three providers' recordings behind the gateway, and the embedded model alone."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from gateway_client import Answer, call, chat, generation
from gateway_process import GatewayProcess, StartGateway
from shared_folder import shared
from waiting import wait_for
from waystation.generations.record import GenerationRecord, ProviderResponse
from waystation.routing.kept import KeptCandidate, KeptPlan, KeptRow
from waystation.routing.plan import RouterStage
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import migrate

METADATA = {"X-OpenRouter-Metadata": "enabled"}
CODE = "Write a Python function that reverses a linked list."
TALK = "Hey, how are you today?"
SCORES = """
[benchmarks]
coding = { families = ["code"], source = "a test" }
talking = { families = ["talk"], source = "a test" }

[scores]
"openai/gpt-4o-mini" = [
  { benchmark = "coding", date = "2026-01-01", score = 95 },
  { benchmark = "talking", date = "2026-01-01", score = 55 },
]
"mistralai/mistral-small" = [
  { benchmark = "coding", date = "2026-01-01", score = 55 },
  { benchmark = "talking", date = "2026-01-01", score = 95 },
]
"""
CHEAP = ["openai/gpt-4o-mini", "mistralai/mistral-small"]
ONLY = [
    *CHEAP,
    "openai/gpt-4o",
    "openai/gpt-4.1",
    "openai/gpt-5.*",
    "anthropic/claude-*-4*",
    "anthropic/claude-*-5*",
]


@pytest.fixture(scope="module")
def recorded(
    start_gateway: StartGateway, replay_module: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    data_dir = tmp_path_factory.mktemp("auto")
    (data_dir / "auto-router.toml").write_text(SCORES)
    with replay_module.ReplayServer(shared("fixtures")) as upstream:
        yield start_gateway(
            f'[providers.openai]\napi_key = "sk-fake-openai"\nbase_url = "{upstream.url}/openai/v1"\n'
            f'[providers.anthropic]\napi_key = "sk-fake-claude"\nbase_url = "{upstream.url}/anthropic/v1"\n'
            f'[providers.mistral]\napi_key = "fake-mistral"\nbase_url = "{upstream.url}/mistral/v1"\n',
            data_dir=data_dir,
        )


def ask(
    gateway: GatewayProcess, text: str, tier: str = "low", model: str = "openrouter/auto", **fields: Any
) -> Answer:
    plugin = {"id": "auto-router", "cost_tier": tier, "allowed_models": ONLY}
    fields.setdefault("plugins", [plugin])
    return chat(gateway, model, messages=[{"role": "user", "content": text}], headers=METADATA, **fields)


def stage(answer: Answer) -> dict[str, Any]:
    found = answer.json["openrouter_metadata"]["pipeline"]
    assert [(one["type"], one["name"]) for one in found] == [("plugin", "auto-router")]
    return dict(found[0]["data"])


def test_tasks_and_tiers_reach_different_models_and_the_answer_names_them(recorded: GatewayProcess) -> None:
    answers = {
        "code": ask(recorded, CODE),
        "talk": ask(recorded, TALK),
        "dear": ask(recorded, CODE, "max"),
    }
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(answers, 200)
    models = {name: answer.json["model"] for name, answer in answers.items()}
    assert len(set(models.values())) == 3, models
    assert all("/" in model and "auto" not in model for model in models.values())
    told = stage(answers["code"])
    assert told["task_type"] == "code:general_impl"
    assert told["top"][0]["model"] == models["code"]
    assert answers["code"].json["openrouter_metadata"]["strategy"] == "auto"


@pytest.mark.parametrize("name", ["auto", "waystation/auto", "openrouter/auto"])
def test_the_record_names_the_router_and_the_model(recorded: GatewayProcess, name: str) -> None:
    answer = ask(recorded, CODE, model=name)
    record = generation(recorded, answer).json["data"]
    assert record["router"] == "openrouter/auto"
    assert record["model"] == answer.json["model"]


def test_each_slug_reads_its_own_plugin(recorded: GatewayProcess) -> None:
    plugins = [{"id": "auto-beta-router", "cost_tier": "max", "allowed_models": ONLY}]
    beta = ask(recorded, CODE, model="openrouter/auto-beta", plugins=plugins)
    assert beta.json["openrouter_metadata"]["pipeline"][0]["data"]["cost_tier"] == "max"
    assert generation(recorded, beta).json["data"]["router"] == "openrouter/auto-beta"


def test_a_session_sticks_while_its_task_stays(recorded: GatewayProcess) -> None:
    first = ask(recorded, CODE, session_id="auto-sticks")
    second = ask(recorded, "And the other one?", session_id="auto-sticks")
    assert (first.status, second.status) == (200, 200)
    assert second.json["model"] == first.json["model"]
    told = stage(second)
    assert told["decided_by"] == "session"
    assert told["session"]["reason"] == "same_task"
    assert told["session"]["last_task"] == "code"


def test_a_session_goes_to_the_model_of_its_new_task(recorded: GatewayProcess) -> None:
    first = ask(recorded, TALK, session_id="auto-moves")
    second = ask(recorded, CODE, session_id="auto-moves")
    assert (first.status, second.status) == (200, 200)
    assert second.json["model"] == ask(recorded, CODE).json["model"] != first.json["model"]
    assert stage(second)["session"] == {
        "model": first.json["model"],
        "stays": False,
        "reason": "task_changed",
        "last_task": "talk",
        "cache_usd": 0.0,
    }


def test_restrictions_that_leave_nothing_are_said(recorded: GatewayProcess) -> None:
    answer = ask(recorded, CODE, plugins=[{"id": "auto-router", "allowed_models": ["nobody/*"]}])
    assert answer.status == 404
    assert answer.error["message"] == "No models match your request and model restrictions"


def test_a_wrong_setting_is_the_callers(recorded: GatewayProcess) -> None:
    answer = ask(recorded, CODE, plugins=[{"id": "auto-router", "cost_tier": "huge"}])
    assert answer.status == 400
    assert "cost_tier" in answer.error["message"]


def test_a_route_that_is_asked_about_tells_the_choice(recorded: GatewayProcess) -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": CODE}]}
    told = call(recorded, "POST", "/api/v1/route", body).json["data"]
    assert told["strategy"] == "auto"
    assert told["router"]["name"] == "auto-router"
    assert told["router"]["data"]["task_type"] == "code:general_impl"


def test_a_stream_is_served(recorded: GatewayProcess) -> None:
    answer = ask(recorded, CODE, stream=True)
    assert answer.status == 200
    assert answer.text.endswith("data: [DONE]\n\n")


def test_the_model_of_the_last_answer_is_kept_where_that_is_asked_for(recorded: GatewayProcess) -> None:
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!", "model": "openai/gpt-4o"},
        {"role": "user", "content": CODE},
    ]
    plugin = {"id": "auto-router", "pin_model": True}
    answer = chat(recorded, "auto", messages=messages, plugins=[plugin], headers=METADATA)
    assert answer.json["model"] == "openai/gpt-4o"
    assert stage(answer)["decided_by"] == "pinned"


def test_an_explored_choice_is_told_repeated_by_its_seed_and_recorded(
    start_gateway: StartGateway, replay_module: ModuleType
) -> None:
    with replay_module.ReplayServer(shared("fixtures")) as upstream:
        gateway = start_gateway(
            f'[providers.openai]\napi_key = "sk-fake-openai"\nbase_url = "{upstream.url}/openai/v1"\n'
            "[routing]\nauto_explore = 0.2\n"
        )
        body: dict[str, Any] = {
            "model": "auto",
            "messages": [{"role": "user", "content": CODE}],
            "plugins": [{"id": "auto-router", "cost_tier": "high"}],
        }

        def planned(seed: int) -> dict[str, Any]:
            route = call(
                gateway, "POST", "/api/v1/route", body, headers={"X-Waystation-Route-Seed": str(seed)}
            )
            return dict(route.json["data"]["router"]["data"])

        seed = next(seed for seed in range(60) if planned(seed)["decided_by"] == "explored")
        told = planned(seed)
        assert 0.2 / 4 <= told["propensity"] <= 0.2
        answer = chat(gateway, **body, headers=METADATA | {"X-Waystation-Route-Seed": str(seed)})
        assert answer.json["model"] != told["top"][0]["model"]
        assert stage(answer) == told
        assert generation(gateway, answer).json["data"]["route"]["router"]["data"] == told


@pytest.mark.parametrize("learns", [True, False])
def test_what_the_log_holds_of_earlier_choices_counts_unless_that_is_turned_off(
    start_gateway: StartGateway, tmp_path: Path, *, learns: bool
) -> None:
    asyncio.run(_fill(tmp_path, CHEAP[0]))
    gateway = start_gateway(
        '[providers.openai]\napi_key = "sk-fake-openai"\nbase_url = "http://127.0.0.1:9/v1"\n'
        f"[routing]\nauto_learn = {str(learns).lower()}\n",
        data_dir=tmp_path,
    )
    plugins = [{"id": "auto-router", "allowed_models": CHEAP[:1]}]
    body = {"model": "auto", "messages": [{"role": "user", "content": CODE}], "plugins": plugins}

    def outcomes() -> Any:
        return call(gateway, "POST", "/api/v1/route", body).json["data"]["router"]["data"]["outcomes"]

    if learns:
        wait_for(outcomes)
        assert (outcomes()["good"], outcomes()["shift"]) == (0.0, pytest.approx(-0.647, abs=0.01))
    else:
        assert outcomes() is None


async def _fill(data_dir: Path, model: str) -> None:
    """A log of ten failures of this model an hour ago."""
    stage = RouterStage("auto-router", {"task_type": "code:general_impl"})
    plan = KeptPlan(
        0,
        0.0,
        (KeptCandidate(model, "auto", "auto", None, None, False, stage),),  # noqa: FBT003 - array-like
        (KeptRow(model, "openai", None, None, None),),
    )
    began = int(time.time()) - 3600
    failed = [
        GenerationRecord(
            id=f"gen-{began:010d}-{number:020x}",
            created_at=began * 1000,
            key_hash="ab" * 32,
            model=model,
            requested_model="auto",
            dialect="openai_chat",
            router="openrouter/auto",
            route=msgspec.Raw(msgspec.json.encode(plan)),
            attempts=(ProviderResponse(502, "OpenAI", "openai", "openai"),),
            status=502,
        )
        for number in range(10)
    ]
    migrate("", data_dir)
    engine = open_engine("", data_dir)
    await SqlGenerationStore(engine).add([msgspec.json.encode(record) for record in failed])
    await engine.dispose()
