"""OpenAI-compatible providers: a row of `compatible.toml` each, and any server of the user's own.

Such a provider has no code, only facts. One that needs a decision is not a row but a file of its own.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta, field

from waystation.providers.base import Configuration, Provider
from waystation.providers.manners import Manners

Variable = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Row(Manners, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """One provider as data: where it is, which variables hold its key, and its manners.

    `base_url` is empty where every account has its own; `base_url_like` then shows what the operator has to fill in.
    """

    name: Annotated[str, Meta(min_length=1)]
    base_url: str = ""
    base_url_like: str = ""
    key_variables: tuple[Variable, ...] = ()
    auth: str = "bearer"
    headers: dict[str, str] = field(default_factory=dict)
    embeddings_dialect: str = "openai_embeddings"
    rerank_dialect: str = "rerank"


class CompatibleProvider(Provider):
    """A provider made of a row."""

    def __init__(self, slug: str, row: Row, configuration: Configuration | None = None) -> None:
        self.slug = slug
        self.name = row.name
        self.base_url = row.base_url
        self.base_url_like = row.base_url_like
        self.key_variables = row.key_variables
        self.auth = row.auth
        self.headers = tuple(row.headers.items())
        self.embeddings_dialect = row.embeddings_dialect
        self.rerank_dialect = row.rerank_dialect
        self.manners = row
        super().__init__(configuration)


class OwnServer(Provider):
    """A server of the user's own, known by its configuration alone; it needs no key."""

    needs_key = False

    def __init__(self, slug: str, configuration: Configuration) -> None:
        self.slug = slug
        self.name = slug
        super().__init__(configuration)


def rows() -> Mapping[str, Row]:
    """The packaged table, by slug."""
    return read_rows(files("waystation.providers").joinpath("compatible.toml").read_bytes())


def read_rows(table: bytes) -> dict[str, Row]:
    """Rows by slug; raises `msgspec.ValidationError` naming the first that is no row."""
    return msgspec.toml.decode(table, type=dict[str, Row])
