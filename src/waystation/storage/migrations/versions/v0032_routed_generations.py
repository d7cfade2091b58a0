"""Generations whose model a router picked are found without reading all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Add the column with its index, and say it of those that are there."""
    op.add_column("generations", sa.Column("router", sa.Text()))
    of_record = (
        "record::json->>'router'" if op.get_context().dialect.name == "postgresql" else "record->>'$.router'"
    )
    op.execute(f"""UPDATE generations SET router = {of_record} WHERE record LIKE '%"router":"%'""")  # noqa: S608 - ours
    picked = sa.text("router IS NOT NULL")
    op.create_index(
        "ix_generations_routed", "generations", ["id"], sqlite_where=picked, postgresql_where=picked
    )


def downgrade() -> None:
    """Remove both."""
    op.drop_index("ix_generations_routed", "generations")
    with op.batch_alter_table("generations") as table:
        table.drop_column("router")
