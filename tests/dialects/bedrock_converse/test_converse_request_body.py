"""What is said to Converse of a conversation and its parameters; what cannot be said is named."""

import pytest

from converse_requests import CLAUDE, LLAMA, LOOK_UP, MISTRAL, NOVA, PNG, body, hello, render, talk
from waystation.codec.dialect import Target
from waystation.errors import InvalidRequest
from waystation.operations.chat import (
    ChatRequest,
    Message,
    ReasoningOptions,
)
from waystation.operations.parts import (
    AudioOutput,
    File,
    Image,
    ImageOutput,
    JsonObject,
    Opaque,
    Part,
    Refusal,
    Text,
)


def test_a_plain_question() -> None:
    rendered = render(hello(max_tokens=10, temperature=0.2, stop=("END",)))
    assert rendered.path == "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    assert rendered.body == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": 10, "temperature": 0.2, "stopSequences": ["END"]},
    }
    assert rendered.dropped == []


def test_a_stream_is_asked_for_by_the_path_and_an_arn_is_one_segment_of_it() -> None:
    target = Target("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.x")
    assert render(hello(stream=True), target).path == (
        "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Ainference-profile%2Feu.x/converse-stream"
    )


def test_instructions_from_any_position_go_to_system_in_their_order() -> None:
    made = body(
        talk(
            ("system", (Text("One."),)),
            ("user", (Text("Hi"),)),
            ("developer", (Text("Two."),)),
            ("user", (Text("There"),)),
        )
    )
    assert made["system"] == [{"text": "One."}, {"text": "Two."}]
    assert made["messages"] == [{"role": "user", "content": [{"text": "Hi"}, {"text": "There"}]}]


def test_instructions_alone_get_a_turn_to_answer() -> None:
    made = body(talk(("system", (Text("Greet."),))))
    assert made["system"] == [{"text": "Greet."}]
    assert made["messages"] == [{"role": "user", "content": [{"text": "."}]}]


def test_a_conversation_begins_with_the_user_where_the_family_wants_it() -> None:
    request = talk(("assistant", (Text("Hello!"),)), ("user", (Text("Bye."),)))
    assert [turn["role"] for turn in body(request, NOVA)["messages"]] == ["user", "assistant", "user"]
    assert [turn["role"] for turn in body(request, CLAUDE)["messages"]] == ["assistant", "user"]


def test_blank_texts_are_left_out_and_names_stand_before_the_text() -> None:
    message = Message("user", (Text("  "), Text("Hi"), Text("you")), name="ann")
    made = body(ChatRequest("openai_chat", None, (message, Message("assistant", (Text(""),)))))
    assert made["messages"] == [{"role": "user", "content": [{"text": "ann: Hi"}, {"text": "you"}]}]


def test_a_prefill_loses_the_white_space_behind_it() -> None:
    made = body(talk(("user", (Text("Hi"),)), ("assistant", (Text("Well, \n"),))))
    assert made["messages"][-1] == {"role": "assistant", "content": [{"text": "Well,"}]}


@pytest.mark.parametrize(
    ("target", "more"),
    [
        (CLAUDE, {"top_k": 20}),
        (NOVA, {"inferenceConfig": {"topK": 20}}),
        (Target("cohere.command-r-v1:0"), {"k": 20}),
        (MISTRAL, {"top_k": 20}),
    ],
)
def test_top_k_by_family(target: Target, more: JsonObject) -> None:
    assert body(hello(top_k=20), target)["additionalModelRequestFields"] == more


def test_parameters_that_the_wire_has_no_word_for_are_named() -> None:
    rendered = render(
        hello(
            seed=1,
            n=2,
            logprobs=True,
            frequency_penalty=0.5,
            user="u",
            temperature=1.5,
            top_k=3,
            verbosity="low",
        ),
        LLAMA,
    )
    assert set(rendered.dropped) == {
        "seed", "n", "logprobs", "frequency_penalty", "user", "temperature", "top_k", "verbosity",
    }  # fmt: skip
    assert rendered.body["inferenceConfig"] == {"temperature": 1.0}


