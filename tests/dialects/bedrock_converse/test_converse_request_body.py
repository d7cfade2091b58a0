"""What is said to Converse of a request in any dialect, by family of models; what cannot be said is named."""

import json
from typing import Any

import pytest
from msgspec import structs

from waystation.codec.dialect import RenderedRequest, Target
from waystation.dialects.bedrock_converse import DIALECT
from waystation.errors import InvalidRequest
from waystation.operations.chat import (
    ChatRequest,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.parts import (
    AudioOutput,
    File,
    Image,
    ImageOutput,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)

CLAUDE = Target("us.anthropic.claude-sonnet-4-5-20250929-v1:0", max_completion_tokens=64_000)
OLD_CLAUDE = Target("us.anthropic.claude-3-7-sonnet-20250219-v1:0", max_completion_tokens=64_000)
NEW_CLAUDE = Target("global.anthropic.claude-opus-4-8", max_completion_tokens=128_000)
NOVA = Target("us.amazon.nova-lite-v1:0")
NOVA_2 = Target("us.amazon.nova-2-lite-v1:0")
LLAMA = Target("us.meta.llama3-3-70b-instruct-v1:0")
MISTRAL = Target("mistral.mistral-large-2402-v1:0")
GPT_OSS = Target("openai.gpt-oss-120b-1:0")
PNG = "data:image/png;base64,iVBORw0KGgo="
SCHEMA: JsonObject = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
OPEN_SCHEMA: JsonObject = {"type": "object", "properties": {}, "additionalProperties": True}
LOOK_UP = Tool("look_up", "Looks up.", SCHEMA)


def hello(**fields: Any) -> ChatRequest:
    return ChatRequest("openai_chat", None, (Message("user", (Text("Hi"),)),), **fields)


def talk(*messages: tuple[str, tuple[Part, ...]], **fields: Any) -> ChatRequest:
    return ChatRequest(
        "openai_chat", None, tuple([Message(role, parts) for role, parts in messages]), **fields
    )


def render(request: ChatRequest, target: Target = CLAUDE) -> RenderedRequest:
    return DIALECT.render_request(request, target)


def body(request: ChatRequest, target: Target = CLAUDE) -> dict[str, Any]:
    return json.loads(json.dumps(render(request, target).body))  # type: ignore[no-any-return]


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


def test_results_of_one_turn_are_one_turn_and_come_first() -> None:
    made = body(
        talk(
            ("user", (Text("Go"),)),
            ("assistant", (ToolCall("a", "look_up", "{}"), ToolCall("b", "look_up", '{"q":[1]}'))),
            ("user", (Text("Hurry"),)),
            ("tool", (ToolResult("a", (Text("1"), Image(PNG))),)),
            ("tool", (ToolResult("b", (Text("no"),), is_error=True),)),
            tools=(LOOK_UP,),
        )
    )
    assert made["messages"][1]["content"] == [
        {"toolUse": {"toolUseId": "a", "name": "look_up", "input": {}}},
        {"toolUse": {"toolUseId": "b", "name": "look_up", "input": {"q": [1]}}},
    ]
    assert made["messages"][2]["content"] == [
        {
            "toolResult": {
                "toolUseId": "a",
                "content": [{"text": "1"}, {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}],
            }
        },
        {"toolResult": {"toolUseId": "b", "content": [{"text": "no"}], "status": "error"}},
        {"text": "Hurry"},
    ]


def test_a_failed_result_has_no_status_where_the_family_knows_none() -> None:
    request = talk(
        ("user", (Text("Go"),)),
        ("assistant", (ToolCall("a", "look_up", "{}"),)),
        ("tool", (ToolResult("a", (Text("no"),), is_error=True),)),
        tools=(LOOK_UP,),
    )
    rendered = render(request, LLAMA)
    assert "status" not in json.dumps(rendered.body)
    assert rendered.dropped == ["messages.is_error"]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ("", {}),
        ("{}", {}),
        ("[1]", {"arguments": [1]}),
        ('{"a": ', {"arguments": '{"a": '}),
        ("null", {"arguments": None}),
    ],
)
def test_arguments_are_always_an_object(arguments: str, sent: JsonObject) -> None:
    made = body(talk(("user", (Text("Go"),)), ("assistant", (ToolCall("a", "f", arguments),))))
    assert made["messages"][1]["content"][0]["toolUse"]["input"] == sent


def test_ids_that_the_wire_refuses_are_changed_alike_in_call_and_result() -> None:
    odd = "call/é|" + "x" * 80
    made = body(
        talk(
            ("user", (Text("Go"),)),
            ("assistant", (ToolCall(odd, "f", "{}"), ToolCall("functions.f:0", "f", "{}"))),
            ("tool", (ToolResult(odd, (Text("1"),)), ToolResult("functions.f:0", (Text("2"),)))),
        )
    )
    calls = [block["toolUse"]["toolUseId"] for block in made["messages"][1]["content"]]
    assert calls == [block["toolResult"]["toolUseId"] for block in made["messages"][2]["content"]]
    assert calls[1] == "functions.f:0"
    assert len(calls[0]) <= 64
    assert calls[0].isascii()
    assert "/" not in calls[0]


