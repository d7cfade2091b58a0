"""Vectors in both of their forms, and whether an answer has one for each input."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystation.codec.vectors import base64_of, in_order, numbers_of, parse_byte_vector, parse_vector
from waystation.errors import BadResponse
from waystation.operations.embeddings import EmbeddingsRequest, Vector

PACKED = base64.b64encode(struct.pack("<3f", 1.0, -0.5, 0.25)).decode()
A, B = Vector([1.0, 2.0]), Vector([3.0, 4.0])


def asked(count: int, dimensions: int | None = None) -> EmbeddingsRequest:
    return EmbeddingsRequest("openai_embeddings", "m", ("text",) * count, dimensions)


def test_base64_is_little_endian_float32() -> None:
    assert numbers_of(parse_vector(PACKED)) == [1.0, -0.5, 0.25]
    assert base64_of(parse_vector([1, -0.5, 0.25])) == PACKED


def test_what_came_is_what_is_told() -> None:
    assert base64_of(parse_vector(PACKED)) is not None
    assert parse_vector(PACKED) == Vector(base64=PACKED)
    assert numbers_of(parse_vector([0.1])) == [0.1]


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1))
def test_both_forms_say_the_same(numbers: list[float]) -> None:
    assert numbers_of(Vector(base64=base64_of(Vector(numbers)))) == numbers


def test_numbers_that_float32_cannot_hold_are_infinite_there() -> None:
    assert numbers_of(Vector(base64=base64_of(Vector([1e300, -1e300, 1.0])))) == [
        float("inf"),
        float("-inf"),
        1.0,
    ]


def test_signed_bytes() -> None:
    assert parse_byte_vector(base64.b64encode(bytes([1, 255, 128])).decode()) == Vector([1.0, -1.0, -128.0])
    assert parse_byte_vector([1, -1]) == Vector([1.0, -1.0])


@pytest.mark.parametrize(
    "value", [None, [], "", "?", "AAA=", "AAAAAAA=", {}, 1, [None], ["1"], [[1.0]], [True]]
)
def test_what_is_no_vector_is_a_bad_response(value: object) -> None:
    with pytest.raises(BadResponse):
        parse_vector(value)


def test_vectors_stand_in_the_order_of_their_index() -> None:
    assert in_order([(1, B), (0, A)], asked(2)) == (A, B)
    assert in_order([(None, A), (None, B)], asked(2)) == (A, B)


@pytest.mark.parametrize(
    "found",
    [
        [],
        [(0, A)],
        [(0, A), (0, B)],
        [(0, A), (2, B)],
        [(0, A), (1, B), (2, B)],
        [("0", A), (1, B)],
        [(True, A), (0, B)],
        [(0, A), (1, Vector([1.0]))],
    ],
)
def test_an_answer_without_one_vector_an_input_is_a_bad_response(found: list[tuple[object, Vector]]) -> None:
    with pytest.raises(BadResponse):
        in_order(found, asked(2))


def test_a_wrong_index_is_not_told_as_a_wrong_count() -> None:
    with pytest.raises(BadResponse, match="in no order"):
        in_order([(0, A), (2, B)], asked(2))
    with pytest.raises(BadResponse, match="1 vectors for 2 inputs"):
        in_order([(0, A)], asked(2))


@pytest.mark.parametrize("vector", [A, Vector(base64=base64_of(A))])
def test_a_wish_for_dimensions_that_was_not_heard_is_a_bad_response(vector: Vector) -> None:
    assert in_order([(0, vector)], asked(1, 2)) == (vector,)
    with pytest.raises(BadResponse):
        in_order([(0, vector)], asked(1, 3))
