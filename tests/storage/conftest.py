from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.storage.engine import open_engine
from waystation.storage.migrations import migrate


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a new, migrated database."""
    migrate("", tmp_path)
    engine = open_engine("", tmp_path)
    yield engine
    await engine.dispose()