def test_tools_of_the_history_stay_declared() -> None:
    history = talk(
        ("user", (Text("Go"),)),
        ("assistant", (ToolCall("a", "old_one", "{}"),)),
        ("tool", (ToolResult("a", (Text("1"),)),)),
    )
    assert body(history)["toolConfig"] == {
        "tools": [
            {"toolSpec": {"name": "old_one", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
        ]
    }
    kept = render(structs.replace(history, tools=(LOOK_UP,), tool_choice=ToolChoice("none")))
    assert [tool["toolSpec"]["name"] for tool in kept.body["toolConfig"]["tools"]] == ["look_up", "old_one"]  # type: ignore[index]
    assert kept.dropped == ["tool_choice"]


def test_no_tool_is_said_by_declaring_none() -> None:
    rendered = render(hello(tools=(LOOK_UP,), tool_choice=ToolChoice("none")))
    assert "toolConfig" not in rendered.body
    assert rendered.dropped == []


@pytest.mark.parametrize(
    ("target", "choice", "sent", "dropped"),
    [
        (CLAUDE, ToolChoice("auto"), {"auto": {}}, []),
        (CLAUDE, ToolChoice("required"), {"any": {}}, []),
        (CLAUDE, ToolChoice("named", "look_up"), {"tool": {"name": "look_up"}}, []),
        (NOVA, ToolChoice("named", "look_up"), {"tool": {"name": "look_up"}}, []),
        (MISTRAL, ToolChoice("named", "look_up"), {"any": {}}, []),
        (LLAMA, ToolChoice("auto"), None, []),
        (LLAMA, ToolChoice("required"), None, ["tool_choice"]),
    ],
)
def test_the_choice_among_tools(
    target: Target, choice: ToolChoice, sent: JsonObject | None, dropped: list[str]
) -> None:
    rendered = render(hello(tools=(LOOK_UP,), tool_choice=choice), target)
    assert rendered.body["toolConfig"].get("toolChoice") == sent  # type: ignore[attr-defined]
    assert rendered.dropped == dropped


def test_strict_tools_and_parallel_calls_where_the_family_knows_them() -> None:
    request = hello(tools=(structs.replace(LOOK_UP, strict=True),), parallel_tool_calls=False)
    claude = render(request)
    assert claude.body["toolConfig"]["tools"][0]["toolSpec"]["strict"] is True  # type: ignore[index]
    assert claude.body["additionalModelRequestFields"] == {
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}
    }
    assert render(request, NOVA).dropped == ["tools.strict", "parallel_tool_calls"]


def test_breakpoints_stand_behind_what_they_mark() -> None:
    hour: JsonObject = {"type": "ephemeral", "ttl": "1h"}
    five: JsonObject = {"type": "ephemeral"}
    request = talk(
        ("system", (Text("Long.", cache_control=hour),)),
        ("user", (Text("Hi"), Image(PNG, cache_control=five), Text("there"))),
        ("assistant", (ToolCall("a", "look_up", "{}"),)),
        ("tool", (ToolResult("a", (Text("1", cache_control=five),)),)),
        tools=(structs.replace(LOOK_UP, cache_control=five),),
    )
    made = body(request)
    assert made["system"] == [{"text": "Long."}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    assert made["messages"][0]["content"][2] == {"cachePoint": {"type": "default"}}
    assert made["messages"][2]["content"][1] == {"cachePoint": {"type": "default"}}
    assert made["toolConfig"]["tools"][1] == {"cachePoint": {"type": "default"}}
    nova = render(request, NOVA)
    assert nova.body["system"][1] == {"cachePoint": {"type": "default"}}  # type: ignore[index]
    assert nova.dropped == ["cache_control.ttl", "cache_control"]
    llama = render(request, LLAMA)
    assert "cachePoint" not in json.dumps(llama.body)
    assert llama.dropped == ["cache_control"]


def test_a_request_has_at_most_four_breakpoints_and_keeps_the_last() -> None:
    mark: JsonObject = {"type": "ephemeral"}
    rendered = render(
        talk(
            ("system", (Text("a", cache_control=mark), Text("b", cache_control=mark))),
            ("user", tuple([Text(str(at), cache_control=mark) for at in range(4)])),
        )
    )
    assert rendered.body["system"] == [{"text": "a"}, {"text": "b"}]
    assert json.dumps(rendered.body).count("cachePoint") == 4
    assert rendered.dropped == ["cache_control"]


def test_automatic_caching_is_a_breakpoint_behind_the_prompt() -> None:
    made = body(hello(cache_control={"type": "ephemeral"}))
    assert made["messages"][0]["content"] == [{"text": "Hi"}, {"cachePoint": {"type": "default"}}]
    assert render(hello(cache_control={"type": "ephemeral"}), LLAMA).dropped == ["cache_control"]


def test_claudes_signed_reasoning_goes_back_to_claude_alone() -> None:
    request = talk(
        ("user", (Text("Hi"),)),
        (
            "assistant",
            (
                Reasoning(text="Hm.", plain=True),
                Reasoning(text="Hm.", signature="c2ln", origin="anthropic-claude-v1"),
                Reasoning(kind="encrypted", data="EqRa", origin="anthropic-claude-v1"),
                Text("Yes."),
            ),
        ),
        ("user", (Text("Sure?"),)),
    )
    rendered = render(request)
    assert rendered.body["messages"][1]["content"] == [  # type: ignore[index]
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "RXFSYQ=="}},
        {"text": "Yes."},
    ]
    assert rendered.dropped == []
    nova = render(request, NOVA)
    assert nova.body["messages"][1]["content"] == [{"text": "Yes."}]  # type: ignore[index]
    assert nova.dropped == ["messages.reasoning"]


