"""Vectors as numbers and as base64 of little-endian float32 (contract section 22), and whether an answer has them all.

Reads what came without trust: whatever is no vector, or not one for each input, is a `BadResponse`.
"""

import base64
import binascii
import struct
from collections.abc import Iterable
from typing import Final

from msgspec import ValidationError, convert

from waystation.errors import BadResponse
from waystation.operations.embeddings import EmbeddingsRequest, Vector

_FLOAT_BYTES: Final = 4


def numbers_of(vector: Vector) -> list[float]:
    """The vector as numbers."""
    if vector.numbers is not None:
        return vector.numbers
    data = base64.b64decode(vector.base64 or "")
    return list(struct.unpack(f"<{len(data) // _FLOAT_BYTES}f", data))


def base64_of(vector: Vector) -> str:
    """The vector as base64; numbers that float32 cannot hold become infinite there."""
    if vector.base64 is not None:
        return vector.base64
    numbers = vector.numbers or []
    try:
        data = struct.pack(f"<{len(numbers)}f", *numbers)
    except OverflowError:
        data = b"".join([_packed(number) for number in numbers])
    return base64.b64encode(data).decode()


def parse_vector(value: object) -> Vector:
    """A JSON list of numbers, or base64 of float32 as text."""
    if isinstance(value, str):
        data = _decoded(value)
        if not data or len(data) % _FLOAT_BYTES:
            raise BadResponse("The provider's answer holds a vector that is none.")
        return Vector(base64=value)
    return Vector(_numbers(value))


def parse_byte_vector(value: object) -> Vector:
    """A vector whose numbers are signed bytes: base64 of them, or a list."""
    if not isinstance(value, str):
        return Vector(_numbers(value))
    data = _decoded(value)
    if not data:
        raise BadResponse("The provider's answer holds a vector that is none.")
    return Vector([float(number) for number in struct.unpack(f"<{len(data)}b", data)])


def in_order(found: Iterable[tuple[object, Vector]], request: EmbeddingsRequest) -> tuple[Vector, ...]:
    """The vectors by their index, which None leaves to their place: one an input, of the length that was asked for."""
    placed: dict[int, Vector] = {}
    for place, (index, vector) in enumerate(found):
        at = place if index is None else index
        if not isinstance(at, int) or isinstance(at, bool) or at in placed:
            raise BadResponse("The provider's answer has vectors in no order.")
        placed[at] = vector
    count = len(request.inputs)
    if not count or len(placed) != count:
        raise BadResponse(f"The provider answered {len(placed)} vectors for {count} inputs.")
    if placed.keys() != set(range(count)):
        raise BadResponse("The provider's answer has vectors in no order.")
    vectors = tuple([placed[at] for at in range(count)])
    lengths = {_length(vector) for vector in vectors}
    if len(lengths) > 1:
        raise BadResponse("The provider's vectors have different lengths.")
    if request.dimensions is not None and request.dimensions not in lengths:
        raise BadResponse("The provider's vectors have another number of dimensions than was asked for.")
    return vectors


def _numbers(value: object) -> list[float]:
    try:
        numbers = convert(value, list[float])
    except ValidationError:
        raise BadResponse("The provider's answer holds a vector that is none.") from None
    if not numbers:
        raise BadResponse("The provider's answer holds an empty vector.")
    return numbers


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadResponse("The provider's answer holds a vector that is none.") from None


def _length(vector: Vector) -> int:
    if vector.numbers is not None:
        return len(vector.numbers)
    text = vector.base64 or ""
    return (len(text) * 3 // 4 - text[-2:].count("=")) // _FLOAT_BYTES


def _packed(number: float) -> bytes:
    try:
        return struct.pack("<f", number)
    except OverflowError:
        return struct.pack("<f", float("inf") if number > 0 else float("-inf"))
