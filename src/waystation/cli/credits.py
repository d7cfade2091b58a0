"""`waystation credits`: the balance and what moved it, beside a gateway that runs or not."""

import time
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, TypeVar

import click

from waystation.cli.options import configured, json_option, read_settings
from waystation.cli.output import print_json, print_table

if TYPE_CHECKING:
    from waystation.credits.store import EntryKind, Ledger
    from waystation.settings import Settings

_Result = TypeVar("_Result")
_note = click.option("--note", default="", metavar="TEXT", help="What it was for.")
_reference = click.option(
    "--reference",
    metavar="NAME",
    help="A name of your own; a second movement of the same name changes nothing.",
)


@click.group("credits", short_help="Show, add and take credits.")
def credit() -> None:
    """The prepaid balance and the ledger behind it. Amounts are USD.

    Balances are enforced where credits.mode is "prepaid"; otherwise they only show what was spent.
    """


@credit.command(short_help="Show the balance.")
@configured
@json_option
def show(config_path: str | None, data_dir: str | None, *, as_json: bool) -> None:
    """Show what was credited, what was charged, and what is left.

    A gateway that is running may have up to a second of charges that are not in the database yet.

    \b
    Examples:
      waystation credits show
      waystation credits show --json
    """
    settings = read_settings(config_path, data_dir)
    totals = _with_ledger(settings, lambda ledger: ledger.totals())
    amounts = {
        "credited": _usd(totals.credited),
        "charged": _usd(totals.charged),
        "balance": _usd(totals.balance),
    }
    if as_json:
        print_json(amounts | {"mode": settings.credits.mode})
        return
    print_table(("", "USD"), list(amounts.items()))


@credit.command(short_help="Add credits.")
@configured
@_note
@_reference
@click.argument("amount")
def add(config_path: str | None, data_dir: str | None, amount: str, note: str, reference: str | None) -> None:
    """Add AMOUNT to the balance, at once and for a running gateway too.

    \b
    Examples:
      waystation credits add 100
      waystation credits add 25.50 --note "invoice 7" --reference invoice-7
    """
    nano = _nano(amount)
    if nano < 0:
        raise click.UsageError('AMOUNT: above 0; take credit back with "waystation credits adjust"')
    _move(read_settings(config_path, data_dir), "purchase", nano, note, reference)


@credit.command(short_help="Correct the balance.", context_settings={"ignore_unknown_options": True})
@configured
@_note
@_reference
@click.argument("amount")
def adjust(
    config_path: str | None, data_dir: str | None, amount: str, note: str, reference: str | None
) -> None:
    """Correct the balance by AMOUNT, which may be negative.

    What running requests hold is not taken from them: a balance may end below 0 by that much.

    \b
    Examples:
      waystation credits adjust -2.5 --note "double payment"
    """
    _move(read_settings(config_path, data_dir), "adjustment", _nano(amount), note, reference)


@credit.command(short_help="List what moved the balance.")
@configured
@json_option
@click.option("--count", default=50, show_default=True, type=click.IntRange(1), help="How many, the newest.")
def ledger(config_path: str | None, data_dir: str | None, *, count: int, as_json: bool) -> None:
    """List movements of the balance, newest first. Charges are one movement for each batch of records.

    \b
    Examples:
      waystation credits ledger --count 10
    """
    settings = read_settings(config_path, data_dir)
    entries = _with_ledger(settings, lambda ledger: ledger.entries(count))
    rows = [
        (str(one.number), _time(one.created_at), one.kind, _usd(one.amount), one.note, one.reference or "")
        for one in entries
    ]
    columns = ("number", "time", "kind", "USD", "note", "reference")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    print_table(columns, rows)


def _move(settings: "Settings", kind: "EntryKind", nano: int, note: str, reference: str | None) -> None:
    now = int(time.time() * 1000)
    entry = _with_ledger(settings, lambda ledger: ledger.credit(kind, nano, note, reference, now))
    totals = _with_ledger(settings, lambda ledger: ledger.totals())
    click.echo(
        f"Movement {entry.number}: {_usd(entry.amount)} USD. The balance is {_usd(totals.balance)} USD."
    )


def _with_ledger(settings: "Settings", act: "Callable[[Ledger], Awaitable[_Result]]") -> _Result:
    """Do one thing with the ledger of a database whose schema is current."""
    import asyncio

    from waystation.storage.engine import open_engine
    from waystation.storage.ledger import SqlLedger
    from waystation.storage.migrations import migrate

    url, data_dir = settings.storage.database_url, settings.storage.data_path
    migrate(url, data_dir)

    async def work() -> _Result:
        engine = open_engine(url, data_dir)
        try:
            return await act(SqlLedger(engine))
        finally:
            await engine.dispose()

    return asyncio.run(work())


def _nano(amount: str) -> int:
    """USD as the operator wrote them."""
    from waystation.credits.money import decimal_of, nano_of

    try:
        usd = Decimal(amount)
        nano = nano_of(usd)
    except (InvalidOperation, ValueError):
        raise click.UsageError(f"AMOUNT: {amount} is no amount of USD") from None
    if not nano or abs(usd) > 10**9 or decimal_of(nano) != usd:
        raise click.UsageError("AMOUNT: not 0, at most 1,000,000,000, at most nine digits after the point")
    return nano


def _usd(nano: int) -> str:
    from waystation.credits.money import decimal_of

    return f"{decimal_of(nano):f}"


def _time(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(milliseconds / 1000))
