"""What clients may ask, and in which wires: the routes of inference, each with its dialect and what serves it."""

from collections.abc import Awaitable, Mapping
from typing import Any, Self

from msgspec import Struct

from waystation.api.count_tokens import counting
from waystation.api.credentials import with_google_key
from waystation.api.description import InferenceRoute
from waystation.api.inference import Entry, Inference, Serve
from waystation.codec.dialect import Dialect
from waystation.codec.operation_dialect import EmbeddingsOutward, RerankOutward
from waystation.dialects import (
    anthropic_messages,
    gemini,
    openai_chat,
    openai_completions,
    openai_responses,
    rerank_inbound,
)
from waystation.dialects.anthropic_messages.wire import WireRequest as MessagesBody
from waystation.dialects.gemini.wire import WireRequest as GeminiBody
from waystation.dialects.openai_chat.wire import WireRequest as ChatBody
from waystation.dialects.openai_embeddings import inbound as embeddings_inbound
from waystation.dialects.openai_embeddings.inbound import WireRequest as EmbeddingsBody
from waystation.dialects.openai_responses.wire import WireRequest as ResponsesBody
from waystation.dialects.rerank_inbound import WireRequest as RerankBody
from waystation.exchange import Exchange
from waystation.pipeline.count import TokenCount
from waystation.pipeline.operations import Calls, Embeddings, Operation, Reranking
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
    "/messages/count_tokens": InferenceRoute("Count tokens (Anthropic)", "countTokens", MessagesBody),
    "/responses": InferenceRoute("Response (OpenAI)", "createResponses", ResponsesBody),
    "/embeddings": InferenceRoute("Embeddings", "createEmbeddings", EmbeddingsBody),
    "/rerank": InferenceRoute("Rerank", "createRerank", RerankBody),
    **{
        f"/v1beta/models/{{model}}:{verb}": InferenceRoute(summary, verb, GeminiBody, names_model=True)
        for verb, summary in (
            ("generateContent", "Generate (Google)"),
            ("streamGenerateContent", "Generate as a stream (Google)"),
        )
    },
    "/route": InferenceRoute(
        "Explain where a chat completion would go, without calling anyone",
        "explainRoute",
        ChatBody,
        is_explained=True,
    ),
}
"""What the gateway's own OpenAPI document says of them, by the path below `/api/v1`, or Google's own path."""


class Asked(Struct, frozen=True):
    """What serves each operation."""

    pipeline: Pipeline
    embeddings: Embeddings
    rerank: Reranking
    count: TokenCount

    @classmethod
    def of(
        cls,
        pipeline: Pipeline,
        calls: Calls,
        embeddings: Mapping[str, EmbeddingsOutward],
        rerank: Mapping[str, RerankOutward],
        count: TokenCount,
    ) -> Self:
        """All of them; the mappings hold the wires that providers speak."""
        return cls(
            pipeline,
            Embeddings(embeddings_inbound.INBOUND, embeddings, calls),
            Reranking(rerank_inbound.INBOUND, rerank, calls),
            count,
        )


def inference_routes(asked: Asked, entry: Entry) -> dict[str, Inference]:
    """The handlers, by path below a base."""
    pipeline = asked.pipeline
    chat = {
        path: Inference(dialect, chat_served(pipeline, dialect), entry)
        for dialect in DIALECTS
        for path in dialect.routes
    }
    return chat | {
        "/messages/count_tokens": Inference(
            anthropic_messages.DIALECT,
            counting(asked.count, anthropic_messages.DIALECT, pipeline.docs_root),
            entry,
        ),
        "/embeddings": Inference(
            _Named("openai_embeddings"), _served(pipeline, asked.embeddings, "embeddings"), entry
        ),
        "/rerank": Inference(_Named("rerank"), _served(pipeline, asked.rerank, "rerank"), entry),
    }


def google_routes(asked: Asked, entry: Entry) -> dict[str, Inference]:
    """The handlers of Google's wire, by the verb behind the model."""
    served = chat_served(asked.pipeline, gemini.DIALECT)
    one = Inference(gemini.DIALECT, served, entry, with_google_key)
    counted = counting(asked.count, gemini.DIALECT, asked.pipeline.docs_root)
    count = Inference(gemini.DIALECT, counted, entry, with_google_key)
    return dict.fromkeys(gemini.DIALECT.verbs, one) | {"countTokens": count}


def chat_served(pipeline: Pipeline, dialect: Dialect) -> Serve:
    """Chat in this wire."""

    def serve(exchange: Exchange, request: Request, answer: Answer) -> Awaitable[None]:
        return pipeline.serve(exchange, dialect, request.path, request.body, answer)

    return serve


def _served(pipeline: Pipeline, operation: Operation[Any], name: str) -> Serve:
    def serve(exchange: Exchange, request: Request, answer: Answer) -> Awaitable[None]:
        exchange.operation = name
        return pipeline.serve_operation(exchange, operation, openai_chat.DIALECT, request.body, answer)

    return serve


class _Named:
    """A wire whose errors are said as chat says them."""

    def __init__(self, name: str) -> None:
        self.name = name

    render_error = staticmethod(openai_chat.DIALECT.render_error)
