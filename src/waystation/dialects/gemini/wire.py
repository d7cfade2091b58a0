"""Names on Gemini's wire and how its JSON is read: keys come in camelCase, and from some clients in snake_case.

Source: the reference of `models.generateContent` of the Gemini API and of Vertex AI.
"""

from typing import Final

from waystation.codec.request_body import GatewayFields
from waystation.operations.parts import JsonObject

NAME: Final = "gemini"
ORIGIN: Final = "google-gemini-v1"
"""`format` of the reasoning details that Gemini made (contract section 11)."""
PART: Final = "gemini_part"
"""The `Opaque.kind` of a part that the neutral form has no word for."""
SERVER_SIDE: Final = frozenset({"executableCode", "codeExecutionResult", "toolCall", "toolResponse"})
"""Parts that tell of tools the provider runs itself: never the client's tool calls."""


def camel_case(key: str) -> str:
    """`thought_signature` -> `thoughtSignature`; other spellings stay."""
    if "_" not in key:
        return key
    first, *rest = key.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def camel_keys(value: JsonObject) -> JsonObject:
    """The object with its own keys, not those below, in camelCase."""
    return {camel_case(key): item for key, item in value.items()}


def unknown(value: JsonObject, known: frozenset[str]) -> JsonObject | None:
    """The fields that are not among the known ones; None where there are none."""
    return {key: item for key, item in value.items() if key not in known} or None


def object_of(value: object) -> JsonObject:
    """A JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[JsonObject]:
    """The objects of a list; nothing of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: object) -> str | None:
    """A string that says something, else None."""
    return value if isinstance(value, str) and value else None


def whole_of(value: object) -> int:
    """A counter: a whole number of zero or more, also where it came as a float or as text (int64 in proto JSON)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return 0
    try:
        return max(int(float(value)), 0)
    except (ValueError, OverflowError):
        return 0


class WireRequest(GatewayFields):
    """The body of `generateContent`, in camelCase; snake_case is read, too. Contents and settings are looked at where they are parsed."""

    contents: object = None
    systemInstruction: object = None  # noqa: N815 - the wire's own word
    tools: object = None
    toolConfig: object = None  # noqa: N815
    generationConfig: object = None  # noqa: N815
    safetySettings: object = None  # noqa: N815
    cachedContent: object = None  # noqa: N815
