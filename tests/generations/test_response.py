import msgspec
import pytest
import yaml

from generation_records import a_record, under_own_credential
from shared_folder import shared
from waystation.generations.record import GenerationRecord
from waystation.generations.response import response_of
from waystation.operations.usage import Cost


def shown(record: GenerationRecord) -> dict[str, object]:
    """`data` of the answer, as a client decodes it."""
    body = msgspec.json.decode(msgspec.json.encode(response_of(record)), type=dict[str, dict[str, object]])
    return body["data"]


def test_tokens_money_and_times_are_shown_in_the_units_of_the_wire() -> None:
    data = shown(a_record(1, cache_discount=7500))

    assert data["created_at"] == "2025-11-22T12:00:00.000+00:00"
    assert data["usage"] == data["total_cost"] == 0.00027
    assert data["cache_discount"] == 0.0000075
    assert (data["latency"], data["generation_time"]) == (320, 900)
    assert (data["tokens_prompt"], data["native_tokens_cached"], data["native_tokens_reasoning"]) == (
        1000,
        100,
        50,
    )
    assert (data["finish_reason"], data["streamed"], data["cancelled"]) == ("stop", True, False)
    assert "cost_unknown" not in data


def test_every_attempt_is_shown() -> None:
    assert shown(a_record())["provider_responses"] == [
        {
            "status": 200,
            "provider_name": "OpenAI",
            "endpoint_id": "openai",
            "is_byok": False,
            "latency": 812,
            "id": "chatcmpl-made-up",
        }
    ]


def test_what_never_reached_a_provider_has_no_tokens() -> None:
    data = shown(a_record(1, usage=None, cost=None, attempts=(), finish_reasons=(), native_finish_reasons=()))

    assert (data["tokens_prompt"], data["native_tokens_cached"], data["finish_reason"]) == (None, None, None)
    assert data["total_cost"] == 0


def test_an_unknown_cost_is_marked() -> None:
    data = shown(a_record(1, cost=Cost(None, 0, 0, None)))

    assert (data["total_cost"], data["cost_unknown"]) == (0, True)


def test_own_credentials_show_what_the_provider_charged() -> None:
    data = shown(under_own_credential(1, 1_500_000))

    assert (data["is_byok"], data["total_cost"], data["upstream_inference_cost"]) == (True, 0, 0.0015)


KINDS = {
    type(None): {"null"},
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    str: {"string"},
    list: {"array"},
}
"""The JSON-schema types that a value is of."""


@pytest.mark.parametrize("record", [a_record(), a_record(usage=None, cost=None, attempts=(), latency=None)])
def test_the_answer_has_the_keys_and_types_of_the_spec(record: GenerationRecord) -> None:
    spec = yaml.load(shared("spec", "openrouter-openapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    schema = spec["components"]["schemas"]["GenerationResponse"]["properties"]["data"]
    data = shown(record)

    data.pop("app_title", None)  # ours
    assert set(data) <= set(schema["properties"])
    assert set(schema["required"]) <= set(data)
    for name, value in data.items():
        kinds = schema["properties"][name]["type"]
        assert KINDS[type(value)] & set([kinds] if isinstance(kinds, str) else kinds), name
