"""Which tool calls count as an endpoint's failures."""

import pytest

from waystation.exchange import Called
from waystation.operations.chat import Tool
from waystation.operations.parts import JsonObject
from waystation.pipeline.tool_calls import are_valid

CITY: JsonObject = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = (Tool("weather", parameters=CITY), Tool("time"))


@pytest.mark.parametrize(
    ("call", "valid"),
    [
        (Called("weather", ['{"ci', 'ty": "Bern"}']), True),
        (Called("weather", ['{"city": 3}']), False),
        (Called("weather", ["{}"]), False),
        (Called("weather", ['{"city": "Be']), False),
        (Called("weather", ["[]"]), False),
        (Called("time", []), True),
        (Called("time", ['{"anything": 1}']), True),
        (Called("wether", ["{}"]), False),
    ],
)
def test_a_call_is_judged_by_name_json_and_schema(call: Called, *, valid: bool) -> None:
    assert are_valid([call], TOOLS) is valid


def test_one_bad_call_spoils_the_answer() -> None:
    assert not are_valid([Called("time", []), Called("wether", [])], TOOLS)


def test_a_name_that_an_opaque_tool_may_have_is_let_pass() -> None:
    opaque = Tool("web_search", kind="web_search_preview", value={"type": "web_search_preview"})
    assert are_valid([Called("web_search_call", ["?"])], (*TOOLS, opaque))
