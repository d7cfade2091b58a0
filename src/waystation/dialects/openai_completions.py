"""Legacy text completions: the older skin of `openai_chat`, for clients only. Contract section 6.

A `prompt` comes in and becomes one user message; `text` choices go out. Everything else is the same wire, so this
dialect, and no other, is built upon its sibling. Toward providers a completion is asked as a chat.
"""

from typing import Final

from msgspec import json

from waystation.codec.dialect import Headers, Identity, RenderedRequest, StreamParser, Target
from waystation.codec.error_envelope import render_stream_error_object
from waystation.codec.request_body import decode_object
from waystation.dialects.openai_chat import DIALECT as CHAT
from waystation.dialects.openai_chat.chunks import ChunkRenderer
from waystation.dialects.openai_chat.reasoning import reasoning_text
from waystation.dialects.openai_chat.request import request_of
from waystation.dialects.openai_chat.usage import render_usage
from waystation.dialects.openai_chat.wire import NAME as CHAT_NAME
from waystation.errors import GatewayError, InvalidRequest, ProviderError
from waystation.operations.chat import ChatRequest, ChatResult, Choice
from waystation.operations.parts import JsonObject, Text
from waystation.operations.usage import Cost

NAME: Final = "openai_completions"
OBJECT: Final = "text_completion"


class OpenAICompletions:
    """The dialect `openai_completions`; see `codec.dialect.Dialect` for what each method owes."""

    name = NAME
    bytes_only: frozenset[str] = frozenset()
    routes: tuple[str, ...] = ("/completions",)
    told_in_answers: frozenset[str] = frozenset()

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """One prompt: a string, or a list of one string. Token ids are a 400, for they mean something to one model only."""
        del path
        value = decode_object(body)
        rest = {key: field for key, field in value.items() if key not in {"prompt", "messages", "logprobs"}}
        rest["prompt"] = _prompt(value.get("prompt"))
        rest |= _logprobs(value.get("logprobs"))
        return request_of(rest, NAME, is_completion=True)

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """As a chat."""
        return CHAT.render_request(request, target)

    def parse_response(self, body: bytes) -> ChatResult:
        """As a chat."""
        return CHAT.parse_response(body)

    def render_response(
        self, result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
    ) -> bytes:
        """A `text_completion`."""
        same_dialect = result.dialect == CHAT_NAME
        body: JsonObject = {
            "id": identity.id,
            "object": OBJECT,
            "created": identity.created,
            "model": identity.model,
            "provider": identity.provider,
            "system_fingerprint": result.system_fingerprint,
            "choices": [_render_choice(choice, identity) for choice in result.choices],
        }
        if result.usage is not None:
            body["usage"] = render_usage(result.usage, cost, same_dialect=same_dialect)
        if metadata is not None:
            body["openrouter_metadata"] = metadata
        return json.encode(body)

    def stream_parser(self) -> StreamParser:
        """As a chat."""
        return CHAT.stream_parser()

    def stream_renderer(self, identity: Identity) -> ChunkRenderer:
        """For one client's stream of `text_completion`."""
        return TextChunkRenderer(identity)

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """As a chat."""
        return CHAT.parse_error(status, headers, body)

    def render_error(
        self, error: GatewayError, generation_id: str | None, metadata: JsonObject | None
    ) -> bytes:
        """As a chat."""
        return CHAT.render_error(error, generation_id, metadata)


class TextChunkRenderer(ChunkRenderer):
    """The chat stream with `text` in place of `delta`. Tool calls and media have no words here and are left out."""

    object_name = OBJECT

    def _choice(
        self,
        index: int,
        delta: JsonObject,
        logprobs: JsonObject | None = None,
        extras: JsonObject | None = None,
        *,
        reason: str | None = None,
        native_reason: str | None = None,
    ) -> JsonObject:
        del extras
        text = delta.get("content") or ""
        value: JsonObject = {
            "index": index,
            "text": text,
            "logprobs": legacy_logprobs(logprobs),
            "finish_reason": reason,
            "native_finish_reason": native_reason,
        }
        if delta.get("reasoning"):
            value["reasoning"] = delta["reasoning"]
        return value


def _prompt(prompt: object) -> str:
    if isinstance(prompt, str):
        return prompt
    if prompt is None:
        raise InvalidRequest("prompt: is required.")
    if isinstance(prompt, list) and any(isinstance(item, int | list) for item in prompt):
        raise InvalidRequest("prompt: token ids are not supported, send text.")
    if not isinstance(prompt, list) or len(prompt) != 1 or not isinstance(prompt[0], str):
        raise InvalidRequest("prompt: must be a string, or a list of one string.")
    return prompt[0]


def _logprobs(count: object) -> JsonObject:
    """The number of alternatives a completion asks for, as chat says it."""
    if count is None or count is False:
        return {}
    if count is True:
        return {"logprobs": True}
    if not isinstance(count, int) or not 0 <= count <= 20:
        raise InvalidRequest("logprobs: must be a number from 0 to 20.")
    return {"logprobs": True, "top_logprobs": count}


def _render_choice(choice: Choice, identity: Identity) -> JsonObject:
    value: JsonObject = {
        "index": choice.index,
        "text": "".join([part.text for part in choice.parts if isinstance(part, Text)]),
        "logprobs": legacy_logprobs(choice.logprobs),
        "finish_reason": choice.finish_reason or "stop",
        "native_finish_reason": choice.native_finish_reason,
    }
    if identity.include_reasoning and (thought := reasoning_text(choice.parts)):
        value["reasoning"] = thought
    if choice.error is not None:
        value["error"] = render_stream_error_object(choice.error)
    return value


def legacy_logprobs(logprobs: JsonObject | None) -> JsonObject | None:
    """Chat's log probabilities in the parallel lists of text completions."""
    content = logprobs.get("content") if logprobs else None
    if not isinstance(content, list):
        return None
    items = [item for item in content if isinstance(item, dict)]
    tokens = [item["token"] if isinstance(item.get("token"), str) else "" for item in items]
    offsets, at = [], 0
    for token in tokens:
        offsets.append(at)
        at += len(token)
    return {
        "tokens": tokens,
        "token_logprobs": [item.get("logprob") for item in items],
        "top_logprobs": [_alternatives(item.get("top_logprobs")) for item in items],
        "text_offset": offsets,
    }


def _alternatives(values: object) -> JsonObject:
    found = [item for item in values if isinstance(item, dict)] if isinstance(values, list) else []
    return {item["token"]: item.get("logprob") for item in found if isinstance(item.get("token"), str)}


DIALECT = OpenAICompletions()
