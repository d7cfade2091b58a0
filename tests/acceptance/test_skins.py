"""Every route of inference through a real gateway before scripted providers: what is asked, what is answered, what is recorded."""

import json
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from gateway_client import Answer, Conversation, call, generation
from gateway_process import API_KEY, GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Whole, chunk, completion, streamed
from waiting import wait_for

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 3},
}
ASK = [{"role": "user", "content": "Say hello"}]
CLAUDE = "anthropic/claude-haiku-4.5"


class Setting(NamedTuple):
    """A gateway before OpenAI's wire, Anthropic's, and Cohere's."""

    gateway: GatewayProcess
    openai: ScriptedProvider
    claude: ScriptedProvider
    cohere: ScriptedProvider


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway) -> Iterator[Setting]:
    with ScriptedProvider() as openai, ScriptedProvider() as claude, ScriptedProvider() as cohere:
        rows = f"""
[server]
comment_grace = 0.2
[providers.own]
base_url = "{openai.url}"
models = [
  {{ id = "acme/m1", context_length = 50000, prompt = "0.000001", completion = "0.000002" }},
  {{ id = "acme/m2", context_length = 50000, prompt = "0", completion = "0" }},
  {{ id = "acme/vectors", prompt = "0.000001", completion = "0", output_modalities = ["embeddings"] }},
]
[providers.openrouter]
api_key = "sk-fake-openrouter"
base_url = "{openai.url}"
models = [{{ id = "acme/thinker", context_length = 50000, prompt = "0", completion = "0" }}]
[providers.anthropic]
api_key = "sk-fake-claude"
base_url = "{claude.url}"
[providers.cohere]
api_key = "fake-cohere"
base_url = "{cohere.url.removesuffix("/v1")}"
"""
        yield Setting(start_gateway(rows), openai, claude, cohere)


def post(setting: Setting, path: str, body: Any, **more: Any) -> Answer:
    for provider in (setting.openai, setting.claude, setting.cohere):
        provider.asked.clear()
    return call(setting.gateway, "POST", path, body, **more)


def messages(setting: Setting, model: str = "acme/m1", **fields: Any) -> Answer:
    headers = fields.pop("headers", None)
    path = fields.pop("path", "/v1/messages")
    return post(setting, path, {"model": model, "max_tokens": 99, "messages": ASK, **fields}, headers=headers)


def events(answer: Answer) -> list[dict[str, Any]]:
    lines = answer.text.splitlines()
    return [json.loads(line[5:]) for line in lines if line.startswith("data:") and "[DONE]" not in line]


@pytest.mark.parametrize("path", ["/v1/messages", "/api/v1/messages"])
def test_messages_over_a_model_of_the_chat_wire(path: str, setting: Setting) -> None:
    setting.openai.answer(completion("Hi"))
    answer = messages(setting, system="Be brief.", path=path)
    assert answer.status == 200
    said = answer.json
    assert (said["type"], said["role"], said["stop_reason"]) == ("message", "assistant", "end_turn")
    assert said["content"] == [{"type": "text", "text": "Hi", "citations": None}]
    assert said["usage"]["input_tokens"] == 7
    assert said["usage"]["output_tokens"] == 3
    assert said["usage"]["cost"] == pytest.approx(7e-6 + 6e-6)
    assert said["id"] == answer.headers["x-generation-id"]
    sent = setting.openai.asked[0].body
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert sent["max_tokens"] == 99


def test_messages_errors_have_anthropics_envelope(setting: Setting) -> None:
    wrong = messages(setting, temperature="hot")
    assert wrong.status == 400
    assert wrong.json["type"] == "error"
    assert wrong.json["error"]["type"] == "invalid_request_error"
    assert "temperature" in wrong.json["error"]["message"]
    assert "request_id" in wrong.json
    nobody = messages(setting, "nobody/knows")
    assert nobody.json["error"]["availability"]["code"] == "model_not_found"
    refused = post(setting, "/v1/messages", {"messages": ASK}, key="sk-wrong")
    assert refused.json["error"]["type"] == "authentication_error"
    assert refused.json["request_id"] is None
    setting.openai.answer(Whole({"error": {"message": "slow down"}}, 429), Whole({}, 429))
    busy = messages(setting)
    assert busy.json["error"]["type"] == "rate_limit_error"


