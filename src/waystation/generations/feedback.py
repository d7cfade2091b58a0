"""What users say of a generation (spec `SubmitGenerationFeedbackRequest`), and what is needed of a database for it."""

from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

Category: TypeAlias = Literal[
    "latency", "incoherence", "incorrect_response", "formatting", "billing", "api_error", "other"
]


class Feedback(Struct, frozen=True):
    """One opinion; `created_at` is Unix milliseconds, `key_hash` is whose it is."""

    generation_id: str
    created_at: int
    key_hash: str
    category: Category
    comment: str | None = None


class FeedbackStore(Protocol):
    """Where opinions are kept."""

    async def add(self, feedback: Feedback) -> None:
        """Keep one; `Unavailable` where the store cannot be reached."""
        ...
