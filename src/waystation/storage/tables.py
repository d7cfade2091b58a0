"""The tables. Times are Unix milliseconds, days are days since 1970-01-01 (UTC), money is nano-dollars."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s"})

keys = Table(
    "keys",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("label", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_management", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("disabled", Boolean, nullable=False),
    Column("creator_user_id", Text),
    Column("workspace_id", Text),
    Column("origin", String(16), nullable=False),
    Column("limit", BigInteger),
    Column("limit_reset", String(16)),
    Column("include_byok_in_limit", Boolean, nullable=False, server_default=false()),
    Column("updated_at", BigInteger),
    Column("parent_hash", String(64)),
)

key_changes = Table(
    "key_changes",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("key_hash", String(64), nullable=False),
)
"""The latest changes of `keys`, numbered without gaps in the order of their commits: what other processes read to keep up."""

auth_codes = Table(
    "auth_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("grant", Text, nullable=False),
)
"""Codes of the OAuth flow that wait to be exchanged. `grant` is the `accounts.grants.Grant` as JSON."""

generations = Table(
    "generations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("key_hash", String(64), nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text),
    Column("status", Integer, nullable=False),
    Column("cost", BigInteger),
    Column("upstream_cost", BigInteger),
    Column("is_byok", Boolean, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
    Column("router", Text),
)
"""`record` is the whole `GenerationRecord` as JSON; the other columns are what is asked for. `cost` null is unknown.

Generations are asked for by id, which begins with the second they began in; those whose model a router picked, few
among many, by an index of their own."""

Index(
    "ix_generations_routed",
    generations.c.id,
    sqlite_where=generations.c.router.is_not(None),
    postgresql_where=generations.c.router.is_not(None),
)

daily_spend = Table(
    "daily_spend",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("cost", BigInteger, nullable=False),
    Column("byok_cost", BigInteger, nullable=False),
    Column("generations", BigInteger, nullable=False),
)
"""Sums over `generations`, kept in the transaction that adds them: what a key has spent is never a scan."""

ledger_transactions = Table(
    "ledger_transactions",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("created_at", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("reference", String(128)),
    UniqueConstraint("reference", name="uq_ledger_transactions_reference"),
)
"""Movements of money, only ever added. `reference` is the caller's own name of one, so that it can be sent twice."""

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("account", String(80), primary_key=True),
    Column("amount", BigInteger, nullable=False),
)
"""The sides of each movement, whose amounts add up to 0. Accounts: `credits`, the kinds of what comes in, `usage:HASH`."""

ledger_balances = Table(
    "ledger_balances",
    metadata,
    Column("account", String(80), primary_key=True),
    Column("balance", BigInteger, nullable=False),
)
"""The sum of each account's entries, kept in the transaction that adds them."""

leases = Table(
    "leases",
    metadata,
    Column("fund", String(64), primary_key=True),
    Column("first_day", Integer, primary_key=True),
    Column("holder", String(64), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("renewed_at", BigInteger, nullable=False),
)
"""What each process may still spend, or has spent without its records being here yet (`credits.lease`)."""
SUMS = (
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
"""What `activity` sums. `answered` had content; `answered_tokens`, `latency` and `generation_time` are of those alone."""

series = Table(
    "series",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_hash", String(64), nullable=False),
    Column("user_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("app", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("provider_name", Text, nullable=False),
    Column("endpoint_id", Text, nullable=False),
    Column("api_type", Text, nullable=False),
    Column("finish_reason", Text, nullable=False),
)
"""What generations have in common that are summed together. `id` is a hash of the rest; an empty text is no value."""

activity = Table(
    "activity",
    metadata,
    Column("span", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    *(Column(name, BigInteger, nullable=False) for name in SUMS),
    sqlite_with_rowid=False,
)
"""Sums over `generations` by series, for each minute, hour and day (`span` seconds from `start`, Unix seconds), kept in
the transaction that adds them. They stay when generations are pruned."""

endpoint_activity = Table(
    "endpoint_activity",
    metadata,
    Column("span", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    *(Column(name, BigInteger, nullable=False) for name in SUMS),
    sqlite_with_rowid=False,
)
"""The sums of `activity`'s hours and days again, of all keys, users and apps together: `series` are those that name a
model and who served it and nothing else. What asks for no more is answered from here: there are far fewer rows."""

generation_content = Table(
    "generation_content",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("content", Text, nullable=False),
)
"""Prompts and answers, where they are stored at all: `content` is a `GenerationContent` as JSON."""

generation_feedback = Table(
    "generation_feedback",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("generation_id", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("key_hash", String(64), nullable=False),
    Column("category", String(32), nullable=False),
    Column("comment", Text),
)
"""What users said of generations, each time they said it."""
