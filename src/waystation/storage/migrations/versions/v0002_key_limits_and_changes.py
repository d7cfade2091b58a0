"""Limits of keys, the changes that other processes follow, and the codes of the OAuth flow."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Widen `keys`; make the two tables."""
    with op.batch_alter_table("keys") as keys:
        keys.add_column(sa.Column("limit", sa.BigInteger()))
        keys.add_column(sa.Column("limit_reset", sa.String(16)))
        keys.add_column(
            sa.Column("include_byok_in_limit", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        keys.add_column(sa.Column("updated_at", sa.BigInteger()))
        keys.add_column(sa.Column("parent_hash", sa.String(64)))
    op.create_table(
        "key_changes",
        sa.Column("revision", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_key_changes"),
    )
    op.create_table(
        "auth_codes",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("grant", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name="pk_auth_codes"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("auth_codes")
    op.drop_table("key_changes")
    with op.batch_alter_table("keys") as keys:
        for name in ("parent_hash", "updated_at", "include_byok_in_limit", "limit_reset", "limit"):
            keys.drop_column(name)
