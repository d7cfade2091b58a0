"""What a provider is told, and what is named where it cannot be told."""

import json
from typing import cast

import pytest
from msgspec import structs

from waystation.codec.dialect import RenderedRequest, Target
from waystation.dialects.openai_chat import DIALECT
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
    Image,
    ImageOutput,
    JsonObject,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)

ANYTHING = Target("m")
HELLO = Message("user", (Text("Hello"),))
EPHEMERAL: JsonObject = {"type": "ephemeral"}


def request_of(*messages: Message, dialect: str = "openai_chat") -> ChatRequest:
    return ChatRequest(dialect, "acme/m1", messages or (HELLO,))


def render(request: ChatRequest, target: Target = ANYTHING) -> RenderedRequest:
    return DIALECT.render_request(request, target)


def only_message(*parts: object, role: str = "assistant", target: Target = ANYTHING) -> JsonObject:
    message = Message(role, parts)  # type: ignore[arg-type] # parts of any kind, tersely
    return cast("list[JsonObject]", render(request_of(message), target).body["messages"])[0]


def test_the_smallest_body() -> None:
    rendered = render(request_of())
    assert rendered.path == "/chat/completions"
    assert rendered.body == {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    assert rendered.dropped == []


def test_a_stream_always_asks_for_usage() -> None:
    body = render(structs.replace(request_of(), stream=True)).body
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_the_limit_goes_under_the_endpoints_word() -> None:
    request = structs.replace(request_of(), max_tokens=5)
    assert (
        render(request, Target("m", max_tokens_field="max_completion_tokens")).body["max_completion_tokens"]
        == 5
    )


def test_what_an_endpoint_does_not_list_is_dropped_and_named() -> None:
    request = structs.replace(
        request_of(), temperature=1.0, seed=1, stop=("a",), tools=(Tool("f"),), user="u"
    )
    rendered = render(request, Target("m", frozenset({"temperature"})))
    assert rendered.body.keys() == {"model", "messages", "temperature", "user"}
    assert set(rendered.dropped) == {"seed", "stop", "tools"}


def test_the_gateways_own_fields_never_leave_it() -> None:
    body = {
        "model": "a/b",
        "messages": [{"role": "user", "content": "a"}],
        "models": ["c/d"],
        "provider": {"order": ["x"]},
        "plugins": [{"id": "web"}],
        "session_id": "s",
        "trace": {"trace_id": "t"},
        "preset": "p",
        "route": "fallback",
        "metadata": {"k": "v"},
        "transforms": ["middle-out"],
        "usage": {"include": True},
        "debug": {"echo_upstream_body": True},
        "max_tool_calls": 3,
        "stop_server_tools_when": [{"type": "x"}],
        "include_reasoning": False,
    }
    rendered = render(DIALECT.parse_request(json.dumps(body).encode(), ""))
    assert rendered.body.keys() == {"model", "messages"}
    assert rendered.dropped == []


@pytest.mark.parametrize(
    ("store", "sent"), [(True, {"k": "v"}), (False, None), (None, None)], ids=["stored", "not", "unsaid"]
)
def test_metadata_leaves_with_what_is_to_be_stored_under_it(
    *, store: bool | None, sent: dict[str, str] | None
) -> None:
    body = {"model": "a/b", "messages": [{"role": "user", "content": "a"}], "metadata": {"k": "v"}}
    said = body if store is None else body | {"store": store}
    rendered = render(DIALECT.parse_request(json.dumps(said).encode(), ""))
    assert rendered.body.get("store") == store
    assert rendered.body.get("metadata") == sent


def test_extras_are_said_by_the_same_dialect_only() -> None:
    message = Message("user", (Text("a", extras={"x": 1}),), extras={"y": 2})
    request = structs.replace(request_of(message), extras={"z": 3})
    body = render(request).body
    assert body["z"] == 3
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "a", "x": 1}], "y": 2}]
    other = render(structs.replace(request, dialect="anthropic_messages"))
    assert other.body == {"model": "m", "messages": [{"role": "user", "content": "a"}]}
    assert set(other.dropped) == {"messages.content.x", "messages.y", "z"}


