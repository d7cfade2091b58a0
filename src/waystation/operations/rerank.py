"""Rerank: a query and documents go in, the documents that answer it best come out. Nothing here knows a wire format."""

from msgspec import Struct

from waystation.operations.parts import JsonObject
from waystation.operations.preferences import ProviderPreferences
from waystation.operations.usage import Usage


class Document(Struct, frozen=True):
    """One of the documents: text, an image (URL or data URL), or both."""

    text: str | None = None
    image: str | None = None


class RerankRequest(Struct, frozen=True):
    """An order asked for (contract section 22). `top_n` None: of all documents."""

    dialect: str
    model: str
    query: str
    documents: tuple[Document, ...]
    top_n: int | None = None
    provider: ProviderPreferences | None = None
    extras: JsonObject | None = None
    models: tuple[str, ...] = ()
    """What to try after `model`, in order."""

    @property
    def wanted(self) -> int:
        """How many documents the answer has."""
        count = len(self.documents)
        return count if self.top_n is None else min(self.top_n, count)


class Ranked(Struct, frozen=True):
    """One document's place: its index among those asked about, and its relevance."""

    index: int
    score: float


class RerankResult(Struct, frozen=True):
    """The best `wanted` documents, best first. `search_units` is what Cohere's models are charged by."""

    dialect: str
    ranked: tuple[Ranked, ...]
    upstream_id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    search_units: int | None = None
