"""What each wire does with what embeddings and rerank requests can say: found out by asking the dialects, like the grid of chats."""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import structs

from spoken_operations import EMBEDDINGS, RERANK
from waystation.codec.dialect import RenderedRequest, Target
from waystation.errors import InvalidRequest
from waystation.operations.embeddings import Content, EmbeddingsRequest, Tokens
from waystation.operations.parts import Image, Text
from waystation.operations.rerank import Document, RerankRequest

PNG = "data:image/png;base64,iVBORw0KGgo="
MODELS = {
    "bedrock_embeddings": ("cohere.embed-v4:0", "amazon.titan-embed-text-v2:0", "amazon.nova-2-multimodal-embeddings-v1:0"),
    "cohere_embeddings": ("embed-v4.0",),
    "gemini_embeddings": ("gemini-embedding-001", "gemini-embedding-2"),
    "jina_embeddings": ("jina-embeddings-v4",),
    "mistral_embeddings": ("mistral-embed",),
    "nvidia_embeddings": ("nvidia/nv-embed-v1",),
    "ollama_embeddings": ("embeddinggemma",),
    "openai_embeddings": ("text-embedding-3-small",),
    "openrouter_embeddings": ("openai/text-embedding-3-small",),
    "perplexity_embeddings": ("pplx-embed-v1-0.6b",),
    "vertex_embeddings": ("text-embedding-005", "gemini-embedding-001"),
    "voyage_embeddings": ("voyage-3.5",),
}  # fmt: skip
"""Models of each embeddings wire that are asked for in different ways."""
PLAIN = EmbeddingsRequest("openai_embeddings", "m", ("Hi",))
EMBEDDINGS_FEATURES = {
    "token ids": structs.replace(PLAIN, inputs=(Tokens((1, 2)),)),
    "image": structs.replace(PLAIN, inputs=(Content((Image(PNG),)),)),
    "text and image as one input": structs.replace(PLAIN, inputs=(Content((Text("Hi"), Image(PNG))),)),
    "`dimensions`": structs.replace(PLAIN, dimensions=256),
    "`input_type`: search_query": structs.replace(PLAIN, input_type="search_query"),
    "`input_type`: a word of one's own": structs.replace(PLAIN, input_type="gardening"),
    "`user`": structs.replace(PLAIN, user="u"),
    "another field": structs.replace(PLAIN, extras={"other": 1}),
}
DOCUMENTS = RerankRequest("rerank", "m", "q", (Document("a"), Document("b")))
RERANK_FEATURES = {
    "images as documents": structs.replace(DOCUMENTS, documents=(Document("a"), Document("b", PNG))),
    "`top_n`": structs.replace(DOCUMENTS, top_n=1),
    "another field": structs.replace(DOCUMENTS, extras={"other": 1}),
}
Asked = TypeVar("Asked", EmbeddingsRequest, RerankRequest)
Grid = Mapping[str, Mapping[str, str]]


def embeddings_grid() -> Grid:
    """Verdicts by model and feature."""
    grid = {}
    for dialect in sorted(EMBEDDINGS, key=lambda one: one.name):
        for model in MODELS[dialect.name]:
            target = Target(model, model_id=model)
            row = {"inputs in one call": str(dialect.most_inputs(target))}
            for name, request in EMBEDDINGS_FEATURES.items():
                row[name] = verdict(dialect.render_request, request, PLAIN, target)
            grid[f"`{dialect.name}`: {model}"] = row
    return grid


def rerank_grid() -> Grid:
    """Verdicts by dialect and feature."""
    target = Target("m", model_id="acme/m")
    return {
        f"`{dialect.name}`": {
            name: verdict(dialect.render_request, request, DOCUMENTS, target)
            for name, request in RERANK_FEATURES.items()
        }
        for dialect in sorted(RERANK, key=lambda one: one.name)
    }


def verdict(
    render: Callable[[Asked, Target], RenderedRequest], request: Asked, without: Asked, target: Target
) -> str:
    """`works`, `lossy`, `refused`, or `LOST`: neither said nor noted."""
    try:
        said = render(request, target)
    except InvalidRequest:
        return "refused"
    plain = render(without, target)
    if set(said.dropped) - set(plain.dropped):
        return "lossy"
    return "works" if json.dumps(said.body) != json.dumps(plain.body) else "LOST"


def section(title: str, words: str, grid: Grid) -> list[str]:
    """A table of the page: a wire a line."""
    names = list(next(iter(grid.values())))
    return [
        "",
        f"## {title}",
        "",
        words,
        "",
        f"| | {' | '.join(names)} |",
        f"| --- {'| --- ' * len(names)}|",
        *(f"| {wire} | {' | '.join(row.values())} |" for wire, row in grid.items()),
    ]