def test_fallbacks_are_objects_of_a_model_alone(setting: Setting) -> None:
    setting.openai.answer(Whole({"error": {"message": "broken"}}, 500), completion("Hi"))
    answer = messages(setting, fallbacks=[{"model": "acme/m2"}])
    assert answer.json["model"] == "acme/m2"
    assert messages(setting, fallbacks=[{"model": "acme/m2", "max_tokens": 1}]).status == 400
    assert messages(setting, fallbacks=[{"model": "acme/m2"}], models=["acme/m2"]).status == 400
    assert messages(setting, fallbacks=[{"model": "acme/m2"}] * 4).status == 400


def test_betas_reach_endpoints_of_anthropics_wire(setting: Setting) -> None:
    setting.claude.answer(Whole(MESSAGE))
    headers = {"x-anthropic-beta": "one-2025-01-01, two-2025-01-01", "anthropic-beta": "three-2025-01-01"}
    assert messages(setting, CLAUDE, headers=headers).status == 200
    asked = setting.claude.asked[0]
    assert set(asked.headers["anthropic-beta"].split(",")) == {
        "one-2025-01-01",
        "two-2025-01-01",
        "three-2025-01-01",
    }
    assert asked.headers["anthropic-version"] == "2023-06-01"


def test_server_tools_and_unknown_fields_reach_claude_as_they_are(setting: Setting) -> None:
    setting.claude.answer(Whole(MESSAGE))
    tool = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    answer = messages(setting, CLAUDE, tools=[tool], context_management={"edits": []}, speed="fast")
    assert answer.status == 200
    sent = setting.claude.asked[0].body
    assert sent["tools"] == [tool]
    assert sent["context_management"] == {"edits": []}
    assert sent["speed"] == "fast"
    assert sent["messages"] == ASK


def test_a_stream_of_messages_begins_and_ends_as_it_should(setting: Setting) -> None:
    setting.openai.answer(streamed(chunk(role="assistant", content="Hel"), chunk(content="lo")))
    answer = messages(setting, stream=True)
    kinds = [event["type"] for event in events(answer)]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    text = "".join(e["delta"].get("text", "") for e in events(answer) if e["type"] == "content_block_delta")
    assert text == "Hello"
    assert "event: message_start\n" in answer.text
    assert "[DONE]" not in answer.text


def test_a_stream_of_messages_pings_while_it_waits(setting: Setting) -> None:
    gate = threading.Event()
    setting.openai.answer(streamed(gate, chunk(role="assistant", content="Hello")))
    body = {"model": "acme/m1", "messages": ASK, "stream": True}
    with Conversation(setting.gateway, body, "/messages") as conversation:
        conversation.read_until("event: ping")
        gate.set()
        conversation.read_until("event: message_start")
        conversation.read_until("event: message_stop")


def test_a_stream_of_messages_that_breaks_ends_in_an_error_event(setting: Setting) -> None:
    broken = {"error": {"message": "down", "code": 503}}
    setting.openai.answer(streamed(chunk(role="assistant", content="Hel"), broken))
    last = events(messages(setting, stream=True))[-1]
    assert last["type"] == "error"
    assert last["error"]["type"]
    assert last["request_id"].startswith("gen-")


def test_thoughts_of_another_maker_come_back_to_it_through_messages(setting: Setting) -> None:
    details = [
        {"type": "reasoning.encrypted", "data": "sealed", "format": "openai-responses-v1", "id": "rs_1"}
    ]
    setting.openai.answer(completion("Hi", reasoning="Hm.", reasoning_details=details), completion("Bye"))
    first = messages(setting, "acme/thinker").json
    assert [block["type"] for block in first["content"]] == ["thinking", "redacted_thinking", "text"]
    again = [*ASK, {"role": "assistant", "content": first["content"]}, *ASK]
    post(setting, "/v1/messages", {"model": "acme/thinker", "messages": again})
    told = setting.openai.asked[0].body["messages"][1]
    assert told["reasoning_details"] == details


def test_counting_tokens_asks_claude_and_estimates_for_others(setting: Setting) -> None:
    setting.claude.answer(Whole({"input_tokens": 1234}))
    path = "/v1/messages/count_tokens"
    counted = post(setting, path, {"model": CLAUDE, "messages": ASK, "max_tokens": 5})
    assert counted.json == {"input_tokens": 1234}
    assert setting.claude.asked[0].path == "/v1/messages/count_tokens"
    assert "max_tokens" not in setting.claude.asked[0].body
    guessed = post(setting, path, {"model": "acme/m1", "messages": ASK})
    assert guessed.json["estimated"] is True
    assert guessed.json["input_tokens"] > 0
    assert post(setting, path, {"model": "nobody/knows", "messages": ASK}).json["type"] == "error"


