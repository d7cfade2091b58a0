"""What users say of a generation (spec `SubmitGenerationFeedbackRequest`), and what is needed of a database for it."""

from typing import Final, Literal, Protocol, TypeAlias

from msgspec import Struct

Category: TypeAlias = Literal[
    "latency", "incoherence", "incorrect_response", "formatting", "billing", "api_error", "other"
]


OF_THE_ANSWER: Final[frozenset[Category]] = frozenset(
    {"incoherence", "incorrect_response", "formatting", "api_error"}
)
"""What says that an answer was bad; the others are about its speed, its bill, or anything."""


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

    async def blamed(self, since: int) -> frozenset[str]:
        """Generations whose answer somebody called bad (`OF_THE_ANSWER`) from `since` (Unix milliseconds) on."""
        ...
