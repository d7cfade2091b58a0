"""Parts: the pieces a message is made of, toward the model and from it.

A part says what a wire format says in its own way. `extras` holds the JSON fields of a part that the neutral form has
no word for; they are rendered only by the dialect that parsed them (`ChatRequest.dialect`, `ChatResult.dialect`).
"""

from typing import Literal, TypeAlias

from msgspec import Struct

JsonObject: TypeAlias = dict[str, object]
"""A decoded JSON object: `None`, bool, int, float, str, list and dict all the way down."""


class Text(Struct, frozen=True):
    """Text, with the prompt-cache breakpoint that may stand on it."""

    text: str
    cache_control: JsonObject | None = None
    extras: JsonObject | None = None


class Image(Struct, frozen=True):
    """An image by URL or data URL; `detail` is auto, low, high or original."""

    url: str
    detail: str | None = None
    cache_control: JsonObject | None = None
    extras: JsonObject | None = None


class Audio(Struct, frozen=True):
    """Sound, base64; `format` is wav, mp3, ..."""

    data: str
    format: str
    cache_control: JsonObject | None = None
    extras: JsonObject | None = None


class Video(Struct, frozen=True):
    """A video by URL or data URL."""

    url: str
    cache_control: JsonObject | None = None
    extras: JsonObject | None = None


class File(Struct, frozen=True):
    """A document: URL or data URL in `data`, or a provider's own `file_id`."""

    data: str | None = None
    file_id: str | None = None
    filename: str | None = None
    cache_control: JsonObject | None = None
    extras: JsonObject | None = None


class ToolCall(Struct, frozen=True):
    """The model calls a function. `arguments` is a JSON string, kept as it came; "{}" where there are none."""

    id: str
    name: str
    arguments: str
    extras: JsonObject | None = None


class ToolResult(Struct, frozen=True):
    """What the caller's function answered to the call with this id."""

    call_id: str
    parts: tuple["Part", ...]
    is_error: bool = False
    extras: JsonObject | None = None


class Reasoning(Struct, frozen=True, omit_defaults=True):
    """One piece of reasoning: readable text, a summary, or an opaque block that must travel byte for byte.

    `origin` is the format family that made it ("anthropic-claude-v1" ...), None where unknown; `plain` marks text that
    came without a details object around it. Contract section 11.
    """

    kind: Literal["text", "summary", "encrypted", "server_tool_call"] = "text"
    text: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    origin: str | None = None
    index: int | None = None
    plain: bool = False
    extras: JsonObject | None = None


class Refusal(Struct, frozen=True):
    """The model declines, in words."""

    text: str


class ImageOutput(Struct, frozen=True):
    """An image that the model made: URL or data URL."""

    url: str
    extras: JsonObject | None = None


class AudioOutput(Struct, frozen=True):
    """Sound that the model made, in the OpenAI shape: id, data (base64), transcript, expires_at."""

    value: JsonObject


class Opaque(Struct, frozen=True):
    """A part that the neutral form has no word for; only the dialect that parsed it can say it."""

    kind: str
    value: JsonObject


Part: TypeAlias = (
    Text
    | Image
    | Audio
    | Video
    | File
    | ToolCall
    | ToolResult
    | Reasoning
    | Refusal
    | ImageOutput
    | AudioOutput
    | Opaque
)
