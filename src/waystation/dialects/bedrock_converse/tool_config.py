"""`toolConfig` and structured output, which may need a tool of ours among the client's."""

from waystation.dialects.bedrock_converse.draft import Draft
from waystation.dialects.bedrock_converse.structured import answer_tool, fits_native, render_output_config
from waystation.dialects.bedrock_converse.tools import has_tool_blocks, render_tool_choice, render_tools
from waystation.dialects.bedrock_converse.wire import ANSWER_TOOL, object_of
from waystation.operations.chat import ResponseFormat, ToolChoice
from waystation.operations.parts import JsonObject


def add_tools(draft: Draft) -> None:
    """Say tools, the choice among them, and the form of the answer."""
    request = draft.request
    choice = request.tool_choice
    tools = _tools(draft)
    if choice is not None and choice.mode == "none":
        if not has_tool_blocks(request.messages):
            tools = []
        elif tools:
            # The wire has no "none", and wants the tools of the history declared.
            draft.drop("tool_choice")
        choice = None
    config: JsonObject = {"tools": tools}
    if choice is not None and tools:
        _choose(draft, config, tools, choice)
    if request.response_format is not None:
        _add_response_format(draft, config, tools, request.response_format)
    if tools:
        draft.body["toolConfig"] = config
        if request.parallel_tool_calls is False:
            _forbid_parallel_calls(draft, config)


def _tools(draft: Draft) -> list[JsonObject]:
    request = draft.request
    if draft.takes("tools") or has_tool_blocks(request.messages):
        return render_tools(request, draft.family, same_dialect=draft.same_dialect, dropped=draft.dropped)
    if request.tools:
        draft.drop("tools")
    return []


def _choose(draft: Draft, config: JsonObject, tools: list[JsonObject], choice: ToolChoice) -> None:
    """Any tool stands for a named one only where it is the only one."""
    said = render_tool_choice(choice, draft.family)
    if said is not None:
        config["toolChoice"] = said
    if choice.mode == "auto":
        return
    if said is None or (choice.mode == "named" and "tool" not in said and len(tools) > 1):
        draft.drop("tool_choice")


def _add_response_format(
    draft: Draft, config: JsonObject, tools: list[JsonObject], wanted: ResponseFormat
) -> None:
    if wanted.kind == "text":
        return
    if draft.same_dialect and wanted.schema is not None:
        draft.body["outputConfig"] = render_output_config(wanted, wanted.schema)
        return
    if wanted.kind not in {"json_schema", "json_object"} or not draft.takes(
        "response_format", "structured_outputs"
    ):
        draft.drop("response_format")
        return
    schema = fits_native(wanted, draft.family, draft.target.supported_parameters)
    if schema is not None:
        draft.body["outputConfig"] = render_output_config(wanted, schema)
    elif object_of(config.get("toolChoice")).keys().isdisjoint({"any", "tool"}):
        _force_answer_tool(draft, config, tools, wanted)


def _force_answer_tool(
    draft: Draft, config: JsonObject, tools: list[JsonObject], wanted: ResponseFormat
) -> None:
    """Beside the client's tools the model has to call any of them; alone, ours."""
    root = object_of(wanted.schema).get("type", "object")
    if not draft.family.can_force_any_tool or root != "object":
        draft.drop("response_format")
        return
    alone = not tools
    tools.append(answer_tool(wanted))
    if alone and draft.family.can_force_one_tool:
        config["toolChoice"] = {"tool": {"name": ANSWER_TOOL}}
    else:
        config["toolChoice"] = {"any": {}}


def _forbid_parallel_calls(draft: Draft, config: JsonObject) -> None:
    """Calls are parallel unless forbidden, which only Claude can be told, and only beside a free choice."""
    if draft.family.can_forbid_parallel_calls and config.get("toolChoice", {"auto": {}}) == {"auto": {}}:
        draft.more["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": True}
    else:
        draft.drop("parallel_tool_calls")
