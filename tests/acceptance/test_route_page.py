"""The examples of `docs/how-to/route.md`, run as its readers run them: each prints what the page says."""

import re
import subprocess
from pathlib import Path

import pytest

from gateway_process import API_KEY, GatewayProcess, StartGateway

PAGE = (Path(__file__).parents[2] / "docs/how-to/route.md").read_text(encoding="utf-8")
TOML = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = next(iter(re.findall(r"```sh\n(BASE=.*?)```", PAGE, re.DOTALL)))
EXAMPLES = re.findall(r"```sh\n(route .*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway, tmp_path_factory: pytest.TempPathFactory) -> GatewayProcess:
    data = tmp_path_factory.mktemp("data")
    (data / "catalog.d").mkdir()
    (data / "catalog.d/policies.toml").write_text(TOML[1])
    return start_gateway(TOML[0], data_dir=data)


def printed(gateway: GatewayProcess, script: str) -> str:
    variables = {"BASE": gateway.base_url, "KEY": API_KEY, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", f"{COMMANDS}\n{script}"], env=variables, capture_output=True, text=True, check=True
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize(("script", "said"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_prints_what_the_page_says(gateway: GatewayProcess, script: str, said: str) -> None:
    assert printed(gateway, script) == said.rstrip("\n")
