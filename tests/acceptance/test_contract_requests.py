"""Contract sections 3 and 7: which chat requests are refused, which are not, and which model they mean."""

import re
from typing import Any

import pytest

from contract_setting import Contract
from gateway_client import Answer, call, chat
from gateway_process import GatewayProcess, StartGateway
from scripted_provider import Whole

CHAT = "/api/v1/chat/completions"
USER = {"role": "user", "content": "Hi"}


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


def assert_names(answer: Answer, field: str) -> None:
    """A 400 whose message names the field."""
    assert answer.status == 400, answer.text
    assert answer.error["code"] == 400
    assert answer.error["metadata"]["error_type"] == "invalid_request"
    assert field in answer.error["message"]


OUT_OF_RANGE: list[tuple[str, Any]] = [
    ("max_tokens", 0),
    ("max_tokens", -1),
    ("max_tokens", 1.5),
    ("max_tokens", "many"),
    ("max_tokens", True),
    ("max_completion_tokens", 0),
    ("temperature", -0.1),
    ("temperature", 2.1),
    ("temperature", "hot"),
    ("top_p", 0),
    ("top_p", 1.1),
    ("top_k", -1),
    ("top_k", 1.5),
    ("min_p", -0.1),
    ("min_p", 1.1),
    ("top_a", -0.1),
    ("top_a", 1.1),
    ("frequency_penalty", -2.1),
    ("frequency_penalty", 2.1),
    ("presence_penalty", -2.1),
    ("presence_penalty", 2.1),
    ("repetition_penalty", 0),
    ("repetition_penalty", 2.1),
    ("seed", "one"),
    ("seed", 1.5),
    ("logit_bias", {"50256": 101}),
    ("logit_bias", {"50256": -101}),
    ("logit_bias", [1]),
    ("logprobs", 2),
    ("top_logprobs", 3),
    ("stop", ["a", "b", "c", "d", "e"]),
    ("stop", [1]),
    ("stop", 1),
    ("response_format", {"type": "xml"}),
    ("response_format", "json"),
    ("response_format", {"type": "json_schema"}),
    ("verbosity", "loud"),
    ("prediction", {"type": "guess", "content": "x"}),
    ("modalities", ["smell"]),
    ("metadata", {f"k{n}": "v" for n in range(17)}),
    ("metadata", {"k" * 65: "v"}),
    ("metadata", {"k": "v" * 513}),
    ("metadata", {"k": 1}),
    ("session_id", "s" * 257),
    ("user", "u" * 257),
    ("trace", "t"),
    ("max_tool_calls", 31),
    ("models", "acme/m1"),
    ("models", [1]),
    ("model", 1),
    ("stream", "yes"),
    ("n", 0),
    ("tools", "all"),
    ("tools", [tool("n" * 65)]),
    ("tools", [tool("two words")]),
    ("tools", [{"type": "function"}]),
    ("tool_choice", "maybe"),
    ("tool_choice", {"type": "function"}),
    ("parallel_tool_calls", "no"),
    ("reasoning", {"effort": "extreme"}),
    ("reasoning", {"effort": "low", "max_tokens": 2000}),
    ("reasoning", "high"),
    ("reasoning_effort", "extreme"),
    ("provider", "openai"),
    ("provider", {"order": "first"}),
    ("provider", {"sort": "beauty"}),
    ("provider", {"quantizations": ["int3"]}),
    ("provider", {"max_price": {"prompt": "cheap"}}),
    ("provider", {"data_collection": "maybe"}),
]


@pytest.mark.parametrize(("field", "value"), OUT_OF_RANGE)
def test_a_value_out_of_range_is_400_and_names_its_field(contract: Contract, field: str, value: Any) -> None:
    assert_names(chat(contract.gateway, **{field: value}), field)


def test_top_logprobs_have_a_limit(contract: Contract) -> None:
    assert_names(chat(contract.gateway, logprobs=True, top_logprobs=21), "top_logprobs")
    assert_names(chat(contract.gateway, logprobs=True, top_logprobs=-1), "top_logprobs")
    assert chat(contract.gateway, logprobs=True, top_logprobs=20).status == 200


def test_two_different_efforts_are_refused(contract: Contract) -> None:
    assert_names(
        chat(contract.gateway, reasoning_effort="low", reasoning={"effort": "high"}), "reasoning_effort"
    )
    assert chat(contract.gateway, reasoning_effort="low", reasoning={"effort": "low"}).status == 200


