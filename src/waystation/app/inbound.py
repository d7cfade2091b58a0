"""What clients may ask, and in which wires: the routes of inference, each with its dialect and what serves it."""

from waystation.api.credentials import with_google_key
from waystation.api.description import InferenceRoute
from waystation.api.inference import Entry, Inference, Serve
from waystation.codec.dialect import Dialect
from waystation.dialects import anthropic_messages, gemini, openai_chat, openai_completions, openai_responses
from waystation.dialects.anthropic_messages.wire import WireRequest as MessagesBody
from waystation.dialects.openai_chat.wire import WireRequest as ChatBody
from waystation.dialects.openai_responses.wire import WireRequest as ResponsesBody
from waystation.exchange import Exchange
from waystation.pipeline.pipeline import Pipeline
from waystation.server.answer import Answer
from waystation.server.request import Request

DIALECTS: tuple[Dialect, ...] = (
    openai_chat.DIALECT,
    openai_completions.DIALECT,
    anthropic_messages.DIALECT,
    openai_responses.DIALECT,
    gemini.DIALECT,
)
"""The wires of chat."""
DESCRIBED = {
    "/chat/completions": InferenceRoute("Chat completion", "sendChatCompletionRequest", ChatBody),
    "/completions": InferenceRoute("Text completion (legacy)", "completions", ChatBody),
    "/messages": InferenceRoute("Message (Anthropic)", "createMessages", MessagesBody),
    "/responses": InferenceRoute("Response (OpenAI)", "createResponses", ResponsesBody),
}
"""What the gateway's own OpenAPI document says of them, by the path below `/api/v1`."""


def inference_routes(pipeline: Pipeline, entry: Entry) -> dict[str, Inference]:
    """The handlers, by path below a base."""
    return {
        path: Inference(dialect, chat_served(pipeline, dialect), entry)
        for dialect in DIALECTS
        for path in dialect.routes
    }


def google_routes(pipeline: Pipeline, entry: Entry) -> dict[str, Inference]:
    """The handlers of Google's wire, by the verb behind the model."""
    served = chat_served(pipeline, gemini.DIALECT)
    one = Inference(gemini.DIALECT, served, entry, with_google_key)
    return dict.fromkeys(gemini.DIALECT.verbs, one)


def chat_served(pipeline: Pipeline, dialect: Dialect) -> Serve:
    """Chat in this wire."""

    async def serve(exchange: Exchange, request: Request, answer: Answer) -> None:
        await pipeline.serve(exchange, dialect, request.path, request.body, answer)

    return serve