def test_anthropics_clients_get_their_list_of_models(setting: Setting) -> None:
    headers = {"anthropic-version": "2023-06-01"}
    listed = call(setting.gateway, "GET", "/api/v1/models?limit=2", headers=headers).json
    assert [one["type"] for one in listed["data"]] == ["model", "model"]
    assert listed["has_more"] is True
    following = call(
        setting.gateway, "GET", f"/api/v1/models?limit=1000&after_id={listed['last_id']}", headers=headers
    )
    ids = [one["id"] for one in following.json["data"]]
    assert CLAUDE in ids
    assert listed["first_id"] not in ids
    assert call(setting.gateway, "GET", "/api/v1/models?limit=0", headers=headers).status == 400
    assert call(setting.gateway, "GET", "/v1/models", headers=headers).json["data"]


def responses(setting: Setting, model: str = "acme/m1", **fields: Any) -> Answer:
    return post(setting, "/api/v1/responses", {"model": model, "input": "Say hello", **fields})


REQUIRED = (
    "id", "object", "created_at", "completed_at", "status", "model", "output", "error", "incomplete_details",
    "instructions", "metadata", "temperature", "top_p", "presence_penalty", "frequency_penalty",
    "parallel_tool_calls", "tool_choice", "tools",
)  # fmt: skip


def test_responses_over_a_model_of_the_chat_wire(setting: Setting) -> None:
    setting.openai.answer(completion("Hi"))
    answer = responses(setting, instructions="Be brief.", metadata={"a": "b"}, temperature=0.5)
    said = answer.json
    assert not set(REQUIRED) - said.keys()
    assert (said["object"], said["status"], said["instructions"]) == ("response", "completed", "Be brief.")
    assert said["metadata"] == {"a": "b"}
    assert said["output"][0]["content"][0]["text"] == "Hi"
    assert said["usage"]["input_tokens"] == 7
    assert said["usage"]["cost_details"]["upstream_inference_input_cost"] == pytest.approx(7e-6)
    assert setting.openai.asked[0].body["messages"][0]["role"] == "system"


@pytest.mark.parametrize(
    "state",
    [{"store": True}, {"previous_response_id": "resp_1"}, {"background": True}, {"conversation": "c"}],
)
def test_responses_keep_no_state(state: dict[str, Any], setting: Setting) -> None:
    refused = responses(setting, **state)
    assert refused.status == 400
    assert refused.error["code"] == 400
    assert next(iter(state)) in refused.error["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_is_too_long_is_a_response_cut_short(stream: bool, setting: Setting) -> None:  # noqa: FBT001 - a parameter of the test
    too_long = {"error": {"message": "maximum context length is 9", "code": "context_length_exceeded"}}
    setting.openai.answer(*[Whole(too_long, 400)] * 3)
    answer = responses(setting, stream=stream)
    assert answer.status == 200
    said = events(answer)[-1]["response"] if stream else answer.json
    assert said["status"] == "incomplete"
    assert said["incomplete_details"] == {"reason": "max_output_tokens"}


def test_a_stream_of_responses_numbers_its_events_and_says_done(setting: Setting) -> None:
    setting.openai.answer(streamed(chunk(role="assistant", content="Hel"), chunk(content="lo")))
    answer = responses(setting, stream=True)
    told = events(answer)
    assert [one["sequence_number"] for one in told] == list(range(len(told)))
    assert [one["type"] for one in told] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert told[-1]["response"]["usage"]["output_tokens"] == 3
    assert answer.text.endswith("data: [DONE]\n\n")


def test_a_stream_of_responses_that_breaks_is_a_response_that_failed(setting: Setting) -> None:
    broken = {"error": {"message": "down", "code": 503}}
    setting.openai.answer(streamed(chunk(role="assistant", content="Hel"), broken))
    answer = responses(setting, stream=True)
    last = events(answer)[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"]["code"] == "server_error"
    assert last["response"]["error_type"] == "provider_overloaded"
    assert answer.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True])
