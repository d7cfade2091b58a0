"""Official SDKs decide: the shared kit against a gateway with recorded providers behind it, and against the embedded model."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from gateway_client import call
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, StartGateway
from shared_folder import shared

LOCAL_MODEL = "huggingfacetb/smollm2-135m-instruct"
NOT_SERVED_YET: set[str] = set()
"""Checks of operations that this version does not serve."""
NEEDS_MORE_THAN_THE_KIT_GIVES = {"error_429"}
"""Checks that the kit cannot provoke."""
BEYOND_A_SMALL_MODEL = {"embeddings", "tools", "tools_round_trip", "async_parallel"}
"""The embedded model embeds nothing, calls tools only when forced (the kit asks with `auto`), and works on two requests at a time."""


@pytest.fixture(scope="module")
def replayed(start_gateway: StartGateway, replay_module: ModuleType) -> Iterator[GatewayProcess]:
    """A gateway whose only configured provider is OpenAI, played from recordings."""
    with replay_module.ReplayServer(shared("fixtures")) as upstream:
        yield start_gateway(
            f'[providers.openai]\napi_key = "sk-fake-openai"\nbase_url = "{upstream.url}/openai/v1"\n'
        )


@pytest.fixture(scope="module")
def replayed_claude(start_gateway: StartGateway, replay_module: ModuleType) -> Iterator[GatewayProcess]:
    """A gateway whose only configured provider is Anthropic, played from recordings."""
    with replay_module.ReplayServer(shared("fixtures")) as upstream:
        yield start_gateway(
            f'[providers.anthropic]\napi_key = "sk-fake-claude"\nbase_url = "{upstream.url}/anthropic/v1"\n'
        )


def key_without_credit(gateway: GatewayProcess) -> str:
    """A key whose limit is 0."""
    made = call(gateway, "POST", "/api/v1/keys", {"name": "poor", "limit": 0}, key=MANAGEMENT_KEY)
    return str(made.json["key"])


def kit(
    script: str,
    gateway: GatewayProcess,
    model: str,
    skip: set[str],
    unserved: str = "anthropic/claude-sonnet-4.5",
) -> dict[str, str]:
    """Run one of the kit's clients; its verdicts by check, those of checks in `skip` left out."""
    path = shared("conformance", script)
    names = re.findall(r"^@check\s*\ndef (\w+)\(", path.read_text(), re.MULTILINE)
    environment = {
        "PATH": os.environ["PATH"],
        "BASE_URL": gateway.base_url,
        "API_KEY": API_KEY,
        "MANAGEMENT_KEY": MANAGEMENT_KEY,
        "NO_CREDIT_KEY": key_without_credit(gateway),
        "MODEL": model,
        "UNSERVED_MODEL": unserved,
        "ONLY": ",".join(name for name in names if name not in skip),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, str(path)], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    lines = re.findall(r"^(PASS|FAIL|SKIP) [\w-]+\.(\w+) (.*)$", done.stdout, re.MULTILINE)
    assert lines, done.stdout + done.stderr
    return {name: f"{verdict} {note}" for verdict, name, note in lines}


def failures(verdicts: dict[str, str]) -> dict[str, str]:
    return {name: verdict for name, verdict in verdicts.items() if not verdict.startswith("PASS")}


@pytest.mark.parametrize("script", ["openrouter_sdk.py", "openai_python.py"])
def test_every_served_check_passes_with_recorded_providers(script: str, replayed: GatewayProcess) -> None:
    skip = NOT_SERVED_YET | NEEDS_MORE_THAN_THE_KIT_GIVES
    verdicts = kit(script, replayed, "openai/gpt-5-mini", skip)
    assert failures(verdicts) == {}
    assert len(verdicts) >= 11


@pytest.mark.parametrize("model", ["anthropic/claude-haiku-4.5"])
def test_the_anthropic_sdk_is_served_by_claude(model: str, replayed_claude: GatewayProcess) -> None:
    skip = NEEDS_MORE_THAN_THE_KIT_GIVES | {"error_529"}
    verdicts = kit("anthropic_python.py", replayed_claude, model, skip, unserved="openai/gpt-5-mini")
    assert failures(verdicts) == {}
    assert len(verdicts) >= 12


@pytest.mark.parametrize("script", ["openrouter_sdk.py", "openai_python.py"])
def test_the_same_checks_against_the_embedded_model(script: str, start_gateway: StartGateway) -> None:
    gateway = start_gateway("")
    skip = NOT_SERVED_YET | NEEDS_MORE_THAN_THE_KIT_GIVES | BEYOND_A_SMALL_MODEL
    verdicts = kit(script, gateway, LOCAL_MODEL, skip)
    assert failures(verdicts) == {}
    assert len(verdicts) >= 10


def test_management_keys_do_not_infer(replayed: GatewayProcess) -> None:
    from openai import OpenAI, PermissionDeniedError

    client = OpenAI(base_url=replayed.base_url, api_key=MANAGEMENT_KEY, max_retries=0)
    with pytest.raises(PermissionDeniedError):
        client.chat.completions.create(
            model="openai/gpt-5-mini", messages=[{"role": "user", "content": "Hi"}]
        )
