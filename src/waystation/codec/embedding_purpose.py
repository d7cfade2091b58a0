"""What an embedding is for, in one set of words: callers say it in those of whichever provider they know."""

from types import MappingProxyType
from typing import Final

QUERY: Final = "query"
DOCUMENT: Final = "document"
_SPELLINGS: Final = {
    QUERY: ("query", "search_query", "retrieval_query", "retrieval.query", "text_retrieval", "generic_retrieval"),
    DOCUMENT: (
        "document", "passage", "search_document", "retrieval_document", "retrieval.passage", "generic_index",
    ),
    "classification": ("classification",),
    "clustering": ("clustering", "separation"),
    "similarity": ("similarity", "semantic_similarity", "sentence_similarity", "text-matching", "text_matching"),
    "question_answering": ("question_answering", "qa"),
    "fact_verification": ("fact_verification", "fact_checking"),
    "code_query": ("code", "code_query", "code.query", "code_retrieval_query", "nl2code.query"),
    "code_document": ("code_passage", "code_document", "code.passage", "nl2code.passage"),
}  # fmt: skip
_PURPOSES: Final = MappingProxyType(
    {spelling: purpose for purpose, spellings in _SPELLINGS.items() for spelling in spellings}
)


def purpose_of(input_type: str | None) -> str | None:
    """One of query, document, classification, clustering, similarity ...; None for a word that is none of these."""
    return _PURPOSES.get((input_type or "").strip().lower())
