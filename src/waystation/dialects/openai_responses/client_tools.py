"""Tools of this wire that are no functions but are the client's to run, as functions for models that know no others, and back.

A call of such a function is told to the client as the item it would have been. The schemas are those of the items.
Source: OpenAI's API reference, "Responses", items `custom_tool_call`, `local_shell_call`, `shell_call`, `apply_patch_call`.
"""

from typing import Final

from msgspec import DecodeError, Struct, json

from waystation.dialects.openai_responses.wire import object_of, objects_of, text_of
from waystation.operations.chat import Tool
from waystation.operations.parts import JsonObject

_DECODE: Final = json.Decoder().decode
_ENCODE: Final = json.Encoder().encode
_STRING: Final[JsonObject] = {"type": "string"}
_STRINGS: Final[JsonObject] = {"type": "array", "items": {"type": "string"}}
_NUMBER: Final[JsonObject] = {"type": "integer"}


class ClientTool(Struct, frozen=True):
    """One kind of tool. `field` holds what the call says, in its item and (for a custom tool) as the one argument."""

    call: str
    output: str
    field: str
    description: str
    parameters: JsonObject


def _schema(required: tuple[str, ...], **properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": properties, "required": list(required)}


_FREE_TEXT: Final[JsonObject] = {"type": "string", "description": "The whole input of the tool, as it is."}
KINDS: Final = {
    "custom": ClientTool(
        "custom_tool_call",
        "custom_tool_call_output",
        "input",
        "",
        _schema(("input",), input=_FREE_TEXT),
    ),
    "local_shell": ClientTool(
        "local_shell_call",
        "local_shell_call_output",
        "action",
        "Run a command on the user's machine.",
        _schema(
            ("command",),
            command=_STRINGS,
            working_directory=_STRING,
            env={"type": "object", "additionalProperties": {"type": "string"}},
            timeout_ms=_NUMBER,
        ),
    ),
    "shell": ClientTool(
        "shell_call",
        "shell_call_output",
        "action",
        "Run commands in a shell on the user's machine.",
        _schema(("commands",), commands=_STRINGS, timeout_ms=_NUMBER, max_output_length=_NUMBER),
    ),
    "apply_patch": ClientTool(
        "apply_patch_call",
        "apply_patch_call_output",
        "operation",
        "Create, change or delete a file. `diff` is in the V4A format: lines of context, of `-` and of `+`.",
        _schema(
            ("type", "path"),
            type={"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
            path=_STRING,
            diff=_STRING,
        ),
    ),
}
_CALLS: Final = {one.call: kind for kind, one in KINDS.items()}
_OUTPUTS: Final = frozenset(one.output for one in KINDS.values())


def function_of(value: JsonObject) -> Tool | None:
    """The tool as a function that keeps its own form beside it; None for a tool that the provider runs."""
    kind = text_of(value.get("type"))
    known = KINDS.get(kind)
    if known is None or not _is_local(value):
        return None
    name = text_of(value.get("name")) or kind
    described = text_of(value.get("description")) or known.description
    return Tool(name, _with_grammar(described, value) or None, known.parameters, value=value)


def kind_of(tool: Tool) -> str:
    """Which kind of tool a function stands for; "" for a function of its own right."""
    kind = text_of(object_of(tool.value).get("type"))
    return kind if tool.kind == "function" and kind in KINDS else ""


def is_call(kind: str) -> bool:
    """Whether an item of this type is a call of such a tool."""
    return kind in _CALLS


def is_output(kind: str) -> bool:
    """Whether an item of this type is what came of such a call."""
    return kind in _OUTPUTS


def arguments_of_item(item: JsonObject) -> tuple[str, str]:
    """Name and arguments of a call in a conversation, as the function's."""
    kind = _CALLS[text_of(item.get("type"))]
    field = KINDS[kind].field
    if kind == "custom":
        return text_of(item.get("name")), _ENCODE({field: text_of(item.get(field))}).decode()
    said = object_of(item.get(field))
    if kind == "local_shell":
        said = {key: value for key, value in said.items() if key != "type" and value is not None}
    return kind, _ENCODE(said).decode()


def text_of_output(item: JsonObject) -> str:
    """What came of a call, as text."""
    output = item.get("output")
    if output is None:
        return text_of(item.get("status"))
    return output if isinstance(output, str) else _ENCODE(output).decode()


def call_item(kind: str, name: str, call_id: str, arguments: str) -> JsonObject:
    """A call that a model made of the function, as the item it stands for. Arguments that do not fit are told as they are."""
    known = KINDS[kind]
    try:
        told = object_of(_DECODE(arguments))
    except (DecodeError, RecursionError):
        told = {}
    item: JsonObject = {"type": known.call, "call_id": call_id}
    if kind == "custom":
        given = told.get(known.field)
        return item | {"name": name, known.field: given if isinstance(given, str) else arguments}
    if kind == "local_shell":
        told = {"type": "exec", "env": {}, **told}
    elif kind == "shell":
        told = {"timeout_ms": None, "max_output_length": None, **told}
    return item | {known.field: told}


def _is_local(value: JsonObject) -> bool:
    """A shell may be the provider's own machine."""
    place = object_of(value.get("environment")).get("type", "local")
    return place == "local"


def _with_grammar(described: str, value: JsonObject) -> str:
    """A grammar cannot be enforced elsewhere: it is told."""
    shape = object_of(value.get("format"))
    grammar = text_of(shape.get("definition"))
    if not grammar:
        return described
    said = f"The input must follow this {text_of(shape.get('syntax')) or 'lark'} grammar:\n{grammar}"
    return f"{described}\n\n{said}".strip()


def namespaced(value: JsonObject) -> list[JsonObject]:
    """The functions in a namespace, each with its name: all others know one flat list."""
    return objects_of(value.get("tools")) if value.get("type") == "namespace" else []
