"""`waystation import litellm`: what a configuration and tables of LiteLLM's become, and what is said of the rest."""

import asyncio
import csv
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from spent import spent
from waystation.accounts.keys import Account, hash_key
from waystation.catalog.load import load as load_catalog
from waystation.cli.importing import FRAGMENT
from waystation.cli.litellm.names import PROVIDERS
from waystation.cli.litellm.tables import generation_of
from waystation.generations.record import GenerationRecord
from waystation.generations.spending import Spend
from waystation.providers.own_models import own_models
from waystation.providers.registry import Registry, known_slugs
from waystation.settings import load
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.keys import SqlKeyStore

Run = Callable[..., Result]
SECRET = "sk-canary-" + "c0ffee" * 6
CONFIG = f"""
model_list:
  - model_name: gpt-4o-mini
    litellm_params: {{model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY, rpm: 10}}
  - model_name: gpt-4o-mini
    litellm_params: {{model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY_2}}
  - model_name: fast
    litellm_params: {{model: groq/llama-3.1-8b-instant}}
  - model_name: team/claude
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_key: {SECRET}, timeout: 30}}
  - model_name: mine
    litellm_params:
      model: hosted_vllm/meta/llama-3
      api_base: http://me:{SECRET}@10.0.0.5:8000/v1/
      input_cost_per_token: 0.00000015
      output_cost_per_token: 6e-7
      extra_headers: {{x-token: {SECRET}}}
    model_info: {{max_input_tokens: 32768, max_output_tokens: 4096}}
  - model_name: gpt-4o
    litellm_params: {{model: azure/my-deployment, api_base: "https://eu.example/", api_key: os.environ/AZURE_API_KEY, api_version: "2024-02-01"}}
  - model_name: gpt-4o
    litellm_params: {{model: azure/other, api_base: "https://us.example/", api_key: os.environ/AZURE_US}}
  - model_name: bedrock-claude
    litellm_params: {{model: bedrock/converse/anthropic.claude-3-haiku-20240307-v1:0, aws_region_name: eu-west-1, aws_secret_access_key: {SECRET}}}
  - model_name: odd
    litellm_params: {{model: nobody/knows-this}}
  - model_name: pictures
    litellm_params: {{model: openai/some-new-painter, api_key: os.environ/OPENAI_API_KEY}}
    model_info: {{mode: image_generation}}
  - model_name: "*"
    litellm_params: {{model: "mistral/*", api_key: os.environ/MISTRAL_API_KEY}}
  - litellm_params: {{}}
router_settings:
  routing_strategy: cost-based-routing
  model_group_alias: {{gpt-4: gpt-4o, gone: nothing}}
  fallbacks: [{{fast: [gpt-4o, mine]}}]
  redis_password: {SECRET}
  timeout: 120
litellm_settings:
  drop_params: true
  context_window_fallbacks: [{{fast: [gpt-4o]}}]
  success_callback: [langfuse]
  some_new_thing: 1
general_settings:
  master_key: {SECRET}
  database_url: postgresql://me:{SECRET}@db/litellm
environment_variables:
  LANGFUSE_SECRET_KEY: {SECRET}
assistant_settings: {{}}
"""
KEY = "sk-of-litellm-0123456789"


@pytest.fixture
def config(folder: Path) -> Path:
    path = folder / "config.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def outcomes(config: Path, run: Run) -> dict[str, dict[str, str]]:
    """The report by where things stood."""
    result = run("import", "litellm", str(config), "--json")
    assert result.exit_code == 0, result.output
    return {one["where"]: one for one in json.loads(result.stdout)["outcomes"]}


def written() -> dict[str, Any]:
    return tomllib.loads(Path(FRAGMENT).read_text())


def test_the_names_of_providers_are_names_here() -> None:
    assert {known.slug for known in PROVIDERS.values()} <= set(known_slugs())