IN_RANGE: list[dict[str, Any]] = [
    {"max_tokens": 1},
    {"max_completion_tokens": 1},
    {"temperature": 0},
    {"temperature": 2},
    {"top_p": 0.001},
    {"top_p": 1},
    {"top_k": 0},
    {"min_p": 0},
    {"min_p": 1},
    {"top_a": 1},
    {"frequency_penalty": -2},
    {"presence_penalty": 2},
    {"repetition_penalty": 2},
    {"seed": -5},
    {"logit_bias": {"50256": -100}},
    {"stop": "x"},
    {"stop": ["a", "b", "c", "d"]},
    {"metadata": {f"k{n}": "v" * 512 for n in range(16)}},
    {"session_id": "s" * 256},
    {"user": "u" * 256},
    {"max_tool_calls": 30},
    {"response_format": {"type": "text"}},
    {"response_format": {"type": "json_object"}},
    {"modalities": ["text"]},
    {"prediction": {"type": "content", "content": "x"}},
    {"reasoning": {}},
    {"reasoning": {"enabled": True, "exclude": False, "summary": "auto"}},
    {"include_reasoning": True},
    {"trace": {"anything": 1}},
    {"usage": {"include": True}},
    {"stream_options": {"include_usage": True}},
    {"service_tier": "auto"},
    {"verbosity": "low"},
    {"plugins": []},
    {"route": "fallback"},
    {"prompt_cache_key": "k"},
    {"cache_control": {"type": "ephemeral"}},
    {"debug": {"echo_upstream_body": False}},
    {"web_search_options": {"search_context_size": "low"}},
    {"provider": {}},
    {"provider": {"max_price": {"prompt": "100", "completion": 100}}},
    {"brand_new_field": {"of": ["any", "shape"]}},
]


@pytest.mark.parametrize("fields", IN_RANGE)
def test_a_value_within_its_range_and_any_unknown_key_are_accepted(
    contract: Contract, fields: dict[str, Any]
) -> None:
    answer = chat(contract.gateway, **fields)
    assert answer.status == 200, answer.text


NULLABLE = "temperature top_p top_k min_p top_a frequency_penalty presence_penalty repetition_penalty seed logit_bias"


@pytest.mark.parametrize(
    "field", [*NULLABLE.split(), "logprobs", "top_logprobs", "stop", "service_tier", "user", "metadata"]
)
def test_null_is_no_value(contract: Contract, field: str) -> None:
    contract.first.answer()
    assert chat(contract.gateway, **{field: None}).status == 200
    assert contract.first.asked[-1].body.get(field) is None


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        {},
        "Hi",
        ["Hi"],
        [{}],
        [{"content": "Hi"}],
        [{"role": "emperor", "content": "Hi"}],
        [{"role": "user", "content": 1}],
        [{"role": "user"}],
        [{"role": "user", "content": [{"type": "text"}]}],
        [{"role": "user", "content": [{"type": "image_url"}]}],
        [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA=="}}]}],
        [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://a.example"}}]}],
        [USER, {"role": "tool", "content": "21 C"}],
        [USER, {"role": "assistant", "tool_calls": "none"}],
        [USER, {"role": "assistant", "tool_calls": [{"id": "1", "type": "function"}]}],
    ],
)
def test_messages_that_are_none_are_400(contract: Contract, messages: Any) -> None:
    body = {"model": "acme/m1"} | ({} if messages is None else {"messages": messages})
    assert_names(call(contract.gateway, "POST", CHAT, body), "messages")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b"\xff\xfe{}",
        b'{"model": "acme/m1", "messages": [{"role": "user", "content": "\xff"}]}',
        b"[" * 100_000,
        b'{"model": "acme/m1", "messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"model": "acme/m1", "x": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"model": "acme/m1", "messages": [{"role": "user", "content": "Hi"}], "temperature": 1e999}',
        b'{"model": "acme/m1", "messages": [{"role": "user", "content": "Hi"}], "temperature": NaN}',
        b'{"model": "acme/m1", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1'
        + b"0" * 400
        + b"}",
        b'{"model": "acme/m1", "messages": [{"role": "user", "content": "Hi"}], "seed": 1'
        + b"0" * 5000
        + b"}",
        rb'{"model": "acme/m1", "messages": [{"role": "user", "content": "\ud800"}]}',
        rb'{"model": "\udfff", "messages": [{"role": "user", "content": "Hi"}]}',
    ],
)
def test_a_body_that_is_no_request_is_400_and_never_worse(contract: Contract, body: bytes) -> None:
    for path in ("chat/completions", "completions"):
        answer = call(contract.gateway, "POST", f"/api/v1/{path}", body)
        assert answer.status == 400, answer.text
        assert answer.error["code"] == 400


@pytest.mark.parametrize("number", [b"1e999", b"1" + b"0" * 5000, b"-1e-999"])
def test_an_absurd_number_in_an_unknown_field_never_hurts(contract: Contract, number: bytes) -> None:
    body = b'{"model": "acme/m1", "messages": [{"role": "user", "content": "Hi"}], "unknown": [%s]}' % number
    assert call(contract.gateway, "POST", CHAT, body).status in {200, 400}


def test_a_paired_surrogate_and_odd_characters_arrive_whole(contract: Contract) -> None:
    contract.first.answer()
    text = "\U0001f600 \u0000 \u2028 \ufeff \u00e9"
    assert chat(contract.gateway, messages=[{"role": "user", "content": text}]).status == 200
    assert contract.first.asked[-1].body["messages"][0]["content"] == text


