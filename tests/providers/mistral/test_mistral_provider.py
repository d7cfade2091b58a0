"""What Mistral is told otherwise than other providers of the same dialect."""

from typing import Any

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject
from waystation.providers.mistral.call_ids import short_call_id
from waystation.providers.mistral.provider import Mistral

SMALL = "mistral-small-2603"
USER: JsonObject = {"role": "user", "content": "hi"}


def endpoint(native_id: str = SMALL, *supported: str) -> Endpoint:
    return Endpoint(
        f"mistralai/{native_id}", "mistral", "mistral", native_id, supported_parameters=frozenset(supported)
    )


def amended(native_id: str = SMALL, **body: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    said: dict[str, Any] = {"messages": [USER], **body}
    amendment = Mistral().amend_request(said, endpoint(native_id))
    return said, amendment.dropped if amendment else ()


def conversation(*messages: JsonObject) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = amended(messages=list(messages))[0]["messages"]
    return said


def call(call_id: str) -> JsonObject:
    return {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_its_own_call_ids_stay_as_they_are() -> None:
    assert short_call_id("vAKGXGFZD") == "vAKGXGFZD"


@pytest.mark.parametrize(
    "call_id", ["call_abc", "toolu_01A", "", "123456789\n", "vAKGXGFZ_", "\ud800", "äöüäöüäöü"]
)
def test_other_ids_become_nine_letters_and_digits_always_the_same(call_id: str) -> None:
    short = short_call_id(call_id)

    assert len(short) == 9
    assert short.isascii()
    assert short.isalnum()
    assert short == short_call_id(call_id)


def test_many_ids_stay_apart() -> None:
    assert len({short_call_id(f"call_{number}") for number in range(10_000)}) == 10_000


def test_a_conversation_begun_elsewhere_keeps_calls_and_results_together() -> None:
    messages = conversation(
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call("call_A"), call("vAKGXGFZD")]},
        {"role": "tool", "tool_call_id": "vAKGXGFZD", "content": "1"},
        {"role": "tool", "tool_call_id": "call_A", "content": "2"},
        {"role": "user", "content": "and?"},
    )

    first, second = messages[1]["tool_calls"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "tool", "user"]
    assert messages[1]["content"] == ""
    assert messages[2]["tool_call_id"] == second["id"] == "vAKGXGFZD"
    assert messages[3]["tool_call_id"] == first["id"] == short_call_id("call_A")


def test_the_callers_own_call_is_not_changed() -> None:
    original = call("call_A")
    conversation(USER, {"role": "assistant", "content": "", "tool_calls": [original]}, USER)

    assert original == call("call_A")


def test_words_it_spells_otherwise() -> None:
    body, dropped = amended(
        seed=7, tool_choice="required", stream=True, stream_options={"include_usage": True}
    )

    assert body == {"messages": [USER], "random_seed": 7, "tool_choice": "any", "stream": True}
    assert dropped == ()


def test_parameters_it_forbids_are_dropped_and_noted() -> None:
    body, dropped = amended(user="u", logit_bias={"1": 1}, min_p=0.1, service_tier="flex", safe_prompt=True)

    assert body == {"messages": [USER], "safe_prompt": True}
    assert sorted(dropped) == ["logit_bias", "min_p", "service_tier", "user"]


@pytest.mark.parametrize(("tier", "its"), [("auto", "auto"), ("default", "standard_only")])
def test_service_tiers_it_knows(tier: str, its: str) -> None:
    assert amended(service_tier=tier)[0]["service_tier"] == its


@pytest.mark.parametrize(
    ("native_id", "effort", "its"),
    [
        (SMALL, "none", "none"),
        (SMALL, "minimal", "high"),
        (SMALL, "medium", "high"),
        ("magistral-medium-latest", "max", "high"),
        ("mistral-large-4", "medium", "medium"),
        ("mistral-large-4-0", "minimal", "low"),
        ("mistral-large-4", "xhigh", "high"),
        ("mistral-large-4", "none", "none"),
    ],
)
def test_an_effort_is_the_nearest_that_the_model_knows(native_id: str, effort: str, its: str) -> None:
    assert amended(native_id, reasoning_effort=effort)[0]["reasoning_effort"] == its


