"""One request as several calls, and their answers as one."""

from hypothesis import given
from hypothesis import strategies as st

from waystation.codec.embedding_batches import joined, split
from waystation.operations.embeddings import EmbeddingsRequest, EmbeddingsResult, Vector
from waystation.operations.usage import Usage


def asked(*inputs: str) -> EmbeddingsRequest:
    return EmbeddingsRequest("openai_embeddings", "m", inputs, dimensions=2, input_type="query")


def answered(usage: Usage | None, *numbers: float) -> EmbeddingsResult:
    return EmbeddingsResult("d", tuple(Vector([number]) for number in numbers), "id", "m", usage)


@given(st.lists(st.text(), min_size=1), st.integers(1, 9))
def test_calls_have_every_input_once_and_no_more_than_fit(inputs: list[str], most: int) -> None:
    calls = split(asked(*inputs), most)

    assert [one for call in calls for one in call.inputs] == inputs
    assert all(len(call.inputs) <= most and call.dimensions == 2 for call in calls)
    assert len(calls) == -(-len(inputs) // most)


def test_answers_are_joined_in_order_and_their_usage_is_added() -> None:
    details = {"text_tokens": 2, "image_tokens": 1}
    whole = joined(
        [
            answered(Usage(prompt_tokens=3, upstream_cost_nano=5, prompt_details_extras=dict(details)), 1.0),
            answered(Usage(prompt_tokens=4, upstream_cost_nano=6, prompt_details_extras=dict(details)), 2.0),
        ]
    )
    assert [vector.numbers for vector in whole.vectors] == [[1.0], [2.0]]
    assert whole.usage == Usage(
        prompt_tokens=7,
        upstream_cost_nano=11,
        prompt_details_extras={"text_tokens": 4, "image_tokens": 2},
    )


def test_usage_that_one_call_did_not_tell_is_unknown() -> None:
    assert joined([answered(Usage(prompt_tokens=3), 1.0), answered(None, 2.0)]).usage is None


def test_one_call_is_its_own_answer() -> None:
    alone = answered(None, 1.0)
    assert joined([alone]) is alone