def test_opaque_parts_are_said_by_the_same_dialect_only() -> None:
    message = Message("user", (Text("a"), Opaque("hologram", {"type": "hologram"})))
    content = cast("list[JsonObject]", render(request_of(message)).body["messages"])[0]["content"]
    assert content == [{"type": "text", "text": "a"}, {"type": "hologram"}]
    other = render(request_of(message, dialect="gemini"))
    assert other.body["messages"] == [{"role": "user", "content": "a"}]
    assert other.dropped == ["messages.content.hologram"]


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        (ANYTHING, False),
        (Target("m", nested_reasoning=True), True),
        (Target("m", frozenset({"cache_control", "tools"})), True),
    ],
)
def test_cache_marks_go_where_they_are_understood(target: Target, kept: bool) -> None:  # noqa: FBT001
    request = structs.replace(
        request_of(Message("user", (Text("a", EPHEMERAL),))),
        tools=(Tool("f", cache_control=EPHEMERAL),),
        cache_control=EPHEMERAL,
    )
    rendered = render(request, target)
    assert (b"cache_control" in json.dumps(rendered.body).encode()) == kept
    assert rendered.dropped == ([] if kept else ["cache_control"])


def test_an_assistant_turn() -> None:
    call = ToolCall("1", "f", '{"a":1}', extras={"extra_content": {"g": 1}})
    value = only_message(Reasoning(text="hm", plain=True), Refusal("no"), ImageOutput("data:i"), call)
    assert value == {
        "role": "assistant",
        "content": None,
        "reasoning": "hm",
        "refusal": "no",
        "images": [{"type": "image_url", "image_url": {"url": "data:i"}}],
        "tool_calls": [
            {
                "id": "1",
                "type": "function",
                "function": {"name": "f", "arguments": '{"a":1}'},
                "extra_content": {"g": 1},
            }
        ],
    }


def test_reasoning_text_goes_under_the_endpoints_word() -> None:
    target = Target("m", reasoning_field="reasoning_content")
    assert only_message(Reasoning(text="hm", plain=True), target=target)["reasoning_content"] == "hm"


def test_an_endpoint_without_a_word_for_reasoning_hears_nothing_of_it() -> None:
    rendered = render(
        request_of(Message("assistant", (Reasoning(text="hm", plain=True), Text("a")))),
        Target("m", reasoning_field=""),
    )
    assert rendered.body["messages"] == [{"role": "assistant", "content": "a"}]
    assert rendered.dropped == ["messages.reasoning"]


def test_reasoning_details_go_back_as_they_came() -> None:
    details = [
        {"type": "reasoning.text", "text": "hm", "signature": None, "format": "anthropic-claude-v1", "index": 0, "id": None},
        {"type": "reasoning.encrypted", "data": "c2VjcmV0", "format": "openai-responses-v1", "id": "rs_1", "index": 1},
        {"type": "reasoning.future", "x": 1},
    ]  # fmt: skip
    body = {"model": "m", "messages": [{"role": "assistant", "content": "a", "reasoning_details": details}]}
    request = DIALECT.parse_request(json.dumps(body).encode(), "")
    message = cast("list[JsonObject]", render(request, Target("m", nested_reasoning=True)).body["messages"])[
        0
    ]
    assert message["reasoning_details"] == details
    assert message["reasoning"] == "hm"
    flat = render(request)
    assert cast("list[JsonObject]", flat.body["messages"])[0] == {
        "role": "assistant",
        "content": "a",
        "reasoning": "hm",
    }
    assert flat.dropped == ["messages.reasoning_details"]


def test_tool_results_come_before_the_rest_of_their_turn() -> None:
    message = Message("user", (ToolResult("1", (Text("22"),)), ToolResult("2", ()), Text("and?")))
    assert render(request_of(message)).body["messages"] == [
        {"role": "tool", "tool_call_id": "1", "content": "22"},
        {"role": "tool", "tool_call_id": "2", "content": ""},
        {"role": "user", "content": "and?"},
    ]


def test_a_sound_the_model_made_is_named_by_its_id() -> None:
    assert only_message(AudioOutput({"id": "audio_1", "data": "QUJD"}))["audio"] == {"id": "audio_1"}


