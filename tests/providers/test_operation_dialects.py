"""Every provider's embeddings and rerank are asked for in a dialect that exists."""

import pytest

from spoken_operations import EMBEDDINGS, RERANK
from waystation.providers.base import Provider
from waystation.providers.registry import Registry
from waystation.settings import Settings

PROVIDERS = Registry.build(Settings()).all()


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.slug)
def test_a_provider_speaks_dialects_that_exist(provider: Provider) -> None:
    assert provider.embeddings_dialect in {dialect.name for dialect in EMBEDDINGS}
    assert provider.rerank_dialect in {dialect.name for dialect in RERANK}


def test_providers_with_words_of_their_own() -> None:
    spoken = {provider.slug: (provider.embeddings_dialect, provider.rerank_dialect) for provider in PROVIDERS}

    assert spoken["openai"] == ("openai_embeddings", "rerank")
    assert spoken["cohere"] == ("cohere_embeddings", "cohere_rerank")
    assert spoken["voyageai"] == ("voyage_embeddings", "voyage_rerank")
    assert spoken["jina"] == ("jina_embeddings", "jina_rerank")
    assert spoken["amazon-bedrock"] == ("bedrock_embeddings", "bedrock_rerank")
    assert spoken["google-ai-studio"][0] == "gemini_embeddings"
    assert spoken["google-vertex"][0] == "vertex_embeddings"
    assert spoken["ollama"][0] == "ollama_embeddings"
