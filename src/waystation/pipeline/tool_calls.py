"""Whether the tool calls of an answer are ones the caller can carry out: a measure of endpoints (contract 8.2, exacto).

Only judged where the request brought tools. A call fails by arguments that are no JSON object, by a name that was not
offered, or by breaking the tool's schema. Nothing is refused or changed for it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from waystation.codec.json_schema import follows
from waystation.exchange import Called
from waystation.operations.chat import Tool

_DECODE: Final = msgspec.json.Decoder().decode


def are_valid(calls: Sequence[Called], tools: Sequence[Tool]) -> bool:
    """Whether every call is right. Tools that only some endpoints know are their own affair."""
    offered = {tool.name: tool for tool in tools if tool.kind == "function"}
    is_closed = len(offered) == len(tools)
    return all(_is_valid(call, offered.get(call.name), is_closed=is_closed) for call in calls)


def _is_valid(call: Called, tool: Tool | None, *, is_closed: bool) -> bool:
    if tool is None:
        return not is_closed
    try:
        arguments = _DECODE("".join(call.arguments) or "{}")
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False
    if not isinstance(arguments, dict):
        return False
    return tool.parameters is None or follows(tool.parameters, arguments)
