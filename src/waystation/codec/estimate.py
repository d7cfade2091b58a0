"""How many tokens a prompt may have, guessed without a tokenizer: UTF-8 bytes / 4, plus fixed costs for media.

The estimate feeds context filters and reservations. It never bills anybody.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import json

from waystation.operations.chat import ChatRequest, Tool
from waystation.operations.parts import (
    Audio,
    AudioOutput,
    File,
    Image,
    ImageOutput,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

BYTES_PER_TOKEN: Final = 4
MESSAGE_TOKENS: Final = 4
"""Role marks around each message."""
IMAGE_TOKENS: Final = 1_000
LOW_DETAIL_IMAGE_TOKENS: Final = 85
VIDEO_TOKENS: Final = 10_000
AUDIO_TOKENS_PER_MEBIBYTE: Final = 1_100
"""Of decoded sound: about 110 s of MP3 at 64 kbit/s plus a margin, 10 tokens a second."""
REMOTE_FILE_TOKENS: Final = 5_000
"""A file we cannot see: by URL or by the provider's own id."""
FILE_BYTES_PER_TOKEN: Final = 20
"""A PDF is mostly fonts and layout."""


def estimate_prompt_tokens(request: ChatRequest) -> int:
    """Tokens of the whole prompt: messages, tools and the response's schema. Never less than 1."""
    tokens = len(request.messages) * MESSAGE_TOKENS
    for message in request.messages:
        tokens += _parts_tokens(message.parts)
    for tool in request.tools:
        tokens += _tool_tokens(tool)
    if request.response_format is not None and request.response_format.schema is not None:
        tokens += _json_tokens(request.response_format.schema)
    return max(tokens, 1)


def estimate_text_tokens(text: str) -> int:
    """Tokens of a text: its UTF-8 bytes / 4, rounded up."""
    return -(-utf8_size(text) // BYTES_PER_TOKEN)


def utf8_size(text: str) -> int:
    """Bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _parts_tokens(parts: Iterable[Part]) -> int:
    tokens = 0
    for part in parts:
        # Nearly every part is text of ASCII, whose bytes are its characters.
        if type(part) is Text and part.text.isascii():
            tokens += -(-len(part.text) // BYTES_PER_TOKEN)
        else:
            tokens += _part_tokens(part)
    return tokens


def _part_tokens(part: Part) -> int:  # noqa: C901, PLR0911 - one line a kind of part reads best
    match part:
        case Text(text=text) | Refusal(text=text):
            return estimate_text_tokens(text)
        case Image(detail=detail):
            return LOW_DETAIL_IMAGE_TOKENS if detail == "low" else IMAGE_TOKENS
        case ImageOutput():
            return IMAGE_TOKENS
        case Audio(data=data):
            return 1 + len(data) * 3 // 4 * AUDIO_TOKENS_PER_MEBIBYTE // 1_048_576
        case Video():
            return VIDEO_TOKENS
        case File():
            return _file_tokens(part)
        case ToolCall(name=name, arguments=arguments):
            return estimate_text_tokens(name) + estimate_text_tokens(arguments)
        case ToolResult(parts=parts):
            return _parts_tokens(parts)
        case Reasoning(text=text, data=data):
            return estimate_text_tokens(text or data or "")
        case Opaque(value=value) | AudioOutput(value=value):
            return _json_tokens(value)


def _file_tokens(file: File) -> int:
    if file.data is None or not file.data.startswith("data:"):
        return REMOTE_FILE_TOKENS
    return 1 + len(file.data) * 3 // 4 // FILE_BYTES_PER_TOKEN


def _tool_tokens(tool: Tool) -> int:
    if tool.value is not None:
        return _json_tokens(tool.value)
    tokens = MESSAGE_TOKENS + estimate_text_tokens(tool.name) + estimate_text_tokens(tool.description or "")
    return tokens + (_json_tokens(tool.parameters) if tool.parameters else 0)


def _json_tokens(value: object) -> int:
    return -(-len(json.encode(value)) // BYTES_PER_TOKEN)
