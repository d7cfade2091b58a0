"""A conversation in the OpenAI shape -> one that Mistral accepts: its roles and their order, its fields, its chunks.

Rendered messages may share parts with the caller's request, so nothing in them is changed in place.
"""

from typing import Final

from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject
from waystation.providers.mistral.call_ids import short_call_id

_FIELDS: Final = {
    "system": frozenset({"role", "content"}),
    "user": frozenset({"role", "content"}),
    "assistant": frozenset({"role", "content", "tool_calls", "prefix"}),
    "tool": frozenset({"role", "content", "tool_call_id", "name"}),
}


def fit_messages(body: JsonObject, dropped: list[str]) -> str | None:
    """Rewrite `messages`, noting in `dropped` what has no place; returns the text of a prefill, None without one."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return None
    fitted: list[JsonObject] = []
    for message in messages:
        if isinstance(message, dict):
            fitted.append(_fit(message, str(fitted[-1]["role"]) if fitted else "", dropped))
    body["messages"] = fitted
    return _mark_prefill(fitted)


def _fit(message: JsonObject, previous: str, dropped: list[str]) -> JsonObject:
    role = _role(message.get("role"), previous)
    fields = _FIELDS[role]
    value = {key: field for key, field in message.items() if key in fields}
    value["role"] = role
    value["content"] = _content(message.get("content"))
    name = message.get("name")
    if isinstance(name, str) and name and value["content"] and "name" not in fields:
        value["content"] = _named(value["content"], name)
    for key in message.keys() - fields - {"name"}:
        if f"messages.{key}" not in dropped:
            dropped.append(f"messages.{key}")
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        value["tool_calls"] = [
            {**call, "id": short_call_id(str(call.get("id")))} for call in calls if isinstance(call, dict)
        ]
    if role == "tool":
        value["tool_call_id"] = short_call_id(str(message.get("tool_call_id")))
    return value


def _role(role: object, previous: str) -> str:
    """Instructions may not follow an answer or a tool's result there: they are the user's words then."""
    if role in {"system", "developer"}:
        return "user" if previous in {"assistant", "tool"} else "system"
    return role if isinstance(role, str) and role in _FIELDS else "user"


def _content(content: object) -> object:
    if not isinstance(content, list):
        return "" if content is None else content
    return [_chunk(part) if isinstance(part, dict) else part for part in content]


def _chunk(part: JsonObject) -> JsonObject:
    kind = part.get("type")
    if kind in {"video_url", "input_video"}:
        raise InvalidRequest("messages: the provider takes no video.")
    file = part.get("file")
    if kind != "file" or not isinstance(file, dict):
        return part
    if isinstance(file.get("file_id"), str):
        return {"type": "file", "file_id": file["file_id"]}
    chunk: JsonObject = {"type": "document_url", "document_url": file.get("file_data")}
    if isinstance(file.get("filename"), str):
        chunk["document_name"] = file["filename"]
    return chunk


def _named(content: object, name: str) -> object:
    """A speaker's name has no field there: it stands before the words."""
    if isinstance(content, str):
        return f"{name}: {content}"
    return [{"type": "text", "text": f"{name}: "}, *content] if isinstance(content, list) else content


def _mark_prefill(messages: list[JsonObject]) -> str | None:
    """An assistant's last words are a prefix to go on from, and refused if they don't say so; nothing said is left out."""
    last = messages[-1] if messages else {}
    if last.get("role") != "assistant" or last.get("tool_calls"):
        return None
    content = last.get("content")
    if not content and len(messages) > 1:
        messages.pop()
        return None
    last["prefix"] = True
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return "".join([text for text in texts if isinstance(text, str)])
