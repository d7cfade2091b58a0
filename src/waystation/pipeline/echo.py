"""What attempts sent to their providers, for callers who ask for it (`debug.echo_upstream_body`, contract section 5.8).

Only bodies are told, never headers or URLs, and of a body no secret and no long run of base64.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from waystation.exchange import Attempt
from waystation.generations.redaction import Redaction
from waystation.operations.chat_events import BodySent
from waystation.operations.parts import JsonObject
from waystation.providers.base import Provider

_BASE64: Final = re.compile(r"(data:[^,]{0,200},)?([A-Za-z0-9+/_\r\n-]{256,}={0,2})")
_REDACT: Final = Redaction()


def body_shown(body: JsonObject, provider: Provider) -> JsonObject:
    """A body that is about to be sent, as its caller may see it; later changes to it do not show."""
    said = provider.without_secrets(msgspec.json.encode(body))
    return {name: _shown(value) for name, value in msgspec.json.decode(said, type=dict[str, object]).items()}


def echoes(attempts: Sequence[Attempt]) -> list[BodySent]:
    """An event for each attempt that was sent, in their order."""
    return [BodySent(attempt.sent) for attempt in attempts if attempt.sent is not None]


def _shown(value: object) -> object:
    match value:
        case str():
            found = _BASE64.fullmatch(value)
            if found is not None:
                return f"{found[1] or ''}... ({len(found[2])} characters left out)"
            return _REDACT(value)
        case list():
            return [_shown(one) for one in value]
        case dict():
            return {name: _shown(inner) for name, inner in value.items()}
        case _:
            return value
