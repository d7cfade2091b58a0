"""What several providers of thinking models want in a request: a switch instead of an effort, and no call without its thoughts.

They speak of `thinking: {"type": "enabled"}` and of `reasoning_content`; each provider's file says what holds for which model.
"""

from typing import Final

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.layers import ASSUMED_PARAMETERS
from waystation.operations.parts import JsonObject

_NOTHING_KNOWN: Final = " "
"""The least that counts as reasoning; an empty string is treated as none."""
_ASSUMED: Final = frozenset(ASSUMED_PARAMETERS)
_REASONING_WORDS: Final = frozenset({"reasoning", "reasoning_effort", "include_reasoning"})


def may_reason(endpoint: Endpoint) -> bool:
    """Whether this model reasons as far as anybody knows: nothing at all is known of one that lists what is assumed."""
    listed = endpoint.supported_parameters
    return not listed or listed == _ASSUMED or not listed.isdisjoint(_REASONING_WORDS)


def switch_thinking(body: JsonObject, *, keeps_effort: bool) -> None:
    """Say `reasoning_effort` as a switch, beside it where `keeps_effort`. A caller's own switch stays."""
    effort = body.get("reasoning_effort")
    if effort is None:
        return
    body.setdefault("thinking", {"type": "disabled" if effort == "none" else "enabled"})
    if effort == "none" or not keeps_effort:
        del body["reasoning_effort"]


def is_thinking_off(body: JsonObject) -> bool:
    """Whether the request turns thinking off; on is the default of these providers."""
    switch = body.get("thinking")
    return isinstance(switch, dict) and switch.get("type") == "disabled"


def fill_reasoning(body: JsonObject) -> None:
    """Turns that call tools are refused without reasoning. Where it was lost, or another model made the call, say next to none."""
    messages = body.get("messages")
    if isinstance(messages, list):
        body["messages"] = [
            {**message, "reasoning_content": _NOTHING_KNOWN} if _lacks_reasoning(message) else message
            for message in messages
        ]


def mark_prefill(body: JsonObject, mark: str) -> bool:
    """A trailing assistant turn carries `mark`, so that the model goes on from it. True where there is one."""
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if not isinstance(messages, list) or not isinstance(last, dict):
        return False
    if last.get("role") != "assistant" or last.get("tool_calls"):
        return False
    body["messages"] = [*messages[:-1], {**last, mark: True}]
    return True


def _lacks_reasoning(message: object) -> bool:
    return (
        isinstance(message, dict)
        and message.get("role") == "assistant"
        and bool(message.get("tool_calls"))
        and not message.get("reasoning_content")
    )
