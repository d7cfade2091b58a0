"""`ChatResult` -> the response object that answers `POST /responses`. Source: schema `OpenResponsesResult`."""

import time
from typing import Final

from msgspec import json

from waystation.codec.dialect import Identity
from waystation.dialects.openai_responses.annotations import render_annotation
from waystation.dialects.openai_responses.answer_items import (
    Names,
    belongs,
    function_item,
    image_item,
    message_item,
    names_of,
    reasoning_item,
    refusal_piece,
    text_piece,
    token_chances,
)
from waystation.dialects.openai_responses.errors import failure
from waystation.dialects.openai_responses.tools import render_tool_choice, render_tools
from waystation.dialects.openai_responses.usage import render_usage
from waystation.dialects.openai_responses.wire import INSTRUCTIONS, ITEM, NAME, WHOLE, object_of
from waystation.operations.chat import ChatRequest, ChatResult, Choice
from waystation.operations.parts import (
    ImageOutput,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from waystation.operations.usage import Cost

_ENCODE: Final = json.Encoder().encode
_SAID: Final = ("metadata", "truncation", "safety_identifier", "prompt")
_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


def render_response(
    result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
) -> bytes:
    """The client's whole answer. This wire knows one choice: the first."""
    same_dialect = result.dialect == NAME
    choice = result.choices[0]
    body = response_object(identity, identity.request)
    if same_dialect and result.extras:
        body |= result.extras
    body |= ending(choice.finish_reason)
    if choice.error is not None:
        body |= failure(choice.error)
    body["completed_at"] = int(time.time()) if body["status"] == "completed" else None
    body["output"] = _output(choice, identity, same_dialect=same_dialect)
    if result.service_tier is not None:
        body["service_tier"] = result.service_tier
    if result.usage is not None:
        body["usage"] = render_usage(result.usage, cost, same_dialect=same_dialect)
    if metadata is not None:
        body["openrouter_metadata"] = metadata
    return _ENCODE(body)


def response_object(identity: Identity, request: ChatRequest | None) -> JsonObject:
    """The response before anything is in it: what was asked, and every key that the schema demands."""
    body: JsonObject = {
        "id": identity.id,
        "object": "response",
        "created_at": identity.created,
        "completed_at": None,
        "status": "in_progress",
        "model": identity.model,
        "output": [],
        "error": None,
        "incomplete_details": None,
        "usage": None,
    }
    return body | (_asked(request) if request is not None else _asked(ChatRequest(NAME, None, ())))


def ending(reason: str | None) -> JsonObject:
    """`status`, and why it is incomplete, by our word for how it ended."""
    cut = _INCOMPLETE.get(reason or "stop")
    if cut is None:
        return {"status": "completed", "incomplete_details": None}
    return {"status": "incomplete", "incomplete_details": {"reason": cut}}


def _asked(request: ChatRequest) -> JsonObject:
    said = request.extras or {}
    choice = request.tool_choice
    tools = render_tools(request.tools, NAME, [])
    return {
        "instructions": next(
            (_text_of(one.parts) for one in request.messages if one.extras == INSTRUCTIONS), None
        ),
        "max_output_tokens": request.max_tokens,
        "max_tool_calls": request.max_tool_calls,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "tool_choice": "auto" if choice is None else render_tool_choice(choice, NAME),
        "tools": tools,
        "reasoning": _reasoning(request),
        "text": _text(request),
        "prompt_cache_key": request.prompt_cache_key,
        "service_tier": request.service_tier or "auto",
        "user": request.user,
        "store": False,
        "background": False,
        "previous_response_id": None,
        "metadata": None,
    } | {key: said[key] for key in _SAID if key in said}


def _reasoning(request: ChatRequest) -> JsonObject:
    options = request.reasoning
    effort = options.effort if options is not None else None
    return {"effort": effort, "summary": options.summary if options is not None else None}


def _text(request: ChatRequest) -> JsonObject:
    wanted = request.response_format
    shape: JsonObject = {"type": wanted.kind if wanted is not None else "text"}
    if wanted is not None and wanted.kind == "json_schema":
        shape |= {
            "name": wanted.name or "answer",
            "schema": wanted.schema or {},
            "strict": wanted.strict,
            "description": wanted.description,
        }
        shape = {key: value for key, value in shape.items() if value is not None}
    told: JsonObject = {"format": shape}
    if request.verbosity is not None:
        told["verbosity"] = request.verbosity
    return told


def _text_of(parts: tuple[Part, ...]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


def _output(choice: Choice, identity: Identity, *, same_dialect: bool) -> list[JsonObject]:
    """The items in the order of the parts; neighbouring texts are one message unless their maker said otherwise."""
    names = names_of(identity.id, identity.request)
    items: list[JsonObject] = []
    thoughts: list[Reasoning] = []
    said: list[Text | Refusal] = []

    def flush() -> None:
        if thoughts and identity.include_reasoning:
            item = reasoning_item(thoughts, names)
            items.append(item | (thoughts[0].extras or {}) if same_dialect else item)
        if said:
            items.append(_message(said, choice, names, same_dialect=same_dialect))
        thoughts.clear()
        said.clear()

    for part in choice.parts:
        match part:
            case Reasoning():
                if said or (thoughts and not belongs(thoughts, part)):
                    flush()
                thoughts.append(part)
            case Text() | Refusal():
                if thoughts or (said and same_dialect and _item_of(part) != _item_of(said[-1])):
                    flush()
                said.append(part)
            case _:
                flush()
                item = _item(part, names, same_dialect=same_dialect)
                if item is not None:
                    items.append(item)
    flush()
    return items


def _item(part: Part, names: Names, *, same_dialect: bool) -> JsonObject | None:
    match part:
        case ToolCall():
            extras = part.extras if same_dialect else None
            return function_item(names, part.id, part.name, part.arguments, extras)
        case ImageOutput():
            whole = object_of((part.extras or {}).get(WHOLE)) if same_dialect else {}
            return whole or image_item(part.url, names)
        case Opaque(kind=kind, value=value) if kind == ITEM and same_dialect:
            return value
        case _:
            return None  # this wire has no item for sound that a model makes


def _message(said: list[Text | Refusal], choice: Choice, names: Names, *, same_dialect: bool) -> JsonObject:
    own = _item_of(said[0]) if same_dialect else {}
    pieces = [_piece(part, same_dialect=same_dialect) for part in said]
    texts = [piece for piece in pieces if piece["type"] == "output_text"]
    if texts and not same_dialect:
        texts[-1]["annotations"] = [
            told for value in choice.annotations if (told := render_annotation(value)) is not None
        ]
        texts[-1]["logprobs"] = token_chances(choice.logprobs)
    return message_item(names.identity("msg", str(own.get("id") or "")), pieces) | own


def _piece(part: Text | Refusal, *, same_dialect: bool) -> JsonObject:
    if isinstance(part, Refusal):
        return refusal_piece(part.text)
    own = object_of((part.extras or {}).get("piece")) if same_dialect else {}
    return text_piece(part.text) | own


def _item_of(part: Text | Refusal) -> JsonObject:
    """What the item of a text said beside it. A refusal belongs to the message that it stands in."""
    return object_of((part.extras or {}).get("item")) if isinstance(part, Text) else {}
