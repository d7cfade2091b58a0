"""Sums by model and who served it alone, beside those by key, app and all the rest."""

import sqlalchemy as sa
from alembic import op

from waystation.storage.rollups import endpoint_labels, series_id

revision = "0031"
down_revision = "0030"

_SUMS = (
    "requests",
    "errors",
    "cancelled",
    "unpriced",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cost",
    "byok_cost",
    "answered",
    "answered_tokens",
    "latency",
    "generation_time",
)
_LABELS = (
    "key_hash",
    "user_id",
    "workspace_id",
    "app",
    "origin",
    "model",
    "provider",
    "provider_name",
    "endpoint_id",
    "api_type",
    "finish_reason",
)
_SERIES = sa.table("series", sa.column("id"), *(sa.column(name) for name in _LABELS))


def upgrade() -> None:
    """Make the table, and add up what is there."""
    op.create_table(
        "endpoint_activity",
        sa.Column("span", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("start", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("series", sa.BigInteger(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
        sa.PrimaryKeyConstraint("span", "start", "series", name="pk_endpoint_activity"),
        sqlite_with_rowid=False,
    )
    found = op.get_bind().execute(sa.select(_SERIES)).all()
    if not found:
        return
    parts = {row.id: endpoint_labels(tuple(row)[1:]) for row in found}
    known = {row.id for row in found}
    whole = {series_id(labels): labels for labels in parts.values()}
    new = [dict(zip(("id", *_LABELS), (one, *labels), strict=True)) for one, labels in whole.items()]
    op.bulk_insert(_SERIES, [row for row in new if row["id"] not in known])
    part_of = op.create_table(
        "part_of_endpoint",
        sa.Column("part", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("whole", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_part_of_endpoint"),
        prefixes=["TEMPORARY"],
    )
    op.bulk_insert(part_of, [{"part": one, "whole": series_id(labels)} for one, labels in parts.items()])
    sums = ", ".join(f"SUM(activity.{name})" for name in _SUMS)
    op.execute(
        f"INSERT INTO endpoint_activity (span, start, series, {', '.join(_SUMS)}) "  # noqa: S608 - names of our own
        f"SELECT activity.span, activity.start, part_of_endpoint.whole, {sums} FROM activity "
        "JOIN part_of_endpoint ON part_of_endpoint.part = activity.series WHERE activity.span > 60 "
        "GROUP BY activity.span, activity.start, part_of_endpoint.whole"
    )
    op.drop_table("part_of_endpoint")


def downgrade() -> None:
    """Remove it."""
    op.drop_table("endpoint_activity")
