"""Embeddings: inputs go in, one vector an input comes out, in the order of the inputs. Nothing here knows a wire format."""

from typing import Literal, TypeAlias

from msgspec import Struct

from waystation.operations.parts import JsonObject, Part
from waystation.operations.preferences import ProviderPreferences
from waystation.operations.usage import Usage


class Tokens(Struct, frozen=True):
    """An input as the ids that the model's own tokenizer gave it."""

    ids: tuple[int, ...]


class Content(Struct, frozen=True):
    """An input of several pieces, text and media, that become one vector."""

    parts: tuple[Part, ...]


EmbeddingInput: TypeAlias = str | Tokens | Content


class EmbeddingsRequest(Struct, frozen=True):
    """Vectors asked for (contract section 22). None means: not said. `input_type` is a word of the caller's own choice."""

    dialect: str
    model: str
    inputs: tuple[EmbeddingInput, ...]
    dimensions: int | None = None
    encoding_format: Literal["float", "base64"] | None = None
    input_type: str | None = None
    user: str | None = None
    provider: ProviderPreferences | None = None
    extras: JsonObject | None = None
    models: tuple[str, ...] = ()
    """What to try after `model`, in order."""


class Vector(Struct, frozen=True):
    """One embedding, as it came: numbers, or base64 of little-endian float32. `codec.vectors` makes either of the other."""

    numbers: list[float] | None = None
    base64: str | None = None


class EmbeddingsResult(Struct, frozen=True):
    """As many vectors as there were inputs. `usage` None where the provider reported none.

    Tokens of text, images and files, where a provider counts them apart, are in `usage.prompt_details_extras`.
    """

    dialect: str
    vectors: tuple[Vector, ...]
    upstream_id: str | None = None
    model: str | None = None
    usage: Usage | None = None