def test_what_is_written_is_a_configuration_that_serves(outcomes: dict[str, Any]) -> None:
    variables = {"OPENAI_API_KEY": "a", "OPENAI_API_KEY_2": "b", "LITELLM_MASTER_KEY": "sk-of-the-master"}
    settings = load(FRAGMENT, variables, {})

    assert settings.providers["openai"].api_keys == ("a", "b")
    assert Registry.build(settings).is_configured("openai")
    assert settings.routing.order == "price"
    assert settings.upstream.total_timeout == settings.upstream.answer_timeout == 120
    assert settings.keys.management_key == "sk-of-the-master"


def test_models_that_the_catalogue_has_need_no_row(outcomes: dict[str, Any]) -> None:
    assert outcomes["model_list[1] (gpt-4o-mini)"]["became"] == "openai/gpt-4o-mini at [providers.openai]"
    assert "models" not in written()["providers"]["openai"]


def test_names_of_ones_own_become_models(outcomes: dict[str, Any]) -> None:
    providers = written()["providers"]

    assert providers["groq"]["models"][0]["id"] == "litellm/fast"
    assert providers["groq"]["models"][0]["native_id"] == "llama-3.1-8b-instant"
    assert providers["anthropic"]["models"][0]["id"] == "team/claude"
    assert providers["anthropic"]["total_timeout"] == 30.0
    assert providers["anthropic"]["api_key"] == "env:ANTHROPIC_API_KEY"
    assert providers["10-0-0-5-8000"] == {
        "base_url": "http://10.0.0.5:8000/v1",
        "models": [
            {
                "id": "litellm/mine",
                "native_id": "meta/llama-3",
                "context_length": 32768,
                "max_completion_tokens": 4096,
                "prompt": "0.00000015",
                "completion": "0.0000006",
            }
        ],
    }


def test_names_that_clients_use_go_on_meaning_their_models(outcomes: dict[str, Any], folder: Path) -> None:
    settings = load(FRAGMENT, {"LITELLM_MASTER_KEY": "x"}, {})
    catalog = load_catalog(folder / "data", [own_models(settings)])

    for alias, expected in {
        "gpt-4o-mini": "openai/gpt-4o-mini",
        "fast": "litellm/fast",
        "mine": "litellm/mine",
        "team/claude": "team/claude",
        "gpt-4": "openai/gpt-4",
        "gpt-4o": "openai/gpt-4o",
    }.items():
        found = catalog.resolve(alias)
        assert found is not None, alias
        assert found.model.id == expected


def test_a_deployment_under_another_name_joins_its_model(outcomes: dict[str, Any]) -> None:
    azure = written()["providers"]["azure"]

    assert (azure["base_url"], azure["api_key"]) == ("https://eu.example", "env:AZURE_API_KEY")
    assert [(row["id"], row["native_id"]) for row in azure["models"]] == [
        ("openai/gpt-4o", "my-deployment"),
        ("openai/gpt-4", "my-deployment"),
    ]
    assert written()["providers"]["amazon-bedrock"]["region"] == "eu-west-1"


@pytest.mark.parametrize(
    ("where", "fate", "why"),
    [
        ("model_list[0] (gpt-4o-mini)", "partly", "rpm"),
        ("model_list[6] (gpt-4o)", "not mapped", "another address"),
        ("model_list[8] (odd)", "not mapped", "not known"),
        ("model_list[9] (pictures)", "not mapped", "image_generation"),
        ("model_list[10] (*)", "mapped", ""),
        ("model_list[11] (no name)", "not mapped", "no litellm_params.model"),
        ("router_settings.model_group_alias.gpt-4", "mapped", ""),
        ("router_settings.model_group_alias.gone", "not mapped", "no model_list entry"),
        ("router_settings.fallbacks.fast", "not mapped", '"models": ["fast", "gpt-4o", "mine"]'),
        ("router_settings.redis_password", "not mapped", "the database"),
        ("litellm_settings.drop_params", "not mapped", "by itself"),
        ("litellm_settings.some_new_thing", "not mapped", "no counterpart"),
        ("general_settings.master_key", "partly", "does not infer"),
        ("general_settings.database_url", "not mapped", "--spend"),
        ("environment_variables.LANGFUSE_SECRET_KEY", "partly", "where the gateway is started"),
        ("assistant_settings", "not mapped", "section"),
    ],
)
def test_every_key_has_its_fate_and_its_reason(
    outcomes: dict[str, dict[str, str]], where: str, fate: str, why: str
) -> None:
    assert outcomes[where]["fate"] == fate
    assert why in outcomes[where]["why"]


