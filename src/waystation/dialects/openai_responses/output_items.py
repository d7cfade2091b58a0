"""Items of an answer -> parts. One place for whole answers and for what a stream says at the end of an item."""

import secrets
from collections.abc import Iterator
from typing import Final

from msgspec import json, structs

from waystation.dialects.openai_responses.wire import (
    ITEM,
    WHOLE,
    count_of,
    object_of,
    objects_of,
    rest_of,
    text_of,
)
from waystation.errors import BadResponse
from waystation.operations.parts import ImageOutput, JsonObject, Opaque, Part, Reasoning, ToolCall

CALLS: Final = frozenset({"function_call", "custom_tool_call"})
"""Calls that are the client's to answer; all others are the provider's, and never shown as the client's."""
CALL_KEYS: Final = frozenset({"type", "call_id", "name", "arguments", "input"})
THOUGHT_KEYS: Final = frozenset({"type", "id", "summary", "content", "encrypted_content"})
MESSAGE_KEYS: Final = frozenset({"type", "role", "content"})
PIECE_KEYS: Final = frozenset({"type", "text", "annotations", "logprobs"})
"""Of items in an answer: what the neutral form has words for."""
_SEARCHES: Final = frozenset({"web_search_call", "x_search_call"})


def call_of(item: JsonObject) -> ToolCall:
    """A call of the client's; a custom tool's input stands for its arguments, as it is."""
    name = text_of(item.get("name"))
    if not name:
        raise BadResponse("The provider's answer calls a tool without a name.")
    return ToolCall(call_id_of(item), name, arguments_of(item) or "{}", call_extras(item))


def call_extras(item: JsonObject) -> JsonObject | None:
    """What only this wire says of a call: the type of one whose arguments are free text among it."""
    rest = rest_of(item, CALL_KEYS)
    return {"type": item["type"], **(rest or {})} if item.get("type") == "custom_tool_call" else rest


def call_id_of(item: JsonObject) -> str:
    """The id that the result has to name."""
    return text_of(item.get("call_id")) or text_of(item.get("id")) or f"call_{secrets.token_hex(12)}"


def arguments_of(item: JsonObject) -> str:
    """The arguments as text, whatever they came as."""
    value = item.get("input") if item.get("type") == "custom_tool_call" else item.get("arguments")
    if value is None or isinstance(value, str):
        return value or ""
    return json.encode(value).decode()


def thoughts_of(item: JsonObject, origin: str, first: int) -> list[Reasoning]:
    """A reasoning item as its summaries, its texts, and its encrypted content; numbered from `first`, held together by the id."""
    identity = text_of(item.get("id")) or None
    found: list[Reasoning] = []
    for kind, key in (("summary", "summary"), ("text", "content")):
        for piece in objects_of(item.get(key)):
            text = text_of(piece.get("text"))
            number = first + len(found)
            if kind == "summary":
                found.append(Reasoning("summary", text=text, id=identity, origin=origin, index=number))
            else:
                found.append(Reasoning("text", text=text, id=identity, origin=origin, index=number))
    found += sealed(item, origin, first + len(found))
    rest = rest_of(item, THOUGHT_KEYS)
    if found and rest is not None:
        found[0] = structs.replace(found[0], extras=rest)
    return found


def sealed(item: JsonObject, origin: str, index: int) -> Iterator[Reasoning]:
    """The encrypted content of a reasoning item, where it has any."""
    data = text_of(item.get("encrypted_content"))
    if data:
        yield Reasoning(
            "encrypted", data=data, id=text_of(item.get("id")) or None, origin=origin, index=index
        )


def other_part(item: JsonObject) -> Part:
    """An image that was made; anything else whole, for this dialect alone."""
    result = text_of(item.get("result"))
    if item.get("type") == "image_generation_call" and result:
        return ImageOutput(image_url(item), {WHOLE: item})
    return Opaque(ITEM, item)


def image_url(item: JsonObject) -> str:
    """The picture of an `image_generation_call` as a data URL."""
    return f"data:image/{text_of(item.get('output_format')) or 'png'};base64,{text_of(item.get('result'))}"


def searches_in(items: list[JsonObject]) -> int:
    """How often the provider searched the web, by its own tools."""
    return sum(
        text_of(item.get("type")) in _SEARCHES
        and object_of(item.get("action")).get("type", "search") == "search"
        for item in items
    )


def token_logprobs(value: object) -> JsonObject | None:
    """`logprobs` of an output text in the shape of the chat wire; None where there are none."""
    content: list[JsonObject] = []
    for one in objects_of(value):
        token = text_of(one.get("token"))
        told: JsonObject = {"bytes": list(token.encode("utf-8", "replace")), "top_logprobs": [], **one}
        content.append(told)
    return {"content": content, "refusal": None} if content else None


def created_of(response: JsonObject) -> int | None:
    """Unix seconds."""
    return count_of(response.get("created_at")) or None
