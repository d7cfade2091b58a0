"""What skins read from a request's head: keys in Google's places, features in beta."""

from waystation.api.betas import MOST, betas
from waystation.api.credentials import with_google_key
from waystation.server.request import Request


def request(query: bytes = b"", **headers: bytes) -> Request:
    named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return Request("POST", b"/", "/", query, "1.1", named, [])


def test_googles_key_stands_in_a_header_or_a_parameter() -> None:
    assert with_google_key(request(x_goog_api_key=b"k"))[b"x-api-key"] == b"k"
    assert with_google_key(request(b"alt=sse&key=a%2Bb"))[b"x-api-key"] == b"a+b"


def test_a_key_in_its_usual_place_counts_first() -> None:
    both = request(b"key=other", authorization=b"Bearer mine", x_goog_api_key=b"other")
    assert with_google_key(both)[b"authorization"] == b"Bearer mine"
    assert with_google_key(request(b"key=other", x_api_key=b"mine"))[b"x-api-key"] == b"mine"
    assert b"x-api-key" not in with_google_key(request())


def test_betas_of_both_headers_are_told_once() -> None:
    assert betas({b"x-anthropic-beta": b"a-1, b-2", b"anthropic-beta": b"b-2,c-3"}) == ("b-2", "c-3", "a-1")


def test_what_is_no_name_reaches_no_provider() -> None:
    assert betas({b"anthropic-beta": b"ok-1,\r\nx: y,<bad>,,also ok"}) == ("ok-1",)
    many = ",".join(f"b{number}" for number in range(99)).encode()
    assert len(betas({b"anthropic-beta": many})) == MOST
