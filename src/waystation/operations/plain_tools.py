"""Tools for wires that know neither a choice among some of them nor groups."""

from msgspec.structs import replace

from waystation.operations.chat import ChatRequest


def plain_tools(request: ChatRequest) -> ChatRequest:
    """The request with the tools that the choice allows, groups left out since their functions stand in the list too.

    Where none of the allowed is among the tools, all of them stay.
    """
    if not request.tools:
        return request
    allowed = request.tool_choice.allowed if request.tool_choice is not None else frozenset()
    tools = tuple([tool for tool in request.tools if not tool.is_group])
    if allowed:
        tools = tuple([tool for tool in tools if tool.name in allowed]) or tools
    return request if len(tools) == len(request.tools) else replace(request, tools=tools)
