"""Bodies of clients, and the fields that every wire shares."""

import pytest

from waystation.codec.request_body import GatewayFields, checked, decode_object, gateway_fields
from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject


def told(**body: object) -> JsonObject:
    return gateway_fields(body, checked(body, GatewayFields))


def test_fields_of_the_gateway_are_arguments_and_all_else_is_the_wires() -> None:
    said = told(models=["a"], session_id="s", temperature=1, plugins=[{"id": "web"}])
    assert said == {"models": ("a",), "session_id": "s", "plugins": ({"id": "web"},)}


def test_what_is_null_was_not_said() -> None:
    assert told(models=None, user=None, provider=None) == {}


def test_only_the_echo_of_debug_means_something() -> None:
    assert told(debug={"echo_upstream_body": True}) == {"echo_upstream_body": True}
    assert told(debug={"echo_upstream_body": "yes"}) == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"models": "a"}, "models"),
        ({"session_id": "s" * 257}, "session_id"),
        ({"provider": {"sort": "fast"}}, "provider.sort"),
        ({"route": "round"}, "route"),
        ({"max_tool_calls": 31}, "max_tool_calls"),
    ],
)
def test_errors_name_the_field(body: JsonObject, field: str) -> None:
    with pytest.raises(InvalidRequest, match=field):
        checked(body, GatewayFields)


def test_a_small_body_that_is_huge_in_memory_is_refused_unread() -> None:
    with pytest.raises(InvalidRequest, match="500000 objects"):
        decode_object(b'{"a":[' + b"[]," * 600_000 + b"[]]}")
    assert decode_object(b'{"a":[' + b"[]," * 1000 + b"[]]}")
