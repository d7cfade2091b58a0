"""Cohere: the Command models. Source: its API reference."""

from waystation.providers.base import Provider


class Cohere(Provider):
    """The address is without a version: chat, embeddings and rerank name theirs in the path."""

    slug = "cohere"
    name = "Cohere"
    dialect = "cohere"
    embeddings_dialect = "cohere_embeddings"
    rerank_dialect = "cohere_rerank"
    base_url = "https://api.cohere.com"
    key_variables = ("COHERE_API_KEY", "CO_API_KEY")


PROVIDER = Cohere