def test_tools_of_codex_become_functions_and_their_calls_items(stream: bool, setting: Setting) -> None:  # noqa: FBT001 - a parameter of the test
    tools = [
        {"type": "custom", "name": "patch", "description": "Patch.", "format": {"type": "text"}},
        {"type": "local_shell"},
        {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}},
    ]
    calls = [
        {"index": 0, "id": "c1", "type": "function", "function": {"name": "patch", "arguments": '{"input": "*** Begin"}'}},
        {"index": 1, "id": "c2", "type": "function", "function": {"name": "local_shell", "arguments": '{"command": ["ls"]}'}},
        {"index": 2, "id": "c3", "type": "function", "function": {"name": "look", "arguments": "{}"}},
    ]  # fmt: skip
    if stream:
        setting.openai.answer(streamed(chunk(role="assistant", tool_calls=calls), reason="tool_calls"))
        output = events(responses(setting, tools=tools, stream=True))[-1]["response"]["output"]
    else:
        setting.openai.answer(completion(None, tool_calls=calls))
        output = responses(setting, tools=tools).json["output"]
    assert [item["type"] for item in output] == ["custom_tool_call", "local_shell_call", "function_call"]
    assert output[0]["input"] == "*** Begin"
    assert output[1]["action"] == {"type": "exec", "env": {}, "command": ["ls"]}
    assert output[2]["arguments"] == "{}"
    sent = setting.openai.asked[0].body["tools"]
    assert [tool["function"]["name"] for tool in sent] == ["patch", "local_shell", "look"]
    results = [
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
        {"type": "local_shell_call_output", "call_id": "c2", "output": "a.txt"},
        {"type": "function_call_output", "call_id": "c3", "output": "seen"},
    ]
    setting.openai.answer(completion("Good."))
    post(
        setting,
        "/api/v1/responses",
        {"model": "acme/m1", "tools": tools, "input": [{"role": "user", "content": "Go"}, *output, *results]},
    )
    told = setting.openai.asked[0].body["messages"]
    assert [message["role"] for message in told] == ["user", "assistant", "tool", "tool", "tool"]
    assert [message["content"] for message in told[2:]] == ["done", "a.txt", "seen"]
    assert [call["id"] for call in told[1]["tool_calls"]] == ["c1", "c2", "c3"]


def test_gemini_over_a_model_of_the_chat_wire(setting: Setting) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "Say hello"}]}]}
    for path, how in (
        ("/v1beta/models/acme/m1:generateContent", {"headers": {"x-goog-api-key": API_KEY}}),
        (f"/v1/models/acme/m1:generateContent?key={API_KEY}", {}),
        ("/api/v1beta/models/acme/m1:generateContent", {"headers": {"authorization": f"Bearer {API_KEY}"}}),
    ):
        setting.openai.answer(completion("Hi"))
        answer = post(setting, path, body, key=None, **how)
        assert answer.status == 200, answer.text
        assert answer.json["candidates"][0]["content"]["parts"] == [{"text": "Hi"}]
        assert answer.json["usageMetadata"]["promptTokenCount"] == 7
        assert answer.json["modelVersion"] == "acme/m1"
    setting.openai.answer(streamed(chunk(role="assistant", content="Hel"), chunk(content="lo")))
    answer = post(setting, "/v1beta/models/acme/m1:streamGenerateContent?alt=sse", body)
    texts = [p["text"] for e in events(answer) for c in e["candidates"] for p in c["content"]["parts"]]
    assert "".join(texts) == "Hello"
    refused = post(setting, "/v1beta/models/acme/m1:generateContent", body, key=None)
    assert refused.json["error"]["status"] == "UNAUTHENTICATED"
    counted = post(setting, "/v1beta/models/acme/m1:countTokens", body)
    assert counted.json["totalTokens"] > 0


VECTORS = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}],
    "model": "v",
    "usage": {"prompt_tokens": 4, "total_tokens": 4},
}


def test_embeddings_are_priced_and_recorded_as_what_they_are(setting: Setting) -> None:
    setting.openai.answer(Whole(VECTORS))
    body = {"model": "acme/vectors", "input": "Hello", "dimensions": 2, "user": "u1"}
    answer = post(setting, "/api/v1/embeddings", body)
    assert answer.json["data"] == [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}]
    assert answer.json["model"] == "acme/vectors"
    assert answer.json["usage"]["cost"] == pytest.approx(4e-6)
    record = generation(setting.gateway, answer).json["data"]
    assert record["api_type"] == "embeddings"
    assert record["usage"] == pytest.approx(4e-6)
    assert setting.openai.asked[0].path == "/v1/embeddings"
    assert setting.openai.asked[0].body["dimensions"] == 2


