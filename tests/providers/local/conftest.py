"""The real embedded model for the tests beside this file: one child process for all that only talk to it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from openai import AsyncOpenAI

from waystation.providers.local import weights
from waystation.providers.local.engine import LocalEngine


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The installed weights; without them the tests of the real model are skipped, except in CI."""
    found = weights.status()
    if not found.ready or found.weights is None:
        if os.environ.get("CI"):
            pytest.fail(found.detail)
        pytest.skip(found.detail)
    return found.weights


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_engine(model_path: Path) -> AsyncIterator[LocalEngine]:
    """One engine, for tests that leave it as they found it."""
    engine = LocalEngine()
    yield engine
    await engine.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def client(shared_engine: LocalEngine) -> AsyncIterator[AsyncOpenAI]:
    """The official SDK, pointed at the child process itself."""
    base_url, api_key = await shared_engine.base_url()
    async with AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=0) as connected:
        yield connected