@pytest.mark.parametrize(
    "thought",
    [
        Reasoning(text="Hm.", plain=True),
        Reasoning(text="Hm.", signature="c2ln", origin="google-gemini-v1"),
        Reasoning(kind="encrypted", data="gAAA", origin="openai-responses-v1"),
        Reasoning(kind="summary", text="Hm."),
    ],
)
def test_reasoning_of_another_maker_is_not_shown_to_claude(thought: Reasoning) -> None:
    rendered = render(talk(("user", (Text("Hi"),)), ("assistant", (thought, Text("Yes.")))))
    assert rendered.body["messages"][1]["content"] == [{"text": "Yes."}]  # type: ignore[index]
    assert rendered.dropped == ["messages.reasoning"]


def test_openais_encrypted_reasoning_goes_back_to_openais_models() -> None:
    thought = Reasoning(kind="encrypted", data="gAAAAAB-x_", origin="bedrock-openai-responses-v1")
    request = talk(("user", (Text("Hi"),)), ("assistant", (thought, Text("Yes."))))
    sent = body(request, Target("global.openai.gpt-5.5"))["messages"][1]["content"][0]
    assert sent == {"reasoningContent": {"redactedContent": "Z0FBQUFBQi14Xw=="}}


@pytest.mark.parametrize(
    ("target", "options", "more", "inference"),
    [
        (OLD_CLAUDE, ReasoningOptions(max_tokens=2000), {"thinking": {"type": "enabled", "budget_tokens": 2000}}, {"maxTokens": 6096}),
        (OLD_CLAUDE, ReasoningOptions(effort="low"), {"thinking": {"type": "enabled", "budget_tokens": 12800}}, {"maxTokens": 16896}),
        (OLD_CLAUDE, ReasoningOptions(max_tokens=10), {"thinking": {"type": "enabled", "budget_tokens": 1024}}, {"maxTokens": 5120}),
        (OLD_CLAUDE, ReasoningOptions(effort="none"), None, None),
        (Target("us.anthropic.claude-sonnet-4-6"), ReasoningOptions(effort="xhigh"), {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, None),
        (NEW_CLAUDE, ReasoningOptions(effort="minimal"), {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}}, None),
        (NEW_CLAUDE, ReasoningOptions(enabled=True, exclude=True), {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}}, None),
        (NEW_CLAUDE, ReasoningOptions(enabled=False), {"thinking": {"type": "disabled"}}, None),
        (NOVA_2, ReasoningOptions(effort="low"), {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}, None),
        (GPT_OSS, ReasoningOptions(effort="high"), {"reasoning_effort": "high"}, None),
        (Target("global.openai.gpt-5.5"), ReasoningOptions(effort="xhigh"), {"reasoning": {"effort": "xhigh"}}, None),
        (Target("qwen.qwen3-32b-v1:0"), ReasoningOptions(effort="medium"), {"reasoning_config": "medium"}, None),
        (Target("deepseek.v3-v1:0"), ReasoningOptions(effort="high"), {"reasoning_config": "high"}, None),
        (CLAUDE, ReasoningOptions(exclude=True), None, None),
    ],
)  # fmt: skip
def test_effort_and_budget_by_family(
    target: Target, options: ReasoningOptions, more: JsonObject | None, inference: JsonObject | None
) -> None:
    rendered = render(hello(reasoning=options), target)
    assert rendered.body.get("additionalModelRequestFields") == more
    assert rendered.body.get("inferenceConfig") == inference
    assert rendered.dropped == []


