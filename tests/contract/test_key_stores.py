"""What every `KeyStore` owes, asked of each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from waystation.accounts.keys import Account, KeyChanges
from waystation.accounts.store import KeyEdit, KeyStore
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


async def test_a_key_gives_apps_only_so_many_keys(store: KeyStore) -> None:
    def given(number: int, **changes: object) -> Account:
        return replace(PLAIN, key_hash=f"{number:064x}", parent_hash=FULL.key_hash, **changes)

    await store.add(replace(PLAIN, parent_hash="e" * 64))
    assert await store.give(given(1, expires_at=2000), 3)
    assert await store.give(given(2, disabled=True), 3)
    at_once = await asyncio.gather(*(store.give(given(number), 3) for number in range(3, 7)))

    assert at_once.count(True) == 1
    assert await store.given(FULL.key_hash, 1000) == 3
    assert await store.given(FULL.key_hash, 2000) == 2
    assert len(await store.all()) == 4
    assert (await store.changes(None)).revision == 4
    assert await store.give(given(9, created_at=2000), 3)


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


async def test_an_edit_changes_what_it_names_and_nothing_else(store: KeyStore) -> None:
    await store.add(FULL)

    edited = await store.update(FULL.key_hash, KeyEdit(limit=None, name="New", updated_at=900))

    assert edited == replace(FULL, limit=None, name="New", updated_at=900)
    assert await store.get(FULL.key_hash) == edited
    assert await store.update(FULL.key_hash, KeyEdit()) == edited
    assert await store.update(PLAIN.key_hash, KeyEdit(disabled=True)) is None


async def test_a_page_holds_the_inference_keys_of_one_workspace_newest_first(store: KeyStore) -> None:
    plain = [replace(PLAIN, key_hash=f"{n:064x}", created_at=1000 + n) for n in range(5)]
    elsewhere = replace(PLAIN, key_hash="a" * 64, workspace_id="w")
    for account in (*plain[:4], replace(plain[4], disabled=True), elsewhere, replace(FULL, disabled=False)):
        await store.add(account)

    assert await store.page(None, include_disabled=False, offset=1, count=2) == [plain[2], plain[1]]
    everything = await store.page(None, include_disabled=True, offset=0, count=9)
    assert [account.created_at for account in everything] == [1004, 1003, 1002, 1001, 1000]
    assert await store.page("w", include_disabled=True, offset=0, count=9) == [elsewhere]
    assert await store.page("nowhere", include_disabled=True, offset=0, count=9) == []


async def test_a_page_can_leave_out_what_has_expired(store: KeyStore) -> None:
    expiring = replace(PLAIN, key_hash="e" * 64, created_at=2000, expires_at=5000)
    await store.add(PLAIN)
    await store.add(expiring)

    assert await store.page(None, count=9) == [expiring, PLAIN]
    assert await store.page(None, expired_by=4999, count=9) == [expiring, PLAIN]
    assert await store.page(None, expired_by=5000, count=9) == [PLAIN]


async def test_changes_are_told_to_who_asks_since_when(store: KeyStore) -> None:
    await store.add(PLAIN)
    first = await store.changes(None)
    assert (first.accounts, first.whole) == ((PLAIN,), True)
    assert await store.changes(first.revision) == KeyChanges(first.revision)

    await store.add(FULL)
    await store.update(FULL.key_hash, KeyEdit(name="Twice"))
    await store.revoke(PLAIN.key_hash)

    later = await store.changes(first.revision)
    assert later == KeyChanges(first.revision + 3, (replace(FULL, name="Twice"),), (PLAIN.key_hash,))


async def test_a_store_that_went_back_in_time_tells_everything(store: KeyStore) -> None:
    await store.add(PLAIN)

    assert await store.changes(4711) == KeyChanges(1, (PLAIN,), whole=True)
