"""`ChatResult` -> the `message` that answers `POST /v1/messages`. Source: schema `MessagesResult`."""

from typing import Final

from msgspec import json

from waystation.codec.dialect import Identity
from waystation.dialects.anthropic_messages.answer_blocks import citation_of, render_blocks
from waystation.dialects.anthropic_messages.finish import stop_reason
from waystation.dialects.anthropic_messages.usage import render_usage
from waystation.dialects.anthropic_messages.wire import NAME
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import JsonObject, Refusal
from waystation.operations.usage import Cost, Usage

_ENCODE: Final = json.Encoder().encode


def render_response(
    result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
) -> bytes:
    """The client's whole answer. This wire knows one choice: the first."""
    same_dialect = result.dialect == NAME
    choice = result.choices[0]
    blocks = render_blocks(choice.parts, same_dialect=same_dialect, thoughts=identity.include_reasoning)
    if not same_dialect:
        _add_citations(blocks, choice)
    body = opening(identity) | {"content": blocks} | ending(choice, same_dialect=same_dialect)
    body["usage"] = render_usage(
        result.usage or Usage(), cost, result.service_tier, same_dialect=same_dialect
    )
    if metadata is not None:
        body["openrouter_metadata"] = metadata
    return _ENCODE(body)


def opening(identity: Identity) -> JsonObject:
    """What is known before anything was said."""
    return {
        "id": identity.id,
        "type": "message",
        "role": "assistant",
        "model": identity.model,
        "provider": identity.provider,
        "container": None,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def ending(choice: Choice, *, same_dialect: bool) -> JsonObject:
    """Why it ended, and what else is known only then."""
    refusal = next((part.text for part in choice.parts if isinstance(part, Refusal)), None)
    reason = stop_reason(
        choice.finish_reason,
        choice.native_finish_reason,
        same_dialect=same_dialect,
        refused=refusal is not None,
    )
    said: JsonObject = {
        "stop_reason": reason,
        "stop_sequence": None,
        "stop_details": refusal_details(refusal) if reason == "refusal" and not same_dialect else None,
        "container": None,
    }
    return said | choice.message_extras if same_dialect and choice.message_extras else said


def refusal_details(explanation: str | None) -> JsonObject:
    """The `stop_details` of a refusal; the words are the model's, where it said any."""
    return {"type": "refusal", "category": None, "explanation": explanation}


def _add_citations(blocks: list[JsonObject], choice: Choice) -> None:
    """Other wires cite for the whole text: here they stand on the last block of it."""
    cited = [citation for value in choice.annotations if (citation := citation_of(value)) is not None]
    texts = [block for block in blocks if block["type"] == "text"]
    if cited and texts:
        texts[-1]["citations"] = cited