@pytest.mark.parametrize(
    "target", [NOVA, LLAMA, Target("us.deepseek.r1-v1:0"), Target("anthropic.claude-3-haiku-20240307-v1:0")]
)
def test_reasoning_that_cannot_be_asked_for_is_named(target: Target) -> None:
    rendered = render(hello(reasoning=ReasoningOptions(effort="high")), target)
    assert rendered.dropped == ["reasoning"]
    assert "additionalModelRequestFields" not in rendered.body


def test_a_budget_yields_to_what_the_model_can_write() -> None:
    target = Target(OLD_CLAUDE.native_id, max_completion_tokens=8_192)
    made = body(hello(reasoning=ReasoningOptions(max_tokens=20_000)), target)
    assert made["inferenceConfig"] == {"maxTokens": 8192}
    assert made["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 8191


def test_claude_that_thinks_takes_no_sampling() -> None:
    rendered = render(hello(reasoning=ReasoningOptions(max_tokens=2000), temperature=0.3, top_k=5), CLAUDE)
    assert rendered.body["inferenceConfig"] == {"maxTokens": 6096}
    assert rendered.dropped == ["temperature", "top_k"]


def test_nova_at_high_effort_takes_no_sampling_and_no_limit() -> None:
    high = ReasoningOptions(effort="high")
    free = render(hello(reasoning=high, temperature=0.3, top_p=0.5), NOVA_2)
    assert "inferenceConfig" not in free.body
    assert free.dropped == ["temperature", "top_p"]
    limited = render(hello(reasoning=high, max_tokens=100), NOVA_2)
    assert limited.body["additionalModelRequestFields"] == {
        "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}
    }
    assert limited.dropped == ["reasoning.effort"]


def test_claude_does_not_think_where_it_is_forced_to_call() -> None:
    rendered = render(
        hello(reasoning=ReasoningOptions(effort="high"), tools=(LOOK_UP,), tool_choice=ToolChoice("required"))
    )
    assert rendered.body["toolConfig"]["toolChoice"] == {"any": {}}  # type: ignore[index]
    assert rendered.dropped == ["reasoning"]


def test_a_schema_is_said_natively_where_the_model_knows_how() -> None:
    form = ResponseFormat("json_schema", "answer", SCHEMA, strict=True, description="An answer.")
    made = body(hello(response_format=form))
    definition = made["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert definition["name"] == "answer"
    assert definition["description"] == "An answer."
    assert json.loads(definition["schema"]) == {**SCHEMA, "additionalProperties": False}
    assert "toolConfig" not in made


def test_a_schema_is_a_forced_tool_where_it_does_not() -> None:
    form = ResponseFormat("json_schema", "answer", SCHEMA)
    made = body(hello(response_format=form), NOVA)
    [tool] = made["toolConfig"]["tools"]
    assert tool["toolSpec"]["inputSchema"] == {"json": SCHEMA}
    assert made["toolConfig"]["toolChoice"] == {"tool": {"name": tool["toolSpec"]["name"]}}
    beside = body(hello(response_format=form, tools=(LOOK_UP,)), NOVA)
    assert len(beside["toolConfig"]["tools"]) == 2
    assert beside["toolConfig"]["toolChoice"] == {"any": {}}


def test_an_open_object_is_a_forced_tool_even_where_closed_ones_are_native() -> None:
    for form in (ResponseFormat("json_schema", "answer", OPEN_SCHEMA), ResponseFormat("json_object")):
        made = body(hello(response_format=form))
        assert "outputConfig" not in made
        assert set(made["toolConfig"]["toolChoice"]) == {"tool"}


def test_a_form_that_cannot_be_asked_for_is_named() -> None:
    assert render(hello(response_format=ResponseFormat("json_object")), LLAMA).dropped == ["response_format"]
    assert render(hello(response_format=ResponseFormat("grammar"))).dropped == ["response_format"]
    array = ResponseFormat("json_schema", "a", {"type": "array", "items": OPEN_SCHEMA})
    assert render(hello(response_format=array), NOVA).dropped == ["response_format"]
    assert render(hello(response_format=ResponseFormat("text"))).dropped == []


def test_a_turn_that_is_forced_to_call_has_no_form() -> None:
    form = ResponseFormat("json_schema", "answer", SCHEMA)
    rendered = render(hello(response_format=form, tools=(LOOK_UP,), tool_choice=ToolChoice("required")), NOVA)
    assert len(rendered.body["toolConfig"]["tools"]) == 1  # type: ignore[index]
    assert rendered.dropped == []


def test_the_gateways_own_tool_name_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="waystation_structured_answer"):
        render(hello(tools=(Tool("waystation_structured_answer"),)))


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


def test_verbosity_is_claudes_effort() -> None:
    assert body(hello(verbosity="low"), NEW_CLAUDE)["additionalModelRequestFields"] == {
        "output_config": {"effort": "low"}
    }


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
