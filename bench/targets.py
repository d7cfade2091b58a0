"""What is measured: the mock upstream itself, nginx before it, and gateways before it, each with its configuration."""

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from processes import BenchError, Processes, free_port

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
API_KEY = "sk-ws-v1-" + "bec0ffee" * 8
MODEL = "bench/mock-model"
NGINX_PLACES = f"{os.defpath}:/usr/sbin:/usr/local/sbin:/usr/local/bin"

NGINX_CONFIGURATION = """\
daemon off;
{user}worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_max_body_size 0;
  client_body_buffer_size 256k;
  client_body_temp_path temp; proxy_temp_path temp;
  fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
  upstream mock {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""

GATEWAY_CONFIGURATION = """\
[server]
host = "127.0.0.1"
port = {port}
workers = 1

[storage]
data_dir = "{data}"

[keys]
api_key = "{key}"

[providers.bench]
dialect = "openai_chat"
base_url = "http://127.0.0.1:{upstream}/v1"
api_key = "sk-bench-upstream"
models = [
  {{ id = "{model}", native_id = "mock-model", context_length = 32768, prompt = "0.000001", completion = "0.000002" }},
]
"""


@dataclass(frozen=True)
class Target:
    """One row of the tables: where it listens, whom it asks for, and the root of its process tree."""

    name: str
    port: int
    pid: int
    key: str = "sk-bench"
    model: str = "mock-model"
    path: str = "/v1/chat/completions"
    is_gateway: bool = False


def start_upstream(processes: Processes, cpu_number: int) -> Target:
    """The mock upstream: 60 chunks, 5 ms apart. Asked directly it is the floor of every figure."""
    port = free_port()
    pid = processes.start(
        "direct", [str(HERE / "bin/mock_upstream"), str(port), "60", "5000"], cpu_number=cpu_number
    )
    processes.wait_until_ready("direct", port, "/v1/models", seconds=10)
    return Target("direct", port, pid)


def find_nginx() -> str | None:
    """The nginx program; installed with apt-get where we are root and it is missing; None with a word of why."""
    if found := shutil.which("nginx", path=NGINX_PLACES):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("nginx is missing: apt-get install nginx-light", flush=True)
        install = ["apt-get", "install", "-y", "--no-install-recommends", "nginx-light"]
        for command in (install, ["apt-get", "update"], install):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if found := shutil.which("nginx", path=NGINX_PLACES):
                return found
        print(f"it could not be installed: {done.stderr.strip()[-300:]}")
    print(
        "no nginx here: its row and the ratios to it are left out (Debian, Ubuntu: apt-get install nginx-light)"
    )
    return None


def start_nginx(processes: Processes, program: str, work: Path, upstream: Target, cpu_number: int) -> Target:
    """nginx's proxy_pass with one worker: bytes passed on, nothing parsed; the peer of the ratios."""
    port, home = free_port(), work / "nginx"
    (home / "temp").mkdir(parents=True, exist_ok=True)
    user = "user root;\n" if os.geteuid() == 0 else ""
    configuration = home / "nginx.conf"
    configuration.write_text(NGINX_CONFIGURATION.format(user=user, port=port, upstream=upstream.port))
    pid = processes.start(
        "nginx", [program, "-p", str(home), "-c", str(configuration)], cpu_number=cpu_number
    )
    processes.wait_until_ready("nginx", port, "/v1/models", seconds=10)
    return Target("nginx", port, pid)


def start_gateway(
    processes: Processes,
    name: str,
    work: Path,
    upstream: Target,
    *,
    cpu_number: int,
    source: Path,
    command: str | None,
) -> Target:
    """The gateway of checkout `source` with a fresh data folder and one provider, the mock.

    A `command` is run in its place; it may hold {config} and {port}.
    """
    port, home = free_port(), work / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    configuration = work / f"{name}.toml"
    values = {"port": port, "data": home / "data", "key": API_KEY, "upstream": upstream.port, "model": MODEL}
    configuration.write_text(GATEWAY_CONFIGURATION.format(**values))
    words = shlex.split(command) if command else _serve(source)
    words = [word.replace("{config}", str(configuration)).replace("{port}", str(port)) for word in words]
    environment = {} if command else {"PYTHONPATH": str(source / "src")}
    pid = processes.start(name, words, cpu_number=cpu_number, environment=environment)
    processes.wait_until_ready(name, port, "/health/ready")
    return Target(name, port, pid, API_KEY, MODEL, "/api/v1/chat/completions", is_gateway=True)


def _serve(source: Path) -> list[str]:
    """`waystation serve` of a checkout, run by its own .venv or, where it has none, by this Python."""
    if not (source / "src/waystation/__main__.py").exists():
        raise BenchError(f"{source} holds no gateway: src/waystation/__main__.py is missing")
    own = source / ".venv/bin/python"
    python = str(own) if own.exists() else sys.executable
    return [python, "-m", "waystation", "serve", "--config", "{config}"]
