"""The keys that exist before anybody made one: the first two of a new gateway, and those of the `[keys]` settings.

Several processes may start at once: whoever writes `first-keys.toml` first decides, the others read it.
"""

import asyncio
import os
import secrets
import time
import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from waystation.accounts.keys import Account, Origin, account_of, hash_key, make_key
from waystation.accounts.store import KeyStore
from waystation.settings import KeySettings
from waystation.settings.problem import SettingsError

FILE_NAME = "first-keys.toml"
_HEAD = "# The first keys of this gateway. Delete this file once you have put them somewhere safe.\n"


class FirstKeys(Struct, frozen=True):
    """The raw first keys, None where the file or the key is gone. Nobody else ever knows them again."""

    path: Path
    inference: str | None = None
    management: str | None = None
    made_now: bool = False


async def ensure_keys(store: KeyStore, data_dir: Path, settings: KeySettings) -> FirstKeys:
    """Make the keys of the settings valid; where there is no key at all, make the first two.

    Returns the first keys as long as their file lies in the data folder and they are still valid.
    """
    await apply_settings(store, settings)
    known = {account.key_hash for account in await store.all()}
    if known:
        return _still_valid(await asyncio.to_thread(read_first_keys, data_dir), known)
    keys = await asyncio.to_thread(_first_keys, data_dir, settings.prefix)
    for raw, name, is_management in (
        (keys.inference, "First key", False),
        (keys.management, "First management key", True),
    ):
        if raw is not None:
            await store.add(_new(raw, name, settings.prefix, "first_start", is_management=is_management))
    return keys


async def apply_settings(store: KeyStore, settings: KeySettings) -> None:
    """Make the keys of the settings valid and revoke those that earlier settings named; empty means none."""
    if settings.api_key and settings.api_key == settings.management_key:
        raise SettingsError("keys.api_key: expected another key than keys.management_key")
    given = ((settings.api_key, False), (settings.management_key, True))
    wanted = {hash_key(raw): (raw, is_management) for raw, is_management in given if raw}
    known = {account.key_hash: account for account in await store.all()}
    for account in known.values():
        if account.origin == "settings" and account.key_hash not in wanted:
            await store.revoke(account.key_hash)
    for key_hash, (raw, is_management) in wanted.items():
        if _stands(known.get(key_hash), is_management=is_management):
            continue
        name = "Management key of the settings" if is_management else "Key of the settings"
        await store.add(_new(raw, name, settings.prefix, "settings", is_management=is_management))


def read_first_keys(data_dir: Path) -> FirstKeys:
    """What the file holds, while the operator has not deleted it; nothing of a file that is not ours."""
    path = data_dir / FILE_NAME
    try:
        return _parsed(path)
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, msgspec.ValidationError):
        return FirstKeys(path)


class _File(Struct, frozen=True):
    inference: str
    management: str


def _parsed(path: Path) -> FirstKeys:
    file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    return FirstKeys(path, file.inference, file.management)


def _still_valid(keys: FirstKeys, known: set[str]) -> FirstKeys:
    inference, management = (
        raw if raw is not None and hash_key(raw) in known else None
        for raw in (keys.inference, keys.management)
    )
    return FirstKeys(keys.path, inference, management)


def _first_keys(data_dir: Path, prefix: str) -> FirstKeys:
    """The keys of the file, which is written first where there is none."""
    path = data_dir / FILE_NAME
    keys = FirstKeys(path, make_key(prefix), make_key(prefix), made_now=True)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = data_dir / f".{FILE_NAME}.{secrets.token_hex(8)}"
    with os.fdopen(
        os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(f'{_HEAD}inference = "{keys.inference}"\nmanagement = "{keys.management}"\n')
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        earlier = read_first_keys(data_dir)
        if earlier.inference is not None:
            return earlier
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return keys


def _stands(account: Account | None, *, is_management: bool) -> bool:
    """Whether the store already holds the key just as the settings want it."""
    return (
        account is not None
        and account.origin == "settings"
        and account.is_management == is_management
        and not account.disabled
        and account.expires_at is None
    )


def _new(raw: str, name: str, prefix: str, origin: Origin, *, is_management: bool) -> Account:
    now = int(time.time() * 1000)
    return account_of(
        raw, name=name, is_management=is_management, created_at=now, prefix=prefix, origin=origin
    )
