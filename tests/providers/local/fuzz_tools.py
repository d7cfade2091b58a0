"""Random chat bodies against the translation for the embedded model: it refuses politely or gives a body that can be sent."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject
from waystation.providers.local.tools import ToolAnswer, amend_body

NAMES = st.sampled_from(["get_weather", "send_mail", "", "type"])
WORDS = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "$ref",
        "$defs",
        "pattern",
        "enum",
        "anyOf",
        "role",
        "content",
        "tool_calls",
        "function",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | WORDS
    | st.sampled_from(["object", "string", "array", "#", "(?=x)"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(WORDS, VALUES, max_size=5)
TOOLS = st.fixed_dictionaries(
    {
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": NAMES}, optional={"parameters": OBJECTS | VALUES}),
    }
)
CHOICES = (
    st.sampled_from(["auto", "none", "required", None])
    | NAMES.map(lambda name: {"type": "function", "function": {"name": name}})
    | VALUES
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "tool", "assistant", "developer"])},
        optional={"content": VALUES, "tool_calls": VALUES, "tool_call_id": VALUES},
    )
    | VALUES,
    max_size=4,
)
BODIES = st.fixed_dictionaries(
    {"messages": MESSAGES | VALUES},
    optional={
        "tools": st.lists(TOOLS | VALUES, max_size=3) | VALUES,
        "tool_choice": CHOICES,
        "response_format": OBJECTS | VALUES,
    },
)


@settings(max_examples=5000, deadline=None)
@given(BODIES)
def test_any_body_is_amended_or_refused(body: JsonObject) -> None:
    before = json.dumps(body)
    try:
        amended = amend_body(body)
    except InvalidRequest:
        return
    finally:
        assert json.dumps(body) == before

    assert not {"tools", "tool_choice", "parallel_tool_calls"} & amended.body.keys()
    json.dumps(amended.body)


@settings(max_examples=2000, deadline=None)
@given(
    st.lists(
        st.text(max_size=20) | st.sampled_from(['{"name":', '"f"', ',"arguments":', "{}", "}"]), max_size=8
    )
)
def test_any_text_is_a_call_or_none(pieces: list[str]) -> None:
    answer = ToolAnswer()
    for piece in pieces:
        answer.feed(piece)
    call = answer.close()

    assert answer.text == "".join(pieces)
    assert call is None or isinstance(json.loads(call[1]), dict)