def test_no_secret_is_written_or_said(config: Path, run: Run) -> None:
    for arguments in ((), ("--json", "--force")):
        result = run("import", "litellm", str(config), *arguments)
        assert result.exit_code == 0
        assert SECRET not in result.output
    assert SECRET not in Path(FRAGMENT).read_text()


def test_a_dry_run_writes_nothing_and_a_file_that_is_there_is_left_alone(config: Path, run: Run) -> None:
    assert run("import", "litellm", str(config), "--dry-run").exit_code == 0
    assert not Path(FRAGMENT).exists()
    Path(FRAGMENT).write_text("mine")

    refused = run("import", "litellm", str(config))

    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert Path(FRAGMENT).read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"general_settings: {{master_key: {SECRET}", "no YAML"),
        ("just a text", "no LiteLLM configuration"),
        ("services: {}", "no LiteLLM configuration"),
    ],
)
def test_what_is_no_configuration_is_refused_without_quoting_it(
    folder: Path, run: Run, text: str, said: str
) -> None:
    (folder / "config.yaml").write_text(text)

    result = run("import", "litellm", "config.yaml")

    assert result.exit_code == 2
    assert said in result.stderr
    assert SECRET not in result.output


KEY_ROW = {
    "token": hash_key(KEY),
    "key_name": "sk-...6789",
    "key_alias": "laptop",
    "spend": "1.5",
    "expires": "2040-01-01 00:00:00",
    "models": "[]",
    "user_id": "user_1",
    "max_budget": "10.5",
    "budget_duration": "30d",
    "blocked": "",
    "created_at": "2025-01-02 03:04:05.678",
}
SPEND_ROW = {
    "request_id": "chatcmpl-1",
    "call_type": "acompletion",
    "api_key": hash_key(KEY),
    "spend": "0.00123",
    "prompt_tokens": "100",
    "completion_tokens": "20",
    "startTime": "2025-03-04 05:06:07.000",
    "endTime": "2025-03-04 05:06:09.500",
    "completionStartTime": "2025-03-04 05:06:07.400",
    "model": "gpt-4o-mini",
    "model_group": "gpt-4o-mini",
    "custom_llm_provider": "openai",
    "end_user": "customer-1",
    "status": "success",
    "messages": '[{"content": "a secret question"}]',
}


def write(path: Path, *rows: dict[str, str]) -> Path:
    match path.suffix:
        case ".csv":
            with path.open("w", newline="") as file:
                out = csv.DictWriter(file, rows[0].keys())
                out.writeheader()
                out.writerows(rows)
        case ".json":
            path.write_text(json.dumps(rows))
        case _:
            path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


