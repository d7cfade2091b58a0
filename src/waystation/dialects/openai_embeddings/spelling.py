"""The providers' own words on OpenAI's embeddings wire, as data: one row a way of spelling the same request.

Sources: the API references of OpenAI, Mistral, Voyage, Jina, Perplexity, NVIDIA and OpenRouter.
"""

from types import MappingProxyType
from typing import Final, Literal

from msgspec import Struct

from waystation.operations.parts import JsonObject

_NO_WORDS: Final[MappingProxyType[str, str]] = MappingProxyType({})
_JINA_TASKS: Final = MappingProxyType(
    {
        "query": "retrieval.query",
        "document": "retrieval.passage",
        "similarity": "text-matching",
        "classification": "classification",
        "clustering": "separation",
        "code_query": "code.query",
        "code_document": "code.passage",
    }
)


class Spelling(Struct, frozen=True):
    """Names of fields, empty where a wire has none; `purposes`: its words for `codec.embedding_purpose`'s.

    `unsaid_purpose` is sent where the caller names none and the wire demands one. Texts that are too long are refused
    by all of them, never cut: `fixed` says so where that is not the wire's own rule.
    """

    name: str
    dimensions: str = "dimensions"
    encoding: str = "encoding_format"
    purpose: str = ""
    purposes: MappingProxyType[str, str] = _NO_WORDS
    unsaid_purpose: str | None = None
    keeps_purposes: bool = False
    """Whether the caller's own word is handed on."""
    tokens: bool = False
    media: Literal["none", "content", "single"] = "none"
    """Inputs other than text: as `{"content": [...]}`, as `{"image": ...}`, or not at all."""
    user: bool = False
    fixed: JsonObject = {}
    most_inputs: int = 2048
    voyage: bool = False
    """Whether models of images and of chunks have paths of their own."""
    signed_bytes: bool = False
    """Vectors are of signed bytes, and base64 is of them."""


OPENAI: Final = Spelling("openai_embeddings", tokens=True, user=True)
SPELLINGS: Final = (
    OPENAI,
    Spelling(
        "openrouter_embeddings",
        purpose="input_type",
        keeps_purposes=True,
        tokens=True,
        media="content",
        user=True,
    ),
    Spelling("mistral_embeddings", dimensions="output_dimension"),
    Spelling(
        "voyage_embeddings",
        dimensions="output_dimension",
        purpose="input_type",
        purposes=MappingProxyType({"query": "query", "document": "document"}),
        fixed={"truncation": False},
        most_inputs=1000,
        voyage=True,
    ),
    Spelling(
        "jina_embeddings",
        encoding="embedding_type",
        purpose="task",
        purposes=_JINA_TASKS,
        media="single",
    ),
    Spelling("perplexity_embeddings", encoding="", signed_bytes=True, most_inputs=512),
    Spelling(
        "nvidia_embeddings",
        purpose="input_type",
        purposes=MappingProxyType({"query": "query", "document": "passage"}),
        unsaid_purpose="passage",
    ),
)
