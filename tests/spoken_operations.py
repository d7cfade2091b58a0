"""Every dialect of embeddings and rerank, for the tests that ask all of them."""

from waystation.codec.operation_dialect import EmbeddingsOutward, RerankOutward
from waystation.dialects import (
    bedrock_embeddings,
    cohere_embeddings,
    gemini_embeddings,
    ollama_embeddings,
    openai_embeddings,
    rerank,
)

EMBEDDINGS: tuple[EmbeddingsOutward, ...] = (
    *openai_embeddings.DIALECTS,
    bedrock_embeddings.DIALECT,
    cohere_embeddings.DIALECT,
    gemini_embeddings.DIALECT,
    gemini_embeddings.VERTEX,
    ollama_embeddings.DIALECT,
)
RERANK: tuple[RerankOutward, ...] = rerank.DIALECTS
