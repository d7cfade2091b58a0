"""Keys, generations, and what each key spent each day."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first three tables."""
    op.create_table(
        "keys",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_management", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("creator_user_id", sa.Text()),
        sa.Column("workspace_id", sa.Text()),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_keys"),
    )
    op.create_table(
        "generations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text()),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger()),
        sa.Column("upstream_cost", sa.BigInteger()),
        sa.Column("is_byok", sa.Boolean(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_generations"),
    )
    op.create_table(
        "daily_spend",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("byok_cost", sa.BigInteger(), nullable=False),
        sa.Column("generations", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", "day", name="pk_daily_spend"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("daily_spend")
    op.drop_table("generations")
    op.drop_table("keys")
