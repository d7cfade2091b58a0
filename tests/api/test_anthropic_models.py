"""The list of models as Anthropic's clients page through it."""

from typing import Any

import pytest

from routing_questions import endpoint, model
from waystation.api.anthropic_models import anthropic_list
from waystation.api.model_filters import Listed
from waystation.errors import InvalidRequest

ROWS = [Listed(each, each.endpoints) for each in (model(endpoint("a", model=f"acme/m{n}")) for n in range(5))]


@pytest.mark.parametrize(
    ("query", "numbers", "more"),
    [
        ({}, [0, 1, 2, 3, 4], False),
        ({"limit": "2"}, [0, 1], True),
        ({"limit": "2", "after_id": "acme/m1"}, [2, 3], True),
        ({"limit": "2", "before_id": "acme/m4"}, [2, 3], True),
        ({"limit": "9", "before_id": "acme/m1"}, [0], False),
    ],
)
def test_a_page_is_what_lies_before_or_after_a_model(
    query: dict[str, str], numbers: list[int], *, more: bool
) -> None:
    told = anthropic_list(ROWS, query)
    rows: Any = told["data"]
    assert [row["id"] for row in rows] == [f"acme/m{number}" for number in numbers]
    assert told["has_more"] is more


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.5", "", "²", "٣", "9" * 5000])
def test_a_limit_that_is_no_number_of_models_is_refused(limit: str) -> None:
    with pytest.raises(InvalidRequest):
        anthropic_list(ROWS, {"limit": limit})
