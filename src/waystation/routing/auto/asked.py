"""What of a request is read: the last thing the user said, what the system prompt opens with, and the request's structure."""

from typing import Final

from msgspec import Struct

from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.routing.auto.grams import LONGEST

OPENING: Final = 600
"""Characters of the system prompt that may say what the model is for."""


class Asked(Struct, frozen=True):
    """`text` is clipped to what is read. `answered`: the last message is a tool's result."""

    text: str
    system: str
    tools: bool
    answered: bool
    structured: bool
    wants_image: bool


def asked(request: ChatRequest) -> Asked:
    """What there is to read."""
    text = system = ""
    for message in reversed(request.messages):
        if message.role == "user" and not text:
            text = _text(message)
        elif message.role in ("system", "developer"):
            system = _text(message)
    kind = request.response_format.kind if request.response_format is not None else "text"
    return Asked(
        text,
        system[:OPENING],
        bool(request.tools),
        bool(request.messages) and request.messages[-1].role == "tool",
        kind in ("json_object", "json_schema"),
        "image" in (request.modalities or ()),
    )


def _text(message: Message) -> str:
    """A message's texts, start and end where they are long; nothing else of a long one is copied."""
    texts = [part.text for part in message.parts if isinstance(part, Text)]
    if len(texts) == 1:
        return _ends(texts[0])
    return _ends("\n\n".join(_ends(text) for text in texts))


def _ends(text: str) -> str:
    half = LONGEST // 2
    return text if len(text) <= LONGEST else text[:half] + text[-half:]
