import asyncio
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from waystation.accounts.bootstrap import FILE_NAME, ensure_keys, read_first_keys
from waystation.accounts.keys import KeyRing, hash_key
from waystation.accounts.store import refresh
from waystation.settings import KeySettings
from waystation.settings.problem import SettingsError
from waystation.storage.memory import MemoryKeyStore

NONE = KeySettings()
ONE = KeySettings(api_key="test-inference-key-1", management_key="test-management-key-1")


async def kinds(store: MemoryKeyStore) -> dict[str, bool]:
    """Hash of every valid key, and whether it is a management key."""
    return {account.key_hash: account.is_management for account in await store.all()}


async def test_the_first_start_makes_one_key_of_each_kind_and_keeps_them_for_the_owner_alone(
    tmp_path: Path,
) -> None:
    store = MemoryKeyStore()

    keys = await ensure_keys(store, tmp_path / "data", NONE)

    assert keys.made_now
    assert keys.inference is not None
    assert keys.management is not None
    assert keys.inference.startswith("sk-ws-v1-")
    assert await kinds(store) == {hash_key(keys.inference): False, hash_key(keys.management): True}
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert [file.name for file in keys.path.parent.iterdir()] == [FILE_NAME]


async def test_a_later_start_shows_the_first_keys_and_makes_none(tmp_path: Path) -> None:
    store = MemoryKeyStore()
    first = await ensure_keys(store, tmp_path, NONE)

    again = await ensure_keys(store, tmp_path, NONE)

    assert again == replace(first, made_now=False)
    assert len(await store.all()) == 2


async def test_a_deleted_file_stays_deleted(tmp_path: Path) -> None:
    store = MemoryKeyStore()
    first = await ensure_keys(store, tmp_path, NONE)
    first.path.unlink()

    again = await ensure_keys(store, tmp_path, NONE)

    assert (again.inference, again.management) == (None, None)
    assert not first.path.exists()


async def test_a_revoked_first_key_is_not_shown(tmp_path: Path) -> None:
    store = MemoryKeyStore()
    first = await ensure_keys(store, tmp_path, NONE)
    assert first.inference is not None
    await store.revoke(hash_key(first.inference))

    again = await ensure_keys(store, tmp_path, NONE)

    assert again.inference is None
    assert again.management == first.management


async def test_a_crash_between_file_and_database_loses_no_key(tmp_path: Path) -> None:
    first = await ensure_keys(MemoryKeyStore(), tmp_path, NONE)
    after_the_crash = MemoryKeyStore()

    again = await ensure_keys(after_the_crash, tmp_path, NONE)

    assert (again.inference, again.management) == (first.inference, first.management)
    assert len(await after_the_crash.all()) == 2


async def test_processes_that_start_together_agree_on_the_first_keys(tmp_path: Path) -> None:
    store = MemoryKeyStore()

    started = await asyncio.gather(*(ensure_keys(store, tmp_path, NONE) for _ in range(8)))

    assert len({keys.inference for keys in started}) == 1
    assert len(await store.all()) == 2


async def test_a_broken_file_gives_way_to_new_keys(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("not = [toml")

    keys = await ensure_keys(MemoryKeyStore(), tmp_path, NONE)

    assert keys.made_now
    assert read_first_keys(tmp_path) == replace(keys, made_now=False)


async def test_keys_of_the_settings_are_valid_and_stand_in_for_first_keys(tmp_path: Path) -> None:
    store, ring = MemoryKeyStore(), KeyRing()

    keys = await ensure_keys(store, tmp_path, ONE)
    await refresh(ring, store)

    inference, management = ring.find(b"test-inference-key-1"), ring.find(b"test-management-key-1")
    assert inference is not None
    assert management is not None
    assert (inference.is_management, management.is_management) == (False, True)
    assert keys.inference is None
    assert not (tmp_path / FILE_NAME).exists()


async def test_changing_a_key_of_the_settings_revokes_the_earlier_one_only(tmp_path: Path) -> None:
    store = MemoryKeyStore()
    first = await ensure_keys(store, tmp_path, NONE)
    assert first.inference is not None
    assert first.management is not None
    await ensure_keys(store, tmp_path, ONE)

    await ensure_keys(store, tmp_path, KeySettings(api_key="test-inference-key-2"))

    assert await kinds(store) == {
        hash_key(first.inference): False,
        hash_key(first.management): True,
        hash_key("test-inference-key-2"): False,
    }


async def test_a_key_of_the_settings_is_valid_again_from_the_next_start_on(tmp_path: Path) -> None:
    store = MemoryKeyStore()
    await ensure_keys(store, tmp_path, ONE)
    account = await store.get(hash_key("test-inference-key-1"))
    assert account is not None
    await store.add(replace(account, disabled=True, expires_at=1))

    await ensure_keys(store, tmp_path, ONE)

    again = await store.get(account.key_hash)
    assert again is not None
    assert not again.disabled
    assert again.expires_at is None


async def test_a_restart_with_the_same_settings_changes_nothing(tmp_path: Path) -> None:
    store = MemoryKeyStore()
    await ensure_keys(store, tmp_path, ONE)
    before = await store.all()

    await ensure_keys(store, tmp_path, ONE)

    assert await store.all() == before


async def test_one_key_cannot_be_of_both_kinds(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^keys\.api_key: "):
        await ensure_keys(MemoryKeyStore(), tmp_path, KeySettings(api_key="same", management_key="same"))
