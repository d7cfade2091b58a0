"""`waystation keys`: list, make, change and revoke keys in the database, beside a gateway that runs or not."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import click

from waystation.cli.key_rows import COLUMNS, SHOWN_HASH, facts, row
from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import print_json, print_table

if TYPE_CHECKING:
    from waystation.accounts.keys import Account, LimitReset
    from waystation.accounts.store import KeyStore
    from waystation.settings import Settings

_Result = TypeVar("_Result")
NO_LIMIT = -1
"""What `--limit none` says."""
_NO_SUCH_KEY = 'no such key; "waystation keys list" shows ids and names'
RESETS = click.Choice(["daily", "weekly", "monthly", "never"])


class Usd(click.ParamType[int]):
    """An amount of USD as nano-dollars, or `none`."""

    name = "usd"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nano-dollars; -1 stands for `none`."""
        from decimal import Decimal, InvalidOperation

        from waystation.credits.money import nano_of

        if isinstance(value, int):
            return value
        if value == "none":
            return NO_LIMIT
        try:
            nano = nano_of(Decimal(str(value)))
        except (InvalidOperation, ValueError):
            nano = -1
        if not 0 <= nano <= 10**18:
            self.fail('expected an amount of USD such as 12.50, or "none"', param, ctx)
        return nano


@click.group(short_help="List, make, change and revoke keys.")
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
        print_json([facts(account) for account in accounts])
        return
    print_table(COLUMNS, [row(account) for account in accounts])


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
@click.option(
    "--limit", type=Usd(), metavar="USD", help="The most that the key may spend (default: no limit)."
)
@click.option("--limit-reset", type=RESETS, help="Let the limit start anew each UTC day, week or month.")
@click.argument("name")
def create(
    config_path: str | None,
    data_dir: str | None,
    name: str,
    expires: datetime | None,
    *,
    limit: int | None,
    limit_reset: str | None,
    as_json: bool,
    management: bool,
) -> None:
    """Make a key called NAME and print it, the only time it is shown.

    The key alone goes to standard output. A running gateway knows it within a second.

    \b
    Examples:
      waystation keys create "my laptop"
      KEY=$(waystation keys create ci --expires 2030-01-01)
      waystation keys create student --limit 5 --limit-reset monthly
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
    account = replace(
        account,
        expires_at=None if expires is None else int(expires.replace(tzinfo=UTC).timestamp() * 1000),
        limit=None if limit == NO_LIMIT else limit,
        limit_reset=_reset(limit_reset),
    )
    _with_store(settings, lambda store: store.add(account))
    if as_json:
        print_json({"raw_key": raw} | facts(account))
        return
    click.echo(raw)
    click.echo("Keep it: it is not shown again. A running gateway knows it within a second.", err=True)


@keys.command(short_help="Change a key.")
@configured
@json_option
@click.option("--name", help="Call it something else.")
@click.option("--limit", type=Usd(), metavar="USD", help='The most that it may spend, or "none".')
@click.option("--limit-reset", type=RESETS, help="When the limit starts anew.")
@click.option("--disable/--enable", default=None, help="Refuse the key until it is enabled again.")
@click.argument("key")
def change(
    config_path: str | None,
    data_dir: str | None,
    key: str,
    *,
    name: str | None,
    limit: int | None,
    limit_reset: str | None,
    as_json: bool,
    disable: bool | None,
) -> None:
    """Change what is said of a key. KEY is its id from the list, its name, or the key itself.

    What no option names stays as it is. A running gateway knows it within a second.

    \b
    Examples:
      waystation keys change ci --disable
      waystation keys change "my laptop" --limit 20 --limit-reset monthly
    """
    settings = read_settings(config_path, data_dir)
    from msgspec import UNSET

    from waystation.accounts.store import KeyEdit

    edit = KeyEdit(
        name=name or UNSET,
        disabled=UNSET if disable is None else disable,
        limit=UNSET if limit is None else None if limit == NO_LIMIT else limit,
        limit_reset=UNSET if limit_reset is None else _reset(limit_reset),
        updated_at=int(time.time() * 1000),
    )
    account = _find(_with_store(settings, lambda store: store.all()), key)
    changed = _with_store(settings, lambda store: store.update(account.key_hash, edit))
    if changed is None:
        raise click.ClickException(_NO_SUCH_KEY)
    if as_json:
        print_json(facts(changed))
    else:
        print_table(COLUMNS, [row(changed)])


@keys.command(short_help="Revoke a key.")
@configured
@click.argument("key")
def revoke(config_path: str | None, data_dir: str | None, key: str) -> None:
    """Revoke a key for good. KEY is its id from the list, its name, or the key itself.

    A running gateway refuses the key within a second. A key of the configuration comes back with the
    next start until it is removed there.

    \b
    Examples:
      waystation keys revoke 3f9a1c0b2d4e
      waystation keys revoke "my laptop"
    """
    settings = read_settings(config_path, data_dir)
    account = _find(_with_store(settings, lambda store: store.all()), key)
    _with_store(settings, lambda store: store.revoke(account.key_hash))
    click.echo(f"Revoked {account.label} ({account.name}). A running gateway refuses it within a second.")


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
        if account.name == key or (len(key) >= SHOWN_HASH and account.key_hash.startswith(key))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(account.key_hash[:SHOWN_HASH] for account in found)
        raise click.ClickException(f"{len(found)} keys have this name; use an id: {ids}")
    raise click.ClickException(_NO_SUCH_KEY)


def _reset(word: str | None) -> "LimitReset | None":
    from msgspec import convert

    from waystation.accounts.keys import LimitReset

    return None if word in (None, "never") else convert(word, LimitReset)
