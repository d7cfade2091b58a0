"""The keys that exist before anybody made one: the first two of a new gateway, and those of the `[keys]` settings.

Several processes may start at once: whoever writes `first-keys.toml` first decides, the others read it.
"""

import asyncio
import os
import time
import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from waystation.accounts.keys import Account, KeyStore, Origin, account_of, hash_key, make_key
from waystation.errors import InvalidRequest

FILE_NAME = "first-keys.toml"
_HEAD = "# The first keys of this gateway. Delete this file once you have put them somewhere safe.\n"


class FirstKeys(Struct, frozen=True):
    """The raw first keys; nobody else ever knows them again."""

    api_key: str
    management_key: str


async def bootstrap(
    store: KeyStore, data_dir: Path, *, prefix: str, api_key: str = "", management_key: str = ""
) -> FirstKeys | None:
    """Make the keys of the settings the valid ones; where there is no key at all, make the first two and return them."""
    await apply_settings(store, prefix=prefix, api_key=api_key, management_key=management_key)
    if await store.all():
        return None
    keys = await asyncio.to_thread(_first_keys, data_dir, prefix)
    await store.add(_new(keys.api_key, "First key", prefix, "first_start", is_management=False))
    await store.add(
        _new(keys.management_key, "First management key", prefix, "first_start", is_management=True)
    )
    return keys


async def apply_settings(
    store: KeyStore, *, prefix: str, api_key: str = "", management_key: str = ""
) -> None:
    """Make the keys of the settings valid and revoke those that earlier settings named; empty means none."""
    if api_key and api_key == management_key:
        raise InvalidRequest("keys.api_key and keys.management_key must differ.")
    known = {account.key_hash: account for account in await store.all()}
    wanted = {hash_key(raw): (raw, is_management) for raw, is_management in _given(api_key, management_key)}
    for account in known.values():
        if account.origin == "settings" and account.key_hash not in wanted:
            await store.revoke(account.key_hash)
    for key_hash, (raw, is_management) in wanted.items():
        if _stands(known.get(key_hash), is_management=is_management):
            continue
        name = "Management key of the settings" if is_management else "Key of the settings"
        await store.add(_new(raw, name, prefix, "settings", is_management=is_management))


def read_first_keys(data_dir: Path) -> FirstKeys | None:
    """The first keys, while the operator has not deleted the file; None for a file that is not one of ours."""
    try:
        text = (data_dir / FILE_NAME).read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(text), FirstKeys)
    except (FileNotFoundError, tomllib.TOMLDecodeError, msgspec.ValidationError):
        return None


def _first_keys(data_dir: Path, prefix: str) -> FirstKeys:
    """The keys of the file, which is written first where there is none."""
    keys = FirstKeys(make_key(prefix), make_key(prefix))
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = data_dir / f".{FILE_NAME}.{os.getpid()}"
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(f'{_HEAD}api_key = "{keys.api_key}"\nmanagement_key = "{keys.management_key}"\n')
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, data_dir / FILE_NAME)
    except FileExistsError:
        earlier = read_first_keys(data_dir)
        if earlier is not None:
            return earlier
        draft.replace(data_dir / FILE_NAME)
    finally:
        draft.unlink(missing_ok=True)
    return keys


def _given(api_key: str, management_key: str) -> list[tuple[str, bool]]:
    return [(raw, is_management) for raw, is_management in ((api_key, False), (management_key, True)) if raw]


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
