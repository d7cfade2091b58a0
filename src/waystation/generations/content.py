"""What was asked and what was answered, where the operator has it stored: kept apart from records, and for less long.

Knows how it is shown (`GET /generation/content`, contract section 20), not how it is collected: that is the pipeline's.
"""

from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType

from waystation.generations.durable import DurableLog
from waystation.operations.parts import JsonObject


class FailedAttempt(Struct, frozen=True):
    """Spec `GenerationContentErrorAttempt`: one attempt that failed before the error that was told."""

    code: int
    message: str
    provider_name: str | None
    raw: str | None = None
    """What a provider said is not kept: it may repeat the credential it was asked with."""


class ContentError(Struct, frozen=True):
    """Spec `GenerationContentError`: what the client was told."""

    status: int | None
    message: str | None
    provider_name: str | None
    previous_errors: tuple[FailedAttempt, ...] = ()
    raw: str | None = None


class GenerationContent(Struct, frozen=True, omit_defaults=True):
    """Prompt and answer of one generation, redacted and cut. `prompt` of a legacy completion, else `messages`."""

    id: str
    key_hash: str
    prompt: str | None = None
    messages: tuple[JsonObject, ...] = ()
    completion: str | None = None
    reasoning: str | None = None
    tool_calls: tuple[JsonObject, ...] = ()
    error: ContentError | None = None


ContentLog: TypeAlias = DurableLog[GenerationContent]


class Input(Struct, frozen=True):
    """A prompt, or messages."""

    prompt: str | UnsetType = UNSET
    messages: tuple[JsonObject, ...] | UnsetType = UNSET


class Output(Struct, frozen=True):
    """`tool_calls` is ours, and only there where the model called tools."""

    completion: str | None
    reasoning: str | None
    tool_calls: tuple[JsonObject, ...] | UnsetType = UNSET


class ContentData(Struct, frozen=True):
    """Spec `GenerationContentData`."""

    input: Input
    output: Output
    error: ContentError | None


class ContentResponse(Struct, frozen=True):
    """The body of `GET /generation/content`."""

    data: ContentData


def content_response_of(content: GenerationContent) -> ContentResponse:
    """The body for what is stored of one generation."""
    prompt = content.prompt
    asked = Input(messages=content.messages) if prompt is None else Input(prompt=prompt)
    answered = Output(content.completion, content.reasoning, content.tool_calls or UNSET)
    return ContentResponse(ContentData(asked, answered, content.error))
