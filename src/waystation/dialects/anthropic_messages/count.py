"""`POST /messages/count_tokens`, toward providers and for clients: a request without an answer to it."""

from typing import Final

from msgspec import json

from waystation.codec.dialect import RenderedRequest, Target
from waystation.codec.json_answer import count_at, decode_answer
from waystation.dialects.anthropic_messages.request import render_request
from waystation.errors import BadResponse
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject

PATH: Final = "/messages/count_tokens"
_COUNTED: Final = (
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
)
"""What the route takes of a request; it refuses sampling and limits."""


def render_count(request: ChatRequest, target: Target) -> RenderedRequest:
    """The question: what of the request a prompt is made of."""
    rendered = render_request(request, target)
    body: JsonObject = {key: rendered.body[key] for key in _COUNTED if key in rendered.body}
    return RenderedRequest(PATH, body, rendered.dropped, rendered.headers)


def parse_count(body: bytes) -> int:
    """The answer."""
    tokens = count_at(decode_answer(body), "input_tokens")
    if tokens is None:
        raise BadResponse("The provider's answer counts nothing.")
    return tokens


def render_count_answer(tokens: int, *, estimated: bool) -> bytes:
    """For a client. Only an estimate says what it is: Anthropic's own answer has no field for it."""
    return json.encode({"input_tokens": tokens, "estimated": True} if estimated else {"input_tokens": tokens})
