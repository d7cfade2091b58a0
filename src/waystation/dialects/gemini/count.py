"""`:countTokens`, toward AI Studio and for clients: a request of its own, or one of `generateContent` inside it."""

import re
from typing import Final

from msgspec import json

from waystation.codec.dialect import RenderedRequest, Target
from waystation.codec.json_answer import count_at, decode_answer
from waystation.codec.request_body import decode_object
from waystation.dialects.gemini.request import parse_request
from waystation.dialects.gemini.request_body import render_request
from waystation.dialects.gemini.wire import camel_keys, object_of
from waystation.errors import BadResponse
from waystation.operations.chat import ChatRequest

_VERB: Final = re.compile(r":\w+$")
_SETTINGS: Final = ("systemInstruction", "tools", "toolConfig", "generationConfig")


def render_count(request: ChatRequest, target: Target) -> RenderedRequest:
    """The question. Instructions and tools count only inside a whole request."""
    rendered = render_request(request, target)
    path = _VERB.sub(":countTokens", rendered.path.partition("?")[0])
    inner = {"model": f"models/{target.native_id}", "contents": rendered.body["contents"]}
    inner |= {key: rendered.body[key] for key in _SETTINGS if key in rendered.body}
    return RenderedRequest(path, {"generateContentRequest": inner}, rendered.dropped, rendered.headers)


def parse_count(body: bytes) -> int:
    """The answer."""
    tokens = count_at(decode_answer(body), "totalTokens")
    if tokens is None:
        raise BadResponse("The provider's answer counts nothing.")
    return tokens


def parse_count_request(body: bytes, path: str) -> ChatRequest:
    """A client's question."""
    value = camel_keys(decode_object(body))
    inner = object_of(value.get("generateContentRequest")) or value
    return parse_request(json.encode(inner), path)


def render_count_answer(tokens: int, *, estimated: bool) -> bytes:
    """For a client. Only an estimate says what it is."""
    return json.encode({"totalTokens": tokens, "estimated": True} if estimated else {"totalTokens": tokens})
