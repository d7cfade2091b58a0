"""Pieces of an answer -> the items that a client of this wire is shown, whoever made them.

Thoughts that OpenAI sealed keep their form. Those of other makers, other hosts of this wire among them, are shown as texts,
and travel whole in `encrypted_content` behind a mark (`codec.carried_reasoning`), so that the client gives them back without
knowing whose they are.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from waystation.codec.carried_reasoning import carry
from waystation.dialects.openai_responses.client_tools import call_item, kind_of
from waystation.dialects.openai_responses.tools import namespace_of
from waystation.dialects.openai_responses.wire import ORIGIN, object_of, objects_of, text_of
from waystation.operations.chat import ChatRequest, Tool
from waystation.operations.parts import JsonObject, Reasoning

COMPLETED = "completed"


class Names(Struct):
    """What the names of called functions stand for in this request, and ids for items that came without one."""

    generation: str
    tools: Mapping[str, Tool] = field(default_factory=dict)
    made: int = 0

    def identity(self, prefix: str, known: str | None = None) -> str:
        """The id of an item: the maker's own, else one of ours."""
        if known:
            return known
        self.made += 1
        return f"{prefix}_{self.generation.removeprefix('gen-')}-{self.made}"

    def kind(self, name: str) -> str:
        """Which kind of tool this function stands for; "" for a plain one."""
        tool = self.tools.get(name)
        return kind_of(tool) if tool is not None else ""


def names_of(generation: str, request: ChatRequest | None) -> Names:
    """The names in what was asked."""
    tools = request.tools if request is not None else ()
    return Names(generation, {tool.name: tool for tool in tools})


def message_item(identity: str, content: list[JsonObject], status: str = COMPLETED) -> JsonObject:
    """What the model said."""
    return {"id": identity, "type": "message", "status": status, "role": "assistant", "content": content}


def text_piece(
    text: str, annotations: list[JsonObject] | None = None, logprobs: list[JsonObject] | None = None
) -> JsonObject:
    """A text in a message."""
    return {
        "type": "output_text",
        "text": text,
        "annotations": annotations or [],
        "logprobs": logprobs or [],
    }


def refusal_piece(text: str) -> JsonObject:
    """A refusal in a message."""
    return {"type": "refusal", "refusal": text}


def reasoning_item(details: Sequence[Reasoning], names: Names, identity: str | None = None) -> JsonObject:
    """One item of these details, which belong together."""
    first = details[0]
    own = first.origin == ORIGIN
    item: JsonObject = {
        "id": identity or names.identity("rs", first.id if own else None),
        "type": "reasoning",
        "summary": [_piece("summary_text", one) for one in details if one.kind == "summary"],
    }
    texts = [_piece("reasoning_text", one) for one in details if one.kind == "text"]
    if texts:
        item["content"] = texts
    if not own:
        item["encrypted_content"] = carry(details)
    elif sealed := next((one.data for one in details if one.kind == "encrypted"), None):
        item["encrypted_content"] = sealed
    return item


def belongs(details: Sequence[Reasoning], piece: Reasoning) -> bool:
    """Whether a detail is of the same item: of one maker, one id, and nothing sealed it yet."""
    last = details[-1]
    return (
        piece.origin == last.origin
        and piece.id == last.id
        and (piece.origin != ORIGIN or last.kind != "encrypted")
    )


def function_item(
    names: Names, call_id: str, name: str, arguments: str, extras: JsonObject | None
) -> JsonObject:
    """A call of the client's: of a function, or of the tool that the function stands for."""
    said = extras or {}
    if said.get("type") == "custom_tool_call":  # this wire's own, whose arguments are free text
        return {"call_id": call_id, "name": name, "input": arguments, **said}
    if kind := names.kind(name):
        item = call_item(kind, name, call_id, arguments)
        return {"id": names.identity("ct"), "status": COMPLETED, **item}
    item = {
        "id": names.identity("fc", text_of(said.get("id"))),
        "type": "function_call",
        "status": COMPLETED,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }
    tool = names.tools.get(name)
    if tool is not None and (space := namespace_of(tool)):
        item["namespace"] = space
    return item | said


def image_item(url: str, names: Names) -> JsonObject:
    """An image that the model made: the base64 of a data URL, else its address."""
    result = url.partition(",")[2] if url.startswith("data:") else url
    return {
        "id": names.identity("ig"),
        "type": "image_generation_call",
        "status": COMPLETED,
        "result": result,
    }


def token_chances(logprobs: JsonObject | None) -> list[JsonObject]:
    """Log probabilities in the chat wire's shape, as this wire lists them."""
    told: list[JsonObject] = []
    for one in objects_of(object_of(logprobs).get("content")):
        token = text_of(one.get("token"))
        others = [
            {"bytes": _bytes(text_of(other.get("token"))), **other}
            for other in objects_of(one.get("top_logprobs"))
        ]
        told.append({"bytes": _bytes(token), **one, "top_logprobs": others})
    return told


def _bytes(token: str) -> list[int]:
    return list(token.encode("utf-8", "replace"))


def _piece(kind: str, thought: Reasoning) -> JsonObject:
    return {"type": kind, "text": thought.text or ""}
