"""What providers may speak: every wire of chat, of embeddings and of rerank, by name."""

from waystation.app.inbound import DIALECTS
from waystation.codec.dialect import Outward
from waystation.codec.operation_dialect import EmbeddingsOutward, RerankOutward
from waystation.dialects import (
    bedrock_converse,
    bedrock_embeddings,
    cohere,
    cohere_embeddings,
    gemini_embeddings,
    ollama,
    ollama_embeddings,
    openai_embeddings,
    openai_responses,
    rerank,
)

OUTWARD: tuple[Outward, ...] = (
    *DIALECTS,
    bedrock_converse.DIALECT,
    cohere.DIALECT,
    ollama.DIALECT,
    openai_responses.AZURE,
    openai_responses.BEDROCK,
    openai_responses.XAI,
)
_EMBEDDINGS: tuple[EmbeddingsOutward, ...] = (
    *openai_embeddings.DIALECTS,
    bedrock_embeddings.DIALECT,
    cohere_embeddings.DIALECT,
    gemini_embeddings.DIALECT,
    gemini_embeddings.VERTEX,
    ollama_embeddings.DIALECT,
)
EMBEDDINGS: dict[str, EmbeddingsOutward] = {dialect.name: dialect for dialect in _EMBEDDINGS}
RERANK: dict[str, RerankOutward] = {dialect.name: dialect for dialect in rerank.DIALECTS}
