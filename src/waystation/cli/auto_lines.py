"""`waystation auto --json -`: one choice for each line of standard input, for replays and for judging the router from outside.

A line is a JSON string (a prompt) or an object: a request as Chat Completions has it, where `prompt` may stand for
`messages`. Its `id`, if any, is repeated. What cannot be chosen for has an `error` in its line, and the rest goes on.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from waystation.dialects.openai_chat.request import request_of
from waystation.errors import GatewayError, InvalidRequest
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import JsonObject

MODEL = "openrouter/auto"


def chosen_lines(
    lines: Iterable[bytes], tier: str, choose: Callable[[ChatRequest], JsonObject]
) -> Iterator[JsonObject]:
    """What `choose` tells of the request of each line that is not blank; `tier` counts for lines that name no plugin."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _told(line, number, tier, choose)


def _told(line: bytes, number: int, tier: str, choose: Callable[[ChatRequest], JsonObject]) -> JsonObject:
    named: JsonObject = {"line": number}
    try:
        body = _body(line, tier)
        if "id" in body:
            named = {"id": body.pop("id")}
        return {**named, **choose(request_of(body))}
    except (GatewayError, ValueError) as error:
        return {**named, "error": str(error)}


def _body(line: bytes, tier: str) -> JsonObject:
    given = msgspec.json.decode(line)
    if isinstance(given, str):
        given = {"prompt": given}
    if not isinstance(given, dict):
        raise InvalidRequest("a line must be a string or an object")
    body: JsonObject = {"plugins": [{"id": "auto-router", "cost_tier": tier}], **given, "model": MODEL}
    if "prompt" in body:
        body["messages"] = [{"role": "user", "content": body.pop("prompt")}]
    return body
