"""What every `KeyStore` owes, asked of each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from waystation.accounts.keys import Account, KeyStore
from waystation.storage.engine import open_engine
from waystation.storage.keys import SqlKeyStore
from waystation.storage.memory import MemoryKeyStore
from waystation.storage.migrations import migrate

PLAIN = Account("0" * 64, "sk-...abc", "Plain", is_management=False, created_at=1000)
FULL = Account(
    "f" * 64,
    "sk-...def",
    "Füll",
    is_management=True,
    created_at=500,
    expires_at=4_102_444_800_000,
    disabled=True,
    creator_user_id="user_1",
    workspace_id="workspace-1",
    origin="settings",
    limit=5_000_000_000,
    limit_reset="weekly",
    include_byok_in_limit=True,
    updated_at=700,
)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[KeyStore]:
    if request.param == "memory":
        yield MemoryKeyStore()
        return
    migrate("", tmp_path)
    engine = open_engine("", tmp_path)
    yield SqlKeyStore(engine)
    await engine.dispose()


async def test_an_empty_store_has_no_keys(store: KeyStore) -> None:
    assert await store.all() == []
    assert await store.get(PLAIN.key_hash) is None


async def test_accounts_come_back_whole_and_oldest_first(store: KeyStore) -> None:
    await store.add(PLAIN)
    await store.add(FULL)

    assert await store.all() == [FULL, PLAIN]
    assert await store.get(FULL.key_hash) == FULL


async def test_adding_a_known_hash_replaces_its_account(store: KeyStore) -> None:
    await store.add(PLAIN)
    await store.add(replace(PLAIN, name="Renamed"))

    assert await store.all() == [replace(PLAIN, name="Renamed")]


async def test_a_revoked_key_is_gone_and_can_come_back(store: KeyStore) -> None:
    await store.add(PLAIN)

    assert await store.revoke(PLAIN.key_hash)
    assert await store.all() == []
    assert not await store.revoke(PLAIN.key_hash)

    await store.add(PLAIN)
    assert await store.get(PLAIN.key_hash) == PLAIN