def test_parameters_that_the_endpoint_does_not_list_are_named() -> None:
    target = Target(CLAUDE.native_id, frozenset({"max_tokens", "stop"}))
    rendered = render(
        hello(max_tokens=5, temperature=0.5, top_p=0.9, tools=(LOOK_UP,), stop=("\n", "END")), target
    )
    assert rendered.body["inferenceConfig"] == {"maxTokens": 5, "stopSequences": ["END"]}
    assert rendered.dropped == ["temperature", "top_p", "stop", "tools"]


def test_newer_claude_takes_temperature_or_top_p() -> None:
    rendered = render(hello(temperature=0.5, top_p=0.9))
    assert rendered.body["inferenceConfig"] == {"temperature": 0.5}
    assert rendered.dropped == ["top_p"]
    assert render(hello(temperature=0.5, top_p=0.9), NOVA).dropped == []


def test_the_wires_own_fields_go_along_from_any_dialect_and_others_are_named() -> None:
    extras: JsonObject = {
        "performanceConfig": {"latency": "optimized"},
        "additionalModelRequestFields": {"anthropic_beta": ["x"]},
        "foo": 1,
    }
    rendered = render(hello(extras=extras, service_tier="flex"))
    assert rendered.body["performanceConfig"] == {"latency": "optimized"}
    assert rendered.body["additionalModelRequestFields"] == {"anthropic_beta": ["x"]}
    assert rendered.body["serviceTier"] == {"type": "flex"}
    assert rendered.dropped == ["foo"]


def test_the_family_of_an_opaque_profile_is_the_slugs() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
    target = Target(arn, model_id="anthropic/claude-opus-4.8")
    made = body(hello(reasoning=ReasoningOptions(effort="high")), target)
    assert made["additionalModelRequestFields"]["thinking"]["type"] == "adaptive"


def test_documents_have_allowed_names_and_never_stand_alone() -> None:
    pdf = "data:application/pdf;base64,JVBERi0="
    made = body(
        talk(
            (
                "user",
                (
                    File(data=pdf, filename="Q3_report: final  (v2).pdf"),
                    File(data=pdf, filename="Q3_report: final  (v2).pdf"),
                    File(data="data:application/json;base64,e30="),
                    File(data="s3://bucket-of-mine/notes.md", filename="../é.md"),
                ),
            )
        )
    )
    content = made["messages"][0]["content"]
    assert content[0] == {"text": "See the attached document."}
    documents = [block["document"] for block in content[1:]]
    assert [one["name"] for one in documents] == [
        "Q3-report- final (v2)", "Q3-report- final (v2) (2)", "Document", "Document (2)",
    ]  # fmt: skip
    assert [one["format"] for one in documents] == ["pdf", "pdf", "txt", "md"]
    assert documents[3]["source"] == {"s3Location": {"uri": "s3://bucket-of-mine/notes.md"}}


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (Image("https://pictures.test/a.png"), "image_url"),
        (Image("data:image/svg+xml;base64,AAAA"), "image_url"),
        (File(data="https://papers.test/a.pdf"), "file"),
        (File(file_id="file-1"), "file.file_id"),
        (File(data="data:application/zip;base64,AAAA"), "file"),
    ],
)
def test_media_that_the_wire_cannot_carry_are_refused(part: Part, field: str) -> None:
    with pytest.raises(InvalidRequest, match=field):
        render(talk(("user", (Text("See"), part))))


def test_what_the_model_made_before_is_told_as_far_as_it_can_be() -> None:
    rendered = render(
        talk(
            ("user", (Text("Hi"),)),
            (
                "assistant",
                (
                    Refusal("No."),
                    ImageOutput(PNG),
                    AudioOutput({"id": "a", "transcript": "Well"}),
                    Opaque("tool_call", {"type": "custom"}),
                ),
            ),
            ("user", (Text("Why?"),)),
        )
    )
    content = rendered.body["messages"][1]["content"]  # type: ignore[index]
    assert [next(iter(block)) for block in content] == ["text", "image", "text"]
    assert rendered.dropped == ["messages.audio", "messages.tool_call"]
