"""The published specification, turned into requests by schemathesis: answers keep its schemas and statuses, and nothing is a 5xx."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from gateway_client import call
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, StartGateway
from keys_over_http import new_key
from shared_folder import shared

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
PUBLIC = (
    "/models",
    "/models/count",
    "/model/{author}/{slug}",
    "/models/{author}/{slug}/endpoints",
    "/providers",
    "/embeddings/models",
)
GUARDED = ("/chat/completions", "/key", "/generation", "/generation/content")
SKINS = ("/responses", "/messages", "/rerank")
MANAGED = ("/activity", "/analytics/meta", "/analytics/query", "/generation/feedback")
SERVED_MODEL = "openai/gpt-4o-mini"


class Setting(NamedTuple):
    """A gateway and the recorded OpenAI behind it."""

    gateway: GatewayProcess
    upstream: Any


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway, replay_module: ModuleType) -> Iterator[Setting]:
    with replay_module.ReplayServer(shared("fixtures"), providers=["openai"]) as upstream:
        toml = f'[providers.openai]\napi_key = "sk-fake-openai"\nbase_url = "{upstream.url}/openai/v1"\n'
        yield Setting(start_gateway(toml), upstream)


def run(
    gateway: GatewayProcess,
    folder: Path,
    paths: tuple[str, ...],
    *,
    checks: str,
    hooks: str,
    examples: int,
    key: str = API_KEY,
    operations: int | None = None,
) -> str:
    """Run schemathesis on these paths; its report, which it must have ended without a failure."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        str(shared("spec", "openrouter-openapi.yaml")),
        *("--url", gateway.base_url),
        *("--header", f"Authorization: Bearer {key}"),
        *(part for path in paths for part in ("--include-path", path)),
        *("--phases", "examples,fuzzing", "--max-examples", str(examples), "--seed", "1"),
        *("--request-timeout", "10", "--continue-on-failure", "--suppress-health-check", "all"),
        *("--checks", checks),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{shared('conformance')}:{Path(__file__).parent}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SCHEMATHESIS_HOOKS": hooks,
        "WAYSTATION_SERVED_MODEL": SERVED_MODEL,
        "WAYSTATION_KNOWN_KEY": known_key(gateway),
        "NO_COLOR": "1",
        "COLUMNS": "160",
    }
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {operations or len(paths)}" in done.stdout, done.stdout
    return done.stdout


@cache
def known_key(gateway: GatewayProcess) -> str:
    """The hash of a key that exists."""
    return str(new_key(gateway, "known")["data"]["hash"])


def passed(report: str) -> int:
    """How many requests were generated; all of them passed."""
    found = re.search(r"(\d+) generated, (\d+) passed", report)
    assert found is not None, report
    assert found[1] == found[2]
    return int(found[1])


def test_public_routes_keep_the_specification(setting: Setting, tmp_path: Path) -> None:
    report = run(setting.gateway, tmp_path, PUBLIC, checks=CHECKS, hooks="schemathesis_hooks", examples=8)
    assert passed(report) >= 40


def test_guarded_routes_keep_the_specification_and_their_guard(setting: Setting, tmp_path: Path) -> None:
    report = run(
        setting.gateway,
        tmp_path,
        GUARDED,
        checks=CHECKS + ",ignored_auth",
        hooks="schemathesis_hooks",
        examples=8,
    )
    assert passed(report) >= 30


def test_records_keep_the_specification_for_management_keys(setting: Setting, tmp_path: Path) -> None:
    report = run(
        setting.gateway,
        tmp_path,
        MANAGED,
        checks=CHECKS + ",ignored_auth",
        hooks="schemathesis_hooks",
        examples=8,
        key=MANAGEMENT_KEY,
    )
    assert passed(report) >= 20


def test_the_routes_of_keys_keep_the_specification_and_their_guard(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    # A gateway of their own: what is generated learns of the keys that are listed, and may revoke any of them.
    report = run(
        start_gateway(""),
        tmp_path,
        ("/keys", "/keys/{hash}"),
        checks=CHECKS + ",ignored_auth",
        hooks="schemathesis_keys",
        examples=12,
        key=MANAGEMENT_KEY,
        operations=5,
    )
    assert passed(report) >= 40


def test_the_routes_of_oauth_keep_the_specification(setting: Setting, tmp_path: Path) -> None:
    paths = ("/auth/keys", "/auth/keys/code")
    report = run(setting.gateway, tmp_path, paths, checks=CHECKS, hooks="schemathesis_keys", examples=12)
    assert passed(report) >= 20


def test_requests_for_a_model_that_is_served_reach_its_provider(setting: Setting, tmp_path: Path) -> None:
    setting.upstream.reset()
    run(
        setting.gateway,
        tmp_path,
        ("/chat/completions",),
        checks=CHECKS,
        hooks="schemathesis_served",
        examples=25,
    )
    assert [entry["outcome"] for entry in setting.upstream.log].count("sent") >= 5


def test_the_other_skins_keep_the_specification_and_their_guard(setting: Setting, tmp_path: Path) -> None:
    report = run(
        setting.gateway,
        tmp_path,
        SKINS,
        checks=CHECKS + ",ignored_auth",
        hooks="schemathesis_hooks",
        examples=6,
    )
    assert passed(report) >= 12


def test_embeddings_keep_the_specification(setting: Setting, tmp_path: Path) -> None:
    # The recordings answer the specification's own example with the vectors of another: rightly a 502.
    checks = CHECKS.removeprefix("not_a_server_error,") + ",ignored_auth"
    run(setting.gateway, tmp_path, ("/embeddings",), checks=checks, hooks="schemathesis_hooks", examples=6)


@pytest.mark.parametrize("path", ["/responses", "/messages"])
def test_other_skins_reach_the_provider_of_a_model_that_is_served(
    path: str, setting: Setting, tmp_path: Path
) -> None:
    setting.upstream.reset()
    run(setting.gateway, tmp_path, (path,), checks=CHECKS, hooks="schemathesis_served", examples=15)
    assert [entry["outcome"] for entry in setting.upstream.log].count("sent") >= 1


def test_what_exists_is_found_by_generated_requests(setting: Setting, tmp_path: Path) -> None:
    paths = ("/model/{author}/{slug}", "/models/{author}/{slug}/endpoints")
    report = run(setting.gateway, tmp_path, paths, checks=CHECKS, hooks="schemathesis_served", examples=3)
    assert re.search(r"\b404\b", report) is None, report
    assert call(setting.gateway, "GET", f"/api/v1/model/{SERVED_MODEL}").status == 200
