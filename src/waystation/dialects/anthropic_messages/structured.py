"""Structured answers on this wire: natively where the model has them, else by a forced tool, else by asking in words."""

from msgspec import json

from waystation.dialects.anthropic_messages.schema import restricted
from waystation.dialects.anthropic_messages.tools import answer_tool
from waystation.dialects.anthropic_messages.wire import ANSWER_TOOL
from waystation.operations.chat import ResponseFormat
from waystation.operations.parts import JsonObject


def add_structured_output(
    body: JsonObject, wanted: ResponseFormat, *, native: bool, dropped: list[str]
) -> None:
    """Ask for JSON. `native`: the endpoint has structured outputs."""
    if wanted.kind in {"grammar", "python"}:
        dropped.append("response_format")
    elif wanted.kind == "json_schema" and wanted.schema is not None:
        if native:
            config = body.get("output_config")
            shape: JsonObject = {"type": "json_schema", "schema": restricted(wanted.schema)}
            body["output_config"] = (config if isinstance(config, dict) else {}) | {"format": shape}
        elif "tools" not in body and "thinking" not in body and _is_object(wanted.schema):
            body["tools"] = [answer_tool(wanted)]
            body["tool_choice"] = {"type": "tool", "name": ANSWER_TOOL}
        else:
            dropped.append("structured_outputs")
            schema = json.encode(wanted.schema).decode()
            _instruct(body, f"Answer with JSON that matches this schema, and nothing else: {schema}")
    elif wanted.kind == "json_object":
        _instruct(body, "Answer with one JSON object, and nothing else.")


def _is_object(schema: JsonObject) -> bool:
    return schema.get("type", "object") == "object"


def _instruct(body: JsonObject, text: str) -> None:
    system = body.get("system")
    body["system"] = [*(system if isinstance(system, list) else []), {"type": "text", "text": text}]
