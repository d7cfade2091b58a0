"""Chat requests as the embedded model can take them, and its answers read back as tool calls.

The model has no tool support and its server refuses `tools`. A call that the caller forces becomes a JSON schema, whose
answer is the call; tools that the model may use are dropped and noted. Pure functions over OpenAI chat bodies.
"""

import msgspec

from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject
from waystation.providers.local.schemas import enforceable, tool_call_schema

_LONGEST_CALL = 512


class AmendedBody(msgspec.Struct, frozen=True):
    """A body the engine takes, the names of parameters it could not be told, and whether its answer is a tool call."""

    body: JsonObject
    dropped: tuple[str, ...] = ()
    tool_answer: bool = False


class ToolAnswer:
    """Gathers the text of a forced call; the call is known when the text has ended."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def feed(self, text: str) -> None:
        """A piece of the answer's text."""
        self._pieces.append(text)

    def close(self) -> tuple[str, str] | None:
        """Name and arguments (JSON text), or None where the answer was cut or is no call."""
        return tool_call_from_text(self.text)

    @property
    def text(self) -> str:
        """All that came, for an answer that turns out to be no call."""
        return "".join(self._pieces)


def amend_body(body: JsonObject) -> AmendedBody:
    """The request without tools: forced ones as a schema, offered ones dropped, earlier calls told in words."""
    try:
        return _amended(body)
    except RecursionError:
        raise InvalidRequest("A JSON schema is nested too deeply for this model.") from None


def _amended(body: JsonObject) -> AmendedBody:
    amended = {
        key: value
        for key, value in body.items()
        if key not in {"tools", "tool_choice", "parallel_tool_calls"}
    }
    messages = body.get("messages")
    if isinstance(messages, list):
        amended["messages"] = _in_plain_words(messages)
    forced = _forced_tools(body)
    if forced:
        amended["response_format"] = _json_schema(tool_call_schema(forced))
        if amended.get("max_tokens") is None and amended.get("max_completion_tokens") is None:
            amended["max_tokens"] = _LONGEST_CALL
        replaced = body.get("response_format") not in (None, {"type": "text"})
        return AmendedBody(amended, ("response_format",) if replaced else (), tool_answer=True)
    _keep_schema_on_track(amended)
    dropped = ("tools",) if body.get("tools") and body.get("tool_choice") != "none" else ()
    return AmendedBody(amended, dropped)


def tool_call_from_text(text: str) -> tuple[str, str] | None:
    """Name and arguments (JSON text) of the call that a forced answer holds; None where it holds none."""
    try:
        call = msgspec.json.decode(text, type=_Call)
    except msgspec.DecodeError:
        return None
    return call.name, msgspec.json.encode(call.arguments).decode()


class _Call(msgspec.Struct):
    name: str
    arguments: JsonObject


def _forced_tools(body: JsonObject) -> dict[str, JsonObject]:
    """Name -> schema of the arguments, of the tools of which one must be called; empty where none must."""
    offered = _offered_tools(body.get("tools"))
    match body.get("tool_choice"):
        case "required" | "any":
            forced = offered
        case {"type": "function", "function": {"name": str(name)}}:
            forced = {name: offered[name]} if name in offered else {}
        case _:
            return {}
    if not forced:
        raise InvalidRequest("`tool_choice` asks for a function that `tools` does not offer.")
    return forced


def _offered_tools(tools: object) -> dict[str, JsonObject]:
    offered: dict[str, JsonObject] = {}
    for tool in tools if isinstance(tools, list) else []:
        match tool:
            case {"function": {"name": str(name), "parameters": dict(parameters)}} if parameters:
                offered[name] = parameters
            case {"function": {"name": str(name)}}:
                offered[name] = {"type": "object", "properties": {}}
    return offered


def _json_schema(schema: JsonObject) -> JsonObject:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


def _keep_schema_on_track(body: JsonObject) -> None:
    match body.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            body["response_format"] = _json_schema(enforceable(schema))
        case {"type": "json_object"}:
            body["response_format"] = _json_schema(enforceable({"type": "object"}))


def _in_plain_words(messages: list[object]) -> list[object]:
    """Roles the model was trained on; a tool's result becomes the user's words, and names the call it answers."""
    calls: dict[str, str] = {}
    plain: list[object] = []
    for message in messages:
        plain.extend([message] if not isinstance(message, dict) else _reworded(message, calls))
    return plain


def _reworded(message: JsonObject, calls: dict[str, str]) -> list[JsonObject]:
    """One message as zero or one; `calls` (id -> description) grows with the calls it makes."""
    match message:
        case {"role": "developer"}:
            return [{**message, "role": "system"}]
        case {"role": "tool"}:
            call = calls.get(str(message.get("tool_call_id")), "The tool")
            return [{"role": "user", "content": f"{call} returned: {_text(message.get('content'))}"}]
        case {"role": "assistant", "tool_calls": list(made)}:
            calls.update(_described_calls(made))
            said = _text(message.get("content"))
            return [{"role": "assistant", "content": said}] if said else []
    return [message]


def _described_calls(made: list[object]) -> dict[str, str]:
    described: dict[str, str] = {}
    for call in made:
        match call:
            case {"id": str(identity), "function": {"name": str(name), "arguments": str(arguments)}}:
                described[identity] = f"{name}({arguments})"
    return described


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