def test_without_a_model_it_is_400(contract: Contract) -> None:
    assert_names(chat(contract.gateway, None), "model")
    assert_names(chat(contract.gateway, ""), "model")


def test_the_first_of_models_stands_in_for_the_model(contract: Contract) -> None:
    answer = chat(contract.gateway, None, models=["acme/m1", "acme/dual"])
    assert answer.json["model"] == "acme/m1"


def test_an_unknown_model_among_known_ones_is_passed_over(contract: Contract) -> None:
    assert chat(contract.gateway, None, models=["acme/nothing", "acme/m1"]).json["model"] == "acme/m1"
    assert chat(contract.gateway, "acme/nothing", models=["acme/m1"]).json["model"] == "acme/m1"
    assert chat(contract.gateway, "acme/m1", models=["acme/nothing"]).json["model"] == "acme/m1"


def test_a_model_that_fails_gives_way_to_the_next_one(contract: Contract) -> None:
    broken = Whole({"error": {"message": "out of order"}}, 500)
    contract.first.answer(broken)
    contract.second.answer(broken)
    answer = chat(contract.gateway, "acme/dual", models=["acme/m1"])
    assert answer.status == 200, answer.text
    assert answer.json["model"] == "acme/m1"
    assert [asked.body["model"] for asked in contract.first.asked] == ["dual-at-first", "m-one"]


def explained(gateway: GatewayProcess, availability: dict[str, Any]) -> bool:
    """Whether the link of an error leads to words about its code."""
    path, _, anchor = availability["docs_url"].removeprefix(gateway.root).partition("#")
    page = call(gateway, "GET", path, key=None)
    return page.status == 200 and anchor == availability["code"] and f'id="{anchor}"' in page.text


def test_the_link_of_an_error_begins_with_the_public_address(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[server]\npublic_url = "https://gateway.example/"\n')
    body = {"model": "acme/nothing", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}
    page = "https://gateway.example/docs/errors#model_not_found"
    for path in ("/api/v1/chat/completions", "/api/v1/route"):
        assert call(gateway, "POST", path, body).error["availability"]["docs_url"] == page, path
    counted = call(gateway, "POST", "/api/v1/messages/count_tokens", body).error
    assert counted.get("availability", {}).get("docs_url") == page, counted


@pytest.mark.parametrize(
    "model", ["acme/nothing", "nothing", "/", "acme/", "acme/m1:free:free", "a b/c", "x" * 3000]
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_400_model_not_found(contract: Contract, model: str, *, stream: bool) -> None:
    answer = chat(contract.gateway, model, stream=stream)
    assert answer.status == 400, answer.text
    assert answer.error["error_type"] == "invalid_request"
    assert answer.error["http_status"] == 400
    availability = answer.error["availability"]
    assert availability["code"] == "model_not_found"
    assert availability["retryable"] is False
    assert availability["requested_models"] == [model]
    assert explained(contract.gateway, availability)


def test_a_bare_name_is_answered_with_the_whole_one(contract: Contract) -> None:
    answer = chat(contract.gateway, "gpt-4o")
    assert answer.status == 400
    assert "openai/gpt-4o" in answer.error["message"]
    assert answer.error["availability"]["code"] == "model_not_found"
    assert "openai/gpt-4o" in answer.error["availability"]["fallback_models"]


def test_without_the_providers_key_a_model_is_404_and_the_answer_says_what_to_set(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway("")
    for stream in (False, True):
        answer = chat(gateway, "openai/gpt-4o", stream=stream)
        assert answer.status == 404, answer.text
        assert "OPENAI_API_KEY" in answer.error["message"]
        assert answer.error["error_type"] == answer.error["metadata"]["error_type"] == "not_found"
        assert answer.error["http_status"] == 404
        availability = answer.error["availability"]
        assert availability["code"] == "no_endpoints"
        assert availability["retryable"] is False
        assert availability["requested_models"] == ["openai/gpt-4o"]
        assert explained(gateway, availability)
    many = chat(gateway, "deepseek/deepseek-chat")
    assert re.search(r"[A-Z]_API_KEY", many.error["message"])


@pytest.mark.parametrize("name", ["anthropic/claude-4-sonnet", "anthropic/claude-sonnet-4"])
def test_an_old_name_is_known(contract: Contract, name: str) -> None:
    answer = chat(contract.gateway, name)
    assert answer.status == 404, answer.text
    assert answer.error["availability"]["code"] == "no_endpoints"


def test_a_dated_name_is_served_as_the_concrete_model(contract: Contract) -> None:
    answer = chat(contract.gateway, "openai/gpt-4o-mini-2024-07-18")
    assert answer.status == 200, answer.text
    assert answer.json["model"] in {"openai/gpt-4o-mini", "openai/gpt-4o-mini-2024-07-18"}
