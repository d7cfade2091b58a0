"""A LiteLLM proxy's clients, keys and configuration, served here after an import: nothing changes for them but the address."""

import json
import os
import subprocess
import sys
from pathlib import Path

from gateway_client import call, get
from gateway_process import MANAGEMENT_KEY, StartGateway
from scripted_provider import ScriptedProvider
from waystation.accounts.keys import hash_key

KEY = "sk-of-a-litellm-client"
CONFIG = """
model_list:
  - model_name: helper
    litellm_params: {{model: openai/acme-large, api_base: "{url}", api_key: os.environ/ACME_KEY, input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
"""


def test_a_client_of_litellms_goes_on_with_its_key_and_its_models_name(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    with ScriptedProvider() as provider:
        (tmp_path / "config.yaml").write_text(CONFIG.format(url=provider.url))
        (tmp_path / "keys.json").write_text(
            json.dumps([{"token": hash_key(KEY), "key_name": "sk-...ient", "max_budget": 1}])
        )
        command = [sys.executable, "-m", "waystation", "import", "litellm", "config.yaml"]
        done = subprocess.run(
            [*command, "--keys", "keys.json", "--data-dir", "data"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        toml = (tmp_path / "waystation.litellm.toml").read_text()
        gateway = start_gateway(toml, {"ACME_KEY": "sk-fake-acme"}, tmp_path / "data")
        body = {"model": "helper", "messages": [{"role": "user", "content": "Hi"}]}
        answer = call(gateway, "POST", "/v1/chat/completions", body, key=KEY)

        assert answer.status == 200, answer.text
        assert provider.asked[0].body["model"] == "acme-large"
        assert provider.asked[0].headers["authorization"] == "Bearer sk-fake-acme"
        assert get(gateway, "/key", KEY).json["data"]["limit"] == 1
        rows = get(gateway, "/keys", MANAGEMENT_KEY).json["data"]
        assert "sk-...ient" in [row["label"] for row in rows]