def test_earlier_reasoning_goes_only_to_models_that_reason() -> None:
    assert Mistral().target(endpoint()).reasoning_field == "content"
    assert Mistral().target(endpoint(SMALL, "reasoning", "tools")).reasoning_field == "content"
    assert Mistral().target(endpoint("codestral-2508", "tools")).reasoning_field == ""


def test_a_function_without_parameters_says_that_it_has_none() -> None:
    plain: JsonObject = {"type": "function", "function": {"name": "f"}}
    body, _ = amended(tools=[plain])

    assert body["tools"][0]["function"] == {"name": "f", "parameters": {"type": "object", "properties": {}}}
    assert plain == {"type": "function", "function": {"name": "f"}}


def test_instructions_in_the_middle_become_the_users_words_where_they_may_not_stand() -> None:
    messages = conversation(
        {"role": "developer", "content": "be brief"},
        USER,
        {"role": "system", "content": "be kind"},
        {"role": "assistant", "content": "hello"},
        {"role": "developer", "content": "be quick"},
    )

    assert [message["role"] for message in messages] == ["system", "user", "system", "assistant", "user"]


def test_a_speakers_name_stands_before_the_words_and_a_tools_in_its_field() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    messages = conversation(
        {"role": "user", "name": "Ada", "content": "hi"},
        {"role": "user", "name": "Bob", "content": [picture]},
        {"role": "assistant", "content": "", "tool_calls": [call("vAKGXGFZD")]},
        {"role": "tool", "name": "f", "tool_call_id": "vAKGXGFZD", "content": "1"},
    )

    assert messages[0] == {"role": "user", "content": "Ada: hi"}
    assert messages[1]["content"] == [{"type": "text", "text": "Bob: "}, picture]
    assert messages[3]["name"] == "f"


def test_fields_of_messages_it_forbids_are_dropped_and_noted() -> None:
    body, dropped = amended(
        messages=[USER, {"role": "assistant", "content": "a", "refusal": "no", "audio": {"id": "1"}}, USER]
    )

    assert body["messages"][1] == {"role": "assistant", "content": "a"}
    assert sorted(dropped) == ["messages.audio", "messages.refusal"]


@pytest.mark.parametrize(
    ("file", "chunk"),
    [
        (
            {"file_data": "https://example.com/a.pdf", "filename": "a.pdf"},
            {"type": "document_url", "document_url": "https://example.com/a.pdf", "document_name": "a.pdf"},
        ),
        ({"file_id": "f-1"}, {"type": "file", "file_id": "f-1"}),
    ],
)
def test_a_document_is_a_chunk_of_its_own_kind(file: JsonObject, chunk: JsonObject) -> None:
    messages = conversation({"role": "user", "content": [{"type": "file", "file": file}]})

    assert messages[0]["content"] == [chunk]


def test_sound_and_pictures_stay_as_they_are() -> None:
    parts = [
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
    ]

    assert conversation({"role": "user", "content": parts})[0]["content"] == parts


def test_video_is_refused_before_it_is_sent() -> None:
    video = {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}
    with pytest.raises(InvalidRequest, match="video"):
        conversation({"role": "user", "content": [video]})


def test_a_trailing_assistant_turn_is_a_prefix() -> None:
    assert conversation(USER, {"role": "assistant", "content": "{"})[1]["prefix"] is True
    assert "prefix" not in conversation(USER, {"role": "assistant", "content": "a"}, USER)[1]


def test_a_trailing_assistant_turn_that_says_nothing_is_left_out() -> None:
    assert conversation(USER, {"role": "assistant", "content": ""}) == [USER]
