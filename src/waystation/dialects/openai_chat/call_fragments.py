"""Which tool call does a fragment belong to? Providers number, name and repeat in different ways; the tracker wants keys."""

from typing import Final

from msgspec import Struct, json

from waystation.codec.part_tracker import PartTracker
from waystation.dialects.openai_chat.response import make_call_id
from waystation.dialects.openai_chat.tools import nested
from waystation.dialects.openai_chat.wire import CALL_KEYS, unknown
from waystation.errors import BadResponse
from waystation.operations.parts import JsonObject

_FUNCTION_KEYS: Final = frozenset({"name", "arguments"})


class _Call(Struct, gc=False):
    """A call as the wire tells it. Until its name is known nothing of it can be told further: `held` keeps it."""

    key: int
    id: str | None
    named: bool = False
    held: str = ""


class CallFragments:
    """The calls of one stream. A new id at an old index, with a name, is a new call: some providers number all calls 0."""

    def __init__(self, tracker: PartTracker) -> None:
        self._tracker = tracker
        self._calls: dict[tuple[int, int], _Call] = {}
        self._latest: dict[int, int] = {}
        self._count = 0

    def add(self, choice: int, value: JsonObject) -> None:
        """One item of a delta's `tool_calls`; `BadResponse` where its call is over already."""
        function = value.get("function")
        if not isinstance(function, dict):
            function = {}
        call_id, name = _text(value.get("id")), _text(function.get("name"))
        call = self._find(choice, value.get("index"), call_id, name)
        fragment = _fragment(function.get("arguments"))
        if name is not None and not call.named:
            extras = nested(unknown(value, CALL_KEYS), unknown(function, _FUNCTION_KEYS))
            self._tracker.start_call(choice, call.key, call.id or call_id or make_call_id(), name, extras)
            call.named = True
            fragment = call.held + fragment
        if not call.named:
            call.held += fragment
        elif fragment and not self._tracker.call_arguments(choice, call.key, fragment):
            raise BadResponse("The provider's stream mixes its tool calls up.")

    def _find(self, choice: int, index: object, call_id: str | None, name: str | None) -> _Call:
        if isinstance(index, int):
            at = index
        elif call_id or name or choice not in self._latest:
            at = self._latest.get(choice, -1) + 1
        else:
            at = self._latest[choice]
        call = self._calls.get((choice, at))
        renewed = (
            call is not None
            and call.named
            and name is not None
            and call_id is not None
            and call_id != call.id
        )
        if call is None or renewed:
            self._count += 1
            call = self._calls[choice, at] = _Call(self._count, call_id)
        self._latest[choice] = at
        return call


def _fragment(arguments: object) -> str:
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.encode(arguments).decode()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
