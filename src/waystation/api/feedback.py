"""`POST /generation/feedback`: what users say of a generation (contract section 20)."""

import time
from typing import Annotated, Any, Literal

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from waystation.accounts.keys import Account
from waystation.api.generations import Finder, not_found
from waystation.api.roles import Role, needs
from waystation.generations.feedback import Category, Feedback, FeedbackStore
from waystation.generations.log import GenerationLog


class FeedbackBody(Struct, frozen=True):
    """Spec `SubmitGenerationFeedbackRequest`."""

    generation_id: Annotated[str, Meta(min_length=1)]
    category: Category
    comment: Annotated[str, Meta(max_length=1000)] | None = None


class Recorded(Struct, frozen=True):
    """It is kept."""

    success: Literal[True] = True


class FeedbackResponse(Struct, frozen=True):
    """The body of an answer to feedback."""

    data: Recorded = Recorded()


def feedback_routes(
    generations: GenerationLog, feedbacks: FeedbackStore, *, alone: bool, relaxed: bool
) -> list[HTTPRouteHandler]:
    """`relaxed`: inference keys may give feedback too, on their own generations."""
    find = Finder(alone=alone)

    @post(
        "/api/v1/generation/feedback",
        operation_id="submitGenerationFeedback",
        summary="Submit feedback for a generation",
        tags=["Generations"],
        opt=needs(Role.KEY if relaxed else Role.MANAGEMENT),
        status_code=200,
    )
    async def feedback(request: Request[Any, Account, Any], data: FeedbackBody) -> FeedbackResponse:
        account = request.auth
        record = await find.of(generations, data.generation_id)
        if record is None or not (account.is_management or record.key_hash == account.key_hash):
            raise not_found(data.generation_id)
        now = int(time.time() * 1000)
        await feedbacks.add(Feedback(record.id, now, account.key_hash, data.category, data.comment))
        return FeedbackResponse()

    return [feedback]