async def kept(data: Path) -> tuple[list[Account], Spend, list[GenerationRecord | None]]:
    """What the database has after an import."""
    engine = open_engine("", data)
    store = SqlGenerationStore(engine)
    try:
        accounts = await SqlKeyStore(engine).all()
        async with engine.connect() as connection:
            ids = (await connection.exec_driver_sql("SELECT id FROM generations ORDER BY id")).scalars().all()
        records = [await store.get(one) for one in ids]
        return accounts, await spent(engine, hash_key(KEY), 1_741_064_767_000), records
    finally:
        await engine.dispose()


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl"])
def test_keys_and_spend_are_taken_over_once(config: Path, folder: Path, run: Run, suffix: str) -> None:
    keys = write(folder / f"keys{suffix}", KEY_ROW, {**KEY_ROW, "token": "not a hash", "key_alias": "bad"})
    spend = write(
        folder / f"spend{suffix}",
        SPEND_ROW,
        {**SPEND_ROW, "request_id": "chatcmpl-2", "status": "failure", "spend": "0"},
        {**SPEND_ROW, "request_id": "chatcmpl-3", "startTime": "never"},
    )
    for _ in range(2):
        result = run("import", "litellm", str(config), "--force", "--keys", str(keys), "--spend", str(spend))
        assert result.exit_code == 0, result.output

    (account,), spent, (one, two) = asyncio.run(kept(folder / "data"))

    assert (account.key_hash, account.label, account.name) == (hash_key(KEY), "sk-...6789", "laptop")
    assert (account.limit, account.limit_reset, account.creator_user_id) == (
        10_500_000_000,
        "monthly",
        "user_1",
    )
    assert (account.created_at, account.expires_at) == (1_735_787_045_678, 2_208_988_800_000)
    assert (spent.total, spent.daily) == (1_230_000, 1_230_000)
    assert one is not None
    assert two is not None
    success, failure = sorted((one, two), key=lambda record: record.status)
    assert (success.provider, success.model, success.user) == ("openai", "gpt-4o-mini", "customer-1")
    assert (success.latency, success.generation_time, success.charged) == (400, 2500, 1_230_000)
    assert (failure.status, failure.finish_reasons) == (500, ("error",))
    assert "a secret question" not in str(success)
    assert "1 rows of spend" in result.stdout
    again = run("generations", "recompute", "--json", "--data-dir", str(folder / "data"))
    assert again.exit_code == 0, again.output
    assert (json.loads(again.output)["records"], json.loads(again.output)["without_prices"]) == (0, 2)


@pytest.mark.parametrize("spend", ["", "NaN", "much", "-1"])
def test_spend_that_cannot_be_read_is_of_unknown_cost_and_not_free(spend: str) -> None:
    record = generation_of({**SPEND_ROW, "spend": spend})

    assert record is not None
    assert record.cost_unknown


@pytest.mark.parametrize(
    "odd", [{"max_budget": "ten"}, {"max_budget": "1e30"}, {"max_budget": "-1"}, {"expires": "next year"}]
)
def test_a_key_whose_bounds_cannot_be_read_is_taken_over_disabled(
    config: Path, folder: Path, run: Run, odd: dict[str, str]
) -> None:
    keys = write(folder / "keys.csv", {**KEY_ROW, **odd})

    result = run("import", "litellm", str(config), "--keys", str(keys))

    (account,), _, _ = asyncio.run(kept(folder / "data"))
    assert account.disabled
    assert "the key is disabled" in result.stdout.replace("\n", " ")


def test_a_raw_key_among_spend_is_kept_as_its_hash(config: Path, folder: Path, run: Run) -> None:
    spend = write(folder / "spend.csv", {**SPEND_ROW, "api_key": KEY})

    run("import", "litellm", str(config), "--spend", str(spend))

    _, _, (record,) = asyncio.run(kept(folder / "data"))
    assert record is not None
    assert record.key_hash == hash_key(KEY)


def test_a_dry_run_touches_no_database(config: Path, folder: Path, run: Run) -> None:
    keys, spend = write(folder / "keys.csv", KEY_ROW), write(folder / "spend.csv", SPEND_ROW)

    result = run("import", "litellm", str(config), "--dry-run", "--keys", str(keys), "--spend", str(spend))

    assert "a key of the same secret" in result.stdout
    assert not (folder / "data").exists()


def test_an_export_that_is_none_is_refused(config: Path, folder: Path, run: Run) -> None:
    (folder / "keys.json").write_text("{nonsense")

    result = run("import", "litellm", str(config), "--keys", "keys.json")

    assert result.exit_code == 2
    assert "no JSON" in result.stderr
