"""Coding agents through the gateway: each one that is installed creates a file by a tool call, against a scripted provider.

    .venv/bin/python tests/acceptance/agents/run_agents.py [--install FOLDER] [codex opencode qwen gemini aider]

`--install` puts what can be installed there first, by npm and pip; agents that are not found are told and left out. Not run
by `make test`: the agents are large, and change every week.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from gateway_process import API_KEY, GatewayProcess, start_process
from scripted_coder import NAME, TEXT, ScriptedCoder

MODEL = "acme/m1"
TASK = f"Create the file {NAME} with the text: {TEXT}"
SECONDS = 180
NODE = {
    "codex": "@openai/codex",
    "opencode": "opencode-ai",
    "qwen": "@qwen-code/qwen-code",
    "gemini": "@google/gemini-cli",
}
PYTHON = {"aider": "aider-chat"}


class Start(NamedTuple):
    """How an agent is started: its arguments, its variables, and files of its own in the folder of the task."""

    arguments: list[str]
    variables: dict[str, str]
    files: dict[str, str]


def codex(gateway: GatewayProcess) -> Start:
    """By Responses."""
    row = f'{{name="Waystation",base_url="{gateway.base_url}",env_key="GATEWAY_KEY",wire_api="responses"}}'
    return Start(
        [
            "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", MODEL,
            "-c", "model_provider=waystation", "-c", f"model_providers.waystation={row}", TASK,
        ],
        {"GATEWAY_KEY": API_KEY},
        {},
    )  # fmt: skip


def opencode(gateway: GatewayProcess) -> Start:
    """By chat."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": gateway.base_url, "apiKey": API_KEY},
        "models": {MODEL: {}},
    }
    config = {"provider": {"waystation": provider}, "permission": "allow"}
    return Start(["run", "-m", f"waystation/{MODEL}", TASK], {}, {"opencode.json": json.dumps(config)})


def qwen(gateway: GatewayProcess) -> Start:
    """By chat."""
    variables = {"OPENAI_API_KEY": API_KEY, "OPENAI_BASE_URL": gateway.base_url, "OPENAI_MODEL": MODEL}
    return Start(["--auth-type", "openai", "--yolo", "-p", TASK], variables, {})


def gemini(gateway: GatewayProcess) -> Start:
    """By Google's wire."""
    variables = {
        "GEMINI_API_KEY": API_KEY,
        "GOOGLE_GEMINI_BASE_URL": gateway.root,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    }
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    files = {"../.gemini/settings.json": json.dumps(settings)}
    return Start(["--yolo", "-m", MODEL, "-p", TASK], variables, files)


def aider(gateway: GatewayProcess) -> Start:
    """By chat, without tools."""
    return Start(
        [
            "--yes-always", "--no-git", "--no-check-update", "--no-show-model-warnings", "--no-auto-lint", "--analytics-disable",
            "--edit-format", "whole", "--model", f"openai/{MODEL}", "--message", TASK, NAME,
        ],
        {"OPENAI_API_KEY": API_KEY, "OPENAI_API_BASE": gateway.base_url},
        {},
    )  # fmt: skip


AGENTS: dict[str, Callable[[GatewayProcess], Start]] = {
    "codex": codex,
    "opencode": opencode,
    "qwen": qwen,
    "gemini": gemini,
    "aider": aider,
}


def install(folder: Path, names: list[str]) -> None:
    """What installs; the rest is told when it is not found."""
    packages = [NODE[name] for name in names if name in NODE]
    if packages and shutil.which("npm"):
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder / "node"), *packages]
        subprocess.run(command, check=False)
    for name in names:
        if name in PYTHON:
            subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=False)
            pip = str(folder / name / "bin" / "pip")
            subprocess.run([pip, "install", "--quiet", PYTHON[name]], check=False)


def program(name: str, folder: Path | None) -> str | None:
    """Where an agent is: in the folder, else on the path."""
    places = [folder / "node" / "node_modules" / ".bin", folder / name / "bin"] if folder else []
    return shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ["PATH"]]))


def run(name: str, command: str) -> str:
    """One task; "ok", or what went wrong."""
    with tempfile.TemporaryDirectory() as home, ScriptedCoder(f"{home}/task") as provider:
        task = Path(home, "task")
        task.mkdir()
        rows = f'[providers.own]\nbase_url = "{provider.url}"\nmodels = [{{ id = "{MODEL}", context_length = 200000, prompt = "0", completion = "0" }}]\n'
        gateway = start_process(Path(home), rows, {}, None)
        try:
            start = AGENTS[name](gateway)
            for file, text in start.files.items():
                (task / file).parent.mkdir(exist_ok=True)
                (task / file).write_text(text)
            environment = {
                "PATH": os.environ["PATH"],
                "HOME": home,
                "CI": "1",
                "NO_COLOR": "1",
                "TERM": "dumb",
                **start.variables,
            }
            done = subprocess.run(
                [command, *start.arguments], cwd=task, env=environment, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"no end after {SECONDS} s; the provider was asked {len(provider.asked)} times"
        finally:
            gateway.stop()
        made = task / NAME
        if made.exists() and made.read_text().strip() == TEXT:
            return "ok"
        said = (done.stdout + done.stderr).strip()[-1500:]
        return f"exit {done.returncode}, asked {len(provider.asked)} times: {said}"


def main() -> int:
    """Verdicts by agent; 1 where one failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--install", type=Path)
    parser.add_argument("agents", nargs="*", default=list(AGENTS))
    chosen = parser.parse_args()
    if chosen.install is not None and not chosen.install.exists():
        install(chosen.install, chosen.agents)
    failed = False
    for name in chosen.agents:
        command = program(name, chosen.install)
        verdict = "not installed" if command is None else run(name, command)
        failed |= verdict not in {"ok", "not installed"}
        sys.stdout.write(f"{name}: {verdict}\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