def test_embeddings_come_in_base64_whatever_the_provider_said(setting: Setting) -> None:
    setting.openai.answer(Whole(VECTORS))
    body = {"model": "acme/vectors", "input": ["Hello"], "encoding_format": "base64"}
    assert post(setting, "/v1/embeddings", body).json["data"][0]["embedding"] == "AAAAPwAAgL4="


def test_models_are_served_by_their_own_operation_alone(setting: Setting) -> None:
    for path, body in (
        ("/api/v1/embeddings", {"model": "acme/m1", "input": "Hello"}),
        ("/api/v1/rerank", {"model": "acme/m1", "query": "q", "documents": ["a"]}),
        ("/api/v1/chat/completions", {"model": "acme/vectors", "messages": ASK}),
    ):
        refused = post(setting, path, body)
        assert refused.status == 400
        assert refused.error["availability"]["code"] == "wrong_endpoint"
        assert refused.error["availability"]["constraint"]["field"] == "model"


@pytest.mark.parametrize(
    "body",
    [
        {"input": "Hello"},
        {"model": "acme/vectors"},
        {"model": "acme/vectors", "input": []},
        {"model": "acme/vectors", "input": [""]},
        {"model": "acme/vectors", "input": [[]]},
        {"model": "acme/vectors", "input": [{"content": []}]},
        {"model": "acme/vectors", "input": [True]},
        {"model": "acme/vectors", "input": "x", "encoding_format": "hex"},
        {"model": "acme/vectors", "input": "x", "dimensions": 0},
    ],
)
def test_embeddings_that_make_no_sense_are_refused(body: dict[str, Any], setting: Setting) -> None:
    refused = post(setting, "/api/v1/embeddings", body)
    assert refused.status == 400
    assert refused.error["metadata"]["error_type"] == "invalid_request"


def test_rerank_is_charged_by_search_units(setting: Setting) -> None:
    ranked = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
    setting.cohere.answer(
        Whole({"id": "r", "results": ranked, "meta": {"billed_units": {"search_units": 1}}})
    )
    body = {"model": "cohere/rerank-v3.5", "query": "q", "documents": ["a", {"text": "b"}]}
    answer = post(setting, "/api/v1/rerank", body)
    assert answer.status == 200, answer.text
    assert [(one["index"], one["document"]) for one in answer.json["results"]] == [
        (1, {"text": "b"}),
        (0, {"text": "a"}),
    ]
    assert answer.json["usage"]["search_units"] == 1
    assert answer.json["usage"]["cost"] == pytest.approx(0.002)
    record = generation(setting.gateway, answer).json["data"]
    assert (record["api_type"], record["provider_name"]) == ("rerank", "Cohere")
    assert record["usage"] == pytest.approx(0.002)


def test_the_gateways_own_document_describes_every_route(setting: Setting) -> None:
    paths = call(setting.gateway, "GET", "/openapi.json").json["paths"]
    assert {
        "/api/v1/chat/completions",
        "/api/v1/messages",
        "/api/v1/messages/count_tokens",
        "/api/v1/responses",
        "/api/v1/embeddings",
        "/api/v1/rerank",
        "/v1beta/models/{model}:generateContent",
        "/v1beta/models/{model}:streamGenerateContent",
    } <= paths.keys()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/messages", {"model": "acme/m1", "max_tokens": 9, "messages": ASK, "stream": True}),
        ("/responses", {"model": "acme/m1", "input": "Say hello", "stream": True}),
    ],
)
def test_a_client_that_hangs_up_stops_the_provider(path: str, body: dict[str, Any], setting: Setting) -> None:
    gate = threading.Event()
    setting.openai.answer(
        streamed(chunk(role="assistant", content="Hel"), gate, *[chunk(content="lo" * 5000)] * 4000)
    )
    with Conversation(setting.gateway, body, path) as conversation:
        conversation.read_until("Hel")
        name = conversation.generation
    gate.set()
    assert setting.openai.client_closed.wait(20)
    record = wait_for(lambda: found(setting, name))
    assert record is not None
    assert record["cancelled"] is True


def found(setting: Setting, name: str) -> dict[str, Any] | None:
    answer = generation(setting.gateway, name)
    return answer.json["data"] if answer.status == 200 else None
