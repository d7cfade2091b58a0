"""Inputs of embeddings for wires that take some kinds and not others. What a wire cannot take is the caller's to hear."""

from collections.abc import Sequence

from waystation.errors import InvalidRequest
from waystation.operations.embeddings import Content, EmbeddingInput, Tokens
from waystation.operations.parts import Text


def texts_of(inputs: Sequence[EmbeddingInput]) -> list[str]:
    """Every input as text; `InvalidRequest` where one is anything else."""
    return [text_of(one) for one in inputs]


def text_of(one: EmbeddingInput) -> str:
    """An input as text: several pieces of text are joined by line feeds."""
    if isinstance(one, str):
        return one
    refuse_tokens(one)
    if isinstance(one, Content) and all(isinstance(part, Text) for part in one.parts):
        return "\n".join(part.text for part in one.parts if isinstance(part, Text))
    raise InvalidRequest("input: this model takes text only.")


def is_plain(one: EmbeddingInput) -> bool:
    """Whether `text_of` can say it."""
    return isinstance(one, str) or (
        isinstance(one, Content) and all(isinstance(part, Text) for part in one.parts)
    )


def refuse_tokens(one: EmbeddingInput) -> None:
    """`InvalidRequest` for token ids, which mean nothing to another tokenizer."""
    if isinstance(one, Tokens):
        raise InvalidRequest("input: this model takes text, not token ids.")
