"""Function declarations, the choice among them, calls and their results, in both directions. Contract section 12."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import DecodeError, json

from waystation.dialects.gemini.schema import parse_schema, render_schema
from waystation.dialects.gemini.wire import camel_keys, object_of, objects_of, text_of, unknown
from waystation.errors import InvalidRequest
from waystation.operations.chat import Tool, ToolChoice
from waystation.operations.parts import JsonObject

_DECODE: Final = json.Decoder().decode
_ENCODE: Final = json.Encoder().encode
_DECLARATION_KEYS: Final = frozenset({"name", "description", "parametersJsonSchema"})
SEARCH: Final = "googleSearch"


def render_tools(
    tools: Sequence[Tool], *, same_dialect: bool, drop: Callable[[str], None]
) -> list[JsonObject]:
    """`tools`: the functions in one item, then the provider's own that only this dialect can name."""
    declarations = [
        _declaration(tool, same_dialect=same_dialect) for tool in tools if tool.kind == "function"
    ]
    rendered: list[JsonObject] = [{"functionDeclarations": declarations}] if declarations else []
    for tool in tools:
        if tool.cache_control is not None:
            drop("cache_control")
        if tool.kind == "function":
            continue
        if same_dialect and tool.value is not None:
            rendered.append(tool.value)
        else:
            drop(f"tools.{tool.kind}")
    return rendered


def _declaration(tool: Tool, *, same_dialect: bool) -> JsonObject:
    value: JsonObject = {"name": tool.name}
    if tool.description is not None:
        value["description"] = tool.description
    extras = (tool.extras or {}) if same_dialect else {}
    if tool.parameters is not None and "parameters" not in extras:
        value["parametersJsonSchema"] = render_schema(tool.parameters)
    return value | extras


def render_tool_choice(
    choice: ToolChoice | None, tools: Sequence[Tool], drop: Callable[[str], None]
) -> JsonObject | None:
    """`functionCallingConfig`; None where nothing was said. Strict tools are held to their schemas by `VALIDATED`."""
    if choice is None or choice.mode == "auto":
        if any(tool.strict for tool in tools):
            return {"mode": "VALIDATED"}
        return None if choice is None else {"mode": "AUTO"}
    match choice.mode:
        case "none":
            return {"mode": "NONE"}
        case "required":
            return {"mode": "ANY"}
        case "named":
            return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
        case _:
            return _opaque_choice(choice.value or {}, drop)


def _opaque_choice(value: JsonObject, drop: Callable[[str], None]) -> JsonObject | None:
    """This dialect's own object, or OpenAI's `allowed_tools`."""
    if "mode" in value and "type" not in value:
        return value
    allowed = object_of(value.get("allowed_tools")) or value
    names = [
        name
        for tool in objects_of(allowed.get("tools"))
        if (name := text_of(tool.get("name")) or text_of(object_of(tool.get("function")).get("name")))
    ]
    if value.get("type") != "allowed_tools" or not names:
        drop("tool_choice")
        return None
    return {
        "mode": "ANY" if allowed.get("mode") == "required" else "VALIDATED",
        "allowedFunctionNames": names,
    }


def parse_tools(values: Sequence[JsonObject]) -> tuple[Tool, ...]:
    """Every declaration a tool of its own; the provider's own tools whole, named by their key."""
    parsed: list[Tool] = []
    for index, raw in enumerate(values):
        value = camel_keys(raw)
        for at, declaration in enumerate(objects_of(value.pop("functionDeclarations", None))):
            parsed.append(
                _parse_declaration(camel_keys(declaration), f"tools[{index}].functionDeclarations[{at}]")
            )
        for name, settings in value.items():
            parsed.append(Tool(name, kind=name, value={name: settings}))
    return tuple(parsed)


def _parse_declaration(value: JsonObject, where: str) -> Tool:
    name = text_of(value.get("name"))
    if name is None:
        raise InvalidRequest(f"{where}.name: must be a string.")
    description = value.get("description")
    parameters = value.get("parametersJsonSchema")
    native = value.get("parameters")
    if not isinstance(parameters, dict):
        parameters = parse_schema(native) if isinstance(native, dict) else None
    return Tool(
        name,
        description if isinstance(description, str) else None,
        parameters,
        extras=unknown(value, _DECLARATION_KEYS),
    )


def parse_tool_choice(config: JsonObject) -> ToolChoice | None:
    """`functionCallingConfig`, its keys in camelCase."""
    mode = (text_of(config.get("mode")) or "").upper()
    allowed = config.get("allowedFunctionNames")
    names = [name for name in allowed if isinstance(name, str)] if isinstance(allowed, list) else []
    if mode == "NONE":
        return ToolChoice("none")
    if mode == "AUTO":
        return ToolChoice("auto")
    if mode == "ANY" and len(names) < 2:
        return ToolChoice("named", names[0]) if names else ToolChoice("required")
    return ToolChoice("opaque", value=config) if mode in {"ANY", "VALIDATED"} else None


def arguments_object(arguments: str) -> JsonObject:
    """A call's arguments as the object this wire wants. Broken JSON is shown to the model as what it was."""
    try:
        value = _DECODE(arguments) if arguments.strip() else {}
    except (DecodeError, RecursionError):
        return {"arguments": arguments}
    return value if isinstance(value, dict) else {"arguments": value}


def arguments_text(value: object) -> str:
    """The arguments as JSON text; `{}` where there are none."""
    return "{}" if value is None else _ENCODE(value).decode()


def render_result(text: str, *, is_error: bool) -> JsonObject:
    """`functionResponse.response`: an object that the function answered as it is, all else under `output` or `error`."""
    if is_error:
        return {"error": text}
    try:
        value = _DECODE(text) if text.lstrip().startswith("{") else None
    except (DecodeError, RecursionError):
        value = None
    return value if isinstance(value, dict) and _said(value) is None else {"output": text}


def parse_result(response: object) -> tuple[str, bool]:
    """The text of a result, and whether it tells of an error."""
    value = object_of(response)
    return _said(value) or (arguments_text(value), False)


def _said(value: JsonObject) -> tuple[str, bool] | None:
    """The text of `{"output": text}` and `{"error": text}`; None for any other object."""
    for key in ("output", "error"):
        said = value.get(key)
        if len(value) == 1 and isinstance(said, str):
            return said, key == "error"
    return None
