"""The ledger, opened with what keys spent before it, and the leases of those who spend."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0002"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("ledger_transactions", "ledger_entries")
_OPENING = (
    """
    INSERT INTO ledger_transactions (created_at, kind, note)
    SELECT max(day) * 86400000, 'opening', 'spent before the ledger' FROM daily_spend HAVING sum(cost) > 0
    """,
    """
    INSERT INTO ledger_entries (number, account, amount)
    SELECT number, 'usage:' || key_hash, spent FROM ledger_transactions,
    (SELECT key_hash, sum(cost) AS spent FROM daily_spend GROUP BY key_hash) AS keys WHERE spent > 0
    """,
    """
    INSERT INTO ledger_entries (number, account, amount)
    SELECT number, 'credits', -sum(amount) FROM ledger_entries GROUP BY number
    """,
    """
    INSERT INTO ledger_balances (account, balance)
    SELECT account, sum(amount) FROM ledger_entries GROUP BY account
    """,
)


def upgrade() -> None:
    """Make the four tables, and post the sums of `daily_spend` as one movement."""
    op.create_table(
        "ledger_transactions",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reference", sa.String(128)),
        sa.PrimaryKeyConstraint("number", name="pk_ledger_transactions"),
        sa.UniqueConstraint("reference", name="uq_ledger_transactions_reference"),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("account", sa.String(80), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", "account", name="pk_ledger_entries"),
    )
    op.create_table(
        "ledger_balances",
        sa.Column("account", sa.String(80), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_ledger_balances"),
    )
    op.create_table(
        "leases",
        sa.Column("fund", sa.String(64), nullable=False),
        sa.Column("first_day", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("renewed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fund", "first_day", "holder", name="pk_leases"),
    )
    _open_ledger()
    if op.get_bind().dialect.name == "sqlite":
        for table in _TABLES:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END"
                )


def downgrade() -> None:
    """Remove them."""
    for table in ("leases", "ledger_balances", "ledger_entries", "ledger_transactions"):
        op.drop_table(table)


def _open_ledger() -> None:
    """One movement of everything spent so far; none where nothing was."""
    for statement in _OPENING:
        op.execute(statement)