def test_images_keep_their_detail() -> None:
    value = only_message(Image("data:a", "low"), role="user")
    assert value["content"] == [{"type": "image_url", "image_url": {"url": "data:a", "detail": "low"}}]


@pytest.mark.parametrize(
    ("options", "limit", "said"),
    [
        (ReasoningOptions(effort="high"), None, "high"),
        (ReasoningOptions(enabled=True), None, "medium"),
        (ReasoningOptions(enabled=False), None, "none"),
        (ReasoningOptions(max_tokens=0), None, "none"),
        (ReasoningOptions(max_tokens=2_000), 10_000, "low"),
        (ReasoningOptions(max_tokens=8_000), 10_000, "high"),
        (ReasoningOptions(max_tokens=9_900), 10_000, "xhigh"),
        (ReasoningOptions(exclude=True), None, None),
    ],
)
def test_effort_for_endpoints_that_know_nothing_else(
    options: ReasoningOptions, limit: int | None, said: str | None
) -> None:
    request = structs.replace(request_of(), reasoning=options, max_tokens=limit)
    assert render(request).body.get("reasoning_effort") == said


def test_the_reasoning_object_where_it_is_understood() -> None:
    options = ReasoningOptions(max_tokens=2_000, exclude=True, summary="auto")
    rendered = render(structs.replace(request_of(), reasoning=options), Target("m", nested_reasoning=True))
    assert rendered.body["reasoning"] == {"max_tokens": 2_000, "exclude": True, "summary": "auto"}
    assert render(structs.replace(request_of(), reasoning=options)).dropped == ["reasoning.summary"]


@pytest.mark.parametrize(
    ("listed", "said", "dropped"),
    [
        (frozenset[str](), "json_schema", []),
        (frozenset({"response_format", "structured_outputs"}), "json_schema", []),
        (frozenset({"response_format"}), "json_object", ["structured_outputs"]),
        (frozenset({"temperature"}), None, ["response_format"]),
    ],
)
def test_a_schema_is_asked_for_as_far_as_the_endpoint_goes(
    listed: frozenset[str], said: str | None, dropped: list[str]
) -> None:
    request = structs.replace(
        request_of(), response_format=ResponseFormat("json_schema", "a", {"type": "object"})
    )
    rendered = render(request, Target("m", listed))
    assert cast("JsonObject", rendered.body.get("response_format") or {}).get("type") == said
    assert rendered.dropped == dropped


def test_tools_and_the_choice_among_them() -> None:
    tool = Tool("f", "does", {"type": "object"}, strict=True)
    request = structs.replace(
        request_of(), tools=(tool,), tool_choice=ToolChoice("named", "f"), parallel_tool_calls=False
    )
    body = render(request).body
    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "does",
                "parameters": {"type": "object"},
                "strict": True,
            },
        }
    ]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert body["parallel_tool_calls"] is False


def test_a_tool_of_another_wire_is_dropped_and_named() -> None:
    value: JsonObject = {"type": "computer", "x": 1}
    request = structs.replace(request_of(), tools=(Tool("computer", kind="computer", value=value),))
    assert render(request).body["tools"] == [value]
    other = render(structs.replace(request, dialect="anthropic_messages"))
    assert "tools" not in other.body
    assert other.dropped == ["tools.computer"]


def test_an_effort_is_said_in_the_endpoints_words() -> None:
    request = structs.replace(
        request_of(Message("user", (Text("a"),))), reasoning=ReasoningOptions(effort="xhigh")
    )

    body = render(request, Target("m", efforts=("low", "high"))).body

    assert body["reasoning_effort"] == "high"


@pytest.mark.parametrize(("known", "role"), [(True, "developer"), (False, "system")])
def test_a_developer_is_the_system_where_the_endpoint_knows_none(known: bool, role: str) -> None:  # noqa: FBT001 - a fact of the endpoint
    messages = (Message("developer", (Text("a"),), "ada"), Message("developer", (Text("b"), Text("c"))))
    body = render(request_of(*messages), Target("m", developer_role=known)).body

    assert [message["role"] for message in cast("list[JsonObject]", body["messages"])] == [role, role]
