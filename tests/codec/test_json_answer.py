"""Errors in the shapes that providers give them."""

import pytest
from msgspec import json

from waystation.codec.json_answer import decode_answer, parse_json_error
from waystation.errors import BadResponse, CredentialRejected, ModelGone, Overloaded, RateLimited

SHAPES = [
    {"error": {"message": "too long", "type": "invalid_request_error", "code": None}},
    {"message": "too long"},
    {"detail": "too long"},
    {"detail": [{"type": "missing", "msg": "too long", "loc": ["body"]}]},
    {"object": "error", "message": {"detail": [{"msg": "too long"}]}, "detail": "too long"},
    {"error": "too long"},
    [{"error": {"code": 400, "message": "too long", "status": "INVALID_ARGUMENT"}}],
    {"Message": "too long"},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_says_why(shape: object) -> None:
    error = parse_json_error(400, [], json.encode(shape))
    assert error.message == "The provider rejected the request: too long"


@pytest.mark.parametrize(
    ("status", "kind"), [(401, CredentialRejected), (404, ModelGone), (429, RateLimited), (503, Overloaded)]
)
def test_the_status_says_what_kind(status: int, kind: type[Exception]) -> None:
    error = parse_json_error(status, [(b"retry-after", b"7")], b"<html>")
    assert isinstance(error, kind)
    assert error.retry_after == (7 if status in {429, 503} else None)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"text"', b"{" * 9000, b'{"error":"no"}'])
def test_what_is_no_answer_is_a_bad_response(body: bytes) -> None:
    with pytest.raises(BadResponse):
        decode_answer(body)


def test_an_error_inside_a_success_counts_by_its_own_status() -> None:
    with pytest.raises(RateLimited):
        decode_answer(b'{"error":{"code":429,"message":"slow down"}}')
