"""Fixtures of the acceptance tests: gateways that run, and the shared replay server."""

import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from contract_setting import CONTRACT_TOML, Contract
from gateway_process import GatewayProcess, StartGateway, start_process
from scripted_provider import ScriptedProvider
from shared_folder import shared


@pytest.fixture(scope="session")
def start_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartGateway]:
    """Start a gateway with this TOML and these extra variables; all are stopped at the end of the session."""
    started: list[GatewayProcess] = []

    def start(
        toml: str, environment: dict[str, str] | None = None, data_dir: Path | None = None
    ) -> GatewayProcess:
        gateway = start_process(tmp_path_factory.mktemp("gateway"), toml, environment or {}, data_dir)
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        gateway.stop()


@pytest.fixture(scope="session")
def replay_module() -> ModuleType:
    """The shared replay server as a module."""
    path = shared("tools", "replay_upstream.py")
    spec = importlib.util.spec_from_file_location("replay_upstream", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["replay_upstream"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def contract(start_gateway: StartGateway) -> Iterator[Contract]:
    """The gateway that the tests of the contract share."""
    with ScriptedProvider() as first, ScriptedProvider() as second:
        yield Contract(start_gateway(CONTRACT_TOML.format(first=first.url, second=second.url)), first, second)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Something for the provider to wait at; opened at the end whatever happens."""
    event = threading.Event()
    yield event
    event.set()
