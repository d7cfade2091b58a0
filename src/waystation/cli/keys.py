"""`waystation keys`: list, make and revoke keys in the database, beside a gateway that runs or not."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import click

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import print_json, print_table

if TYPE_CHECKING:
    from waystation.accounts.keys import Account
    from waystation.accounts.store import KeyStore
    from waystation.settings import Settings

_Result = TypeVar("_Result")
_MADE_BY = {
    "first_start": "first start",
    "settings": "the configuration",
    "operator": "an operator",
    "oauth": "an app",
}
_SHOWN_HASH = 12


@click.group(short_help="List, make and revoke keys.")
def keys() -> None:
    """The keys that clients send. The database holds only their SHA-256, so a key is shown once: when it is made."""


@keys.command("list", short_help="List all keys.")
@configured
@json_option
def list_keys(config_path: str | None, data_dir: str | None, *, as_json: bool) -> None:
    """List all keys, oldest first, by what identifies them; the keys themselves cannot be shown.

    \b
    Examples:
      waystation keys list
      waystation keys list --json
    """
    settings = read_settings(config_path, data_dir)
    accounts = _with_store(settings, lambda store: store.all())
    if as_json:
        print_json([_facts(account) for account in accounts])
        return
    columns = ("id", "key", "name", "kind", "made", "made by", "expires", "state")
    print_table(columns, [_row(account) for account in accounts])


@keys.command(short_help="Make a key.")
@configured
@json_option
@click.option("--management", is_flag=True, help="Make a management key, which cannot be used for inference.")
@click.option(
    "--expires",
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Let the key end at the beginning of this day, UTC (default: never).",
)
@click.argument("name")
def create(
    config_path: str | None,
    data_dir: str | None,
    name: str,
    expires: datetime | None,
    *,
    as_json: bool,
    management: bool,
) -> None:
    """Make a key called NAME and print it, the only time it is shown.

    The key alone goes to standard output. A gateway that is running learns of it when it is started again.

    \b
    Examples:
      waystation keys create "my laptop"
      KEY=$(waystation keys create ci --expires 2030-01-01)
    """
    settings = read_settings(config_path, data_dir)
    from msgspec.structs import replace

    from waystation.accounts.keys import account_of, make_key

    raw = make_key(settings.keys.prefix)
    account = account_of(
        raw,
        name=name,
        is_management=management,
        created_at=int(time.time() * 1000),
        prefix=settings.keys.prefix,
    )
    if expires is not None:
        account = replace(account, expires_at=int(expires.replace(tzinfo=UTC).timestamp() * 1000))
    _with_store(settings, lambda store: store.add(account))
    if as_json:
        print_json({"raw_key": raw} | _facts(account))
        return
    click.echo(raw)
    click.echo("Keep it: it is not shown again. A running gateway knows it within a second or so.", err=True)


@keys.command(short_help="Revoke a key.")
@configured
@click.argument("key")
def revoke(config_path: str | None, data_dir: str | None, key: str) -> None:
    """Revoke a key for good. KEY is its id from the list, its name, or the key itself.

    A running gateway refuses the key within a second or so. A key of the configuration comes back with the
    next start until it is removed there.

    \b
    Examples:
      waystation keys revoke 3f9a1c0b2d4e
      waystation keys revoke "my laptop"
    """
    settings = read_settings(config_path, data_dir)
    account = _find(_with_store(settings, lambda store: store.all()), key)
    _with_store(settings, lambda store: store.revoke(account.key_hash))
    click.echo(
        f"Revoked {account.label} ({account.name}). A running gateway refuses it within a second or so."
    )


def _with_store(settings: "Settings", act: "Callable[[KeyStore], Awaitable[_Result]]") -> _Result:
    """Do one thing with the key store of a database whose schema is current."""
    import asyncio

    from waystation.storage.engine import open_engine
    from waystation.storage.keys import SqlKeyStore
    from waystation.storage.migrations import migrate

    url, data_dir = settings.storage.database_url, settings.storage.data_path
    migrate(url, data_dir)

    async def work() -> _Result:
        engine = open_engine(url, data_dir)
        try:
            return await act(SqlKeyStore(engine))
        finally:
            await engine.dispose()

    return asyncio.run(work())


def _find(accounts: "list[Account]", key: str) -> "Account":
    from waystation.accounts.keys import hash_key

    whole = hash_key(key)
    found = [account for account in accounts if account.key_hash in (whole, key)] or [
        account
        for account in accounts
        if account.name == key or (len(key) >= _SHOWN_HASH and account.key_hash.startswith(key))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(account.key_hash[:_SHOWN_HASH] for account in found)
        raise click.ClickException(f"{len(found)} keys have this name; use an id: {ids}")
    raise click.ClickException('no such key; "waystation keys list" shows ids and names')


def _facts(account: "Account") -> dict[str, object]:
    return {
        "hash": account.key_hash,
        "label": account.label,
        "name": account.name,
        "is_management": account.is_management,
        "created_at": _time(account.created_at),
        "expires_at": _time(account.expires_at),
        "disabled": account.disabled,
        "origin": account.origin,
    }


def _row(account: "Account") -> tuple[str, ...]:
    expired = account.expires_at is not None and account.expires_at <= time.time() * 1000
    return (
        account.key_hash[:_SHOWN_HASH],
        account.label,
        account.name,
        "management" if account.is_management else "inference",
        (_time(account.created_at) or "")[:10],
        _MADE_BY[account.origin],
        (_time(account.expires_at) or "never")[:10],
        "disabled" if account.disabled else "expired" if expired else "valid",
    )


def _time(milliseconds: int | None) -> str | None:
    """ISO 8601 in UTC."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
