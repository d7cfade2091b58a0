"""Contract sections 3, 4, 6, 8, 11 and 12: what reaches the provider, and what a plain answer says."""

from decimal import Decimal
from typing import Any

import pytest

from contract_setting import Contract
from gateway_client import call, chat, get
from scripted_provider import Whole, completion

FINISH_REASONS = {"tool_calls", "stop", "length", "content_filter", "error"}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "strict": True,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CALL = {
    "id": "call_Zx9",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'},
}


def exact(value: Any) -> Decimal:
    """A JSON number or a price as it is written."""
    return Decimal(str(value))


def pricing(contract: Contract, model: str) -> dict[str, Decimal]:
    rows = {row["id"]: row for row in get(contract.gateway, "/models").json["data"]}
    return {name: Decimal(price) for name, price in rows[model]["pricing"].items()}


def test_a_result_has_every_key_that_clients_need(contract: Contract) -> None:
    contract.first.answer(completion("Hello"))
    body = chat(contract.gateway).json
    assert body["object"] == "chat.completion"
    assert isinstance(body["created"], int)
    assert body["model"] == "acme/m1"
    assert isinstance(body["provider"], str)
    assert "system_fingerprint" in body
    assert "error" not in body
    (choice,) = body["choices"]
    assert choice["index"] == 0
    assert choice["finish_reason"] == choice["native_finish_reason"] == "stop"
    assert "logprobs" in choice
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] == "Hello"
    assert {"refusal", "reasoning"} <= choice["message"].keys()


def test_a_fingerprint_is_passed_on(contract: Contract) -> None:
    contract.first.answer(Whole({**completion().body, "system_fingerprint": "fp_1"}))
    assert chat(contract.gateway).json["system_fingerprint"] == "fp_1"


def test_usage_holds_integers_and_a_number_for_the_cost(contract: Contract) -> None:
    contract.first.answer(completion(usage={"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}))
    usage = chat(contract.gateway).json["usage"]
    for counter in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert type(usage[counter]) is int
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (7, 3, 10)
    assert type(usage["prompt_tokens_details"]["cached_tokens"]) is int
    assert type(usage["completion_tokens_details"]["reasoning_tokens"]) is int
    assert usage["is_byok"] is False
    assert isinstance(usage["cost"], float | int)
    assert isinstance(usage["cost_details"], dict)


@pytest.mark.parametrize("stream", [False, True])
def test_the_cost_is_tokens_times_price_to_the_last_digit(contract: Contract, *, stream: bool) -> None:
    contract.first.answer()
    answer = chat(contract.gateway, stream=stream)
    usage = (answer.chunks[-1] if stream else answer.json)["usage"]
    price = pricing(contract, "acme/m1")
    assert exact(usage["cost"]) == 7 * price["prompt"] + 3 * price["completion"] == Decimal("0.0000145")


def test_cached_tokens_are_charged_at_their_own_price(contract: Contract) -> None:
    reported = {
        "prompt_tokens": 1000,
        "completion_tokens": 10,
        "total_tokens": 1010,
        "prompt_tokens_details": {"cached_tokens": 400},
        "completion_tokens_details": {"reasoning_tokens": 6},
    }
    contract.first.answer(completion(usage=reported))
    usage = chat(contract.gateway, "openai/gpt-4o-mini").json["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == 400
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 6
    price = pricing(contract, "openai/gpt-4o-mini")
    expected = 600 * price["prompt"] + 400 * price["input_cache_read"] + 10 * price["completion"]
    assert exact(usage["cost"]) == expected
    details = usage["cost_details"]
    assert exact(details["upstream_inference_completions_cost"]) == 10 * price["completion"]


def test_an_unknown_price_is_no_zero(contract: Contract) -> None:
    contract.first.answer()
    usage = chat(contract.gateway, "acme/priceless").json["usage"]
    assert usage["total_tokens"] == 10
    assert "cost" not in usage


@pytest.mark.parametrize(
    "reason", ["stop", "length", "content_filter", "tool_calls", "eos", "max_tokens", None]
)
def test_a_finish_reason_is_one_of_five_and_the_providers_word_is_kept(
    contract: Contract, reason: str | None
) -> None:
    body = dict(completion("Hi").body)
    body["choices"] = [
        {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": "Hi"}}
    ]
    contract.first.answer(Whole(body))
    (choice,) = chat(contract.gateway).json["choices"]
    assert choice["finish_reason"] in FINISH_REASONS
    assert choice["native_finish_reason"] == reason
    if reason in FINISH_REASONS - {"tool_calls"}:
        assert choice["finish_reason"] == reason


def test_what_was_asked_reaches_the_provider(contract: Contract) -> None:
    contract.first.answer()
    asked: dict[str, Any] = {
        "temperature": 0.25,
        "top_p": 0.5,
        "frequency_penalty": 1,
        "presence_penalty": -1,
        "seed": 7,
        "stop": ["END"],
        "logit_bias": {"50256": -100},
        "n": 1,
        "user": "user-1",
    }
    assert chat(contract.gateway, max_tokens=50, **asked).status == 200
    (sent,) = contract.first.asked
    assert sent.path == "/v1/chat/completions"
    assert sent.headers["authorization"] == "Bearer sk-fake-first"
    assert sent.body["model"] == "m-one"
    assert sent.body["messages"] == [{"role": "user", "content": "Say hello"}]
    for name, value in asked.items():
        assert sent.body[name] == value or (name == "stop" and sent.body[name] == "END"), name
    assert 50 in {sent.body.get("max_tokens"), sent.body.get("max_completion_tokens")}
    assert "top_k" not in sent.body
    assert "provider" not in sent.body


def test_the_later_name_of_the_limit_wins(contract: Contract) -> None:
    contract.first.answer()
    chat(contract.gateway, max_tokens=50, max_completion_tokens=60)
    body = contract.first.asked[-1].body
    assert {body.get("max_tokens"), body.get("max_completion_tokens")} - {None} == {60}


def test_a_callers_credentials_stay_with_the_gateway(contract: Contract) -> None:
    contract.first.answer()
    chat(contract.gateway, headers={"x-api-key": "sk-mine", "cookie": "a=b", "x-custom": "1"})
    (sent,) = contract.first.asked
    assert not {"cookie", "x-api-key", "x-custom"} & sent.headers.keys()


def test_every_kind_of_message_and_part_reaches_the_provider(contract: Contract) -> None:
    contract.first.answer()
    pixel = "data:image/png;base64,iVBORw0KGgo="
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "name": "ann",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": pixel, "detail": "low"}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_Zx9", "content": "21 C"},
        {"role": "user", "content": "And?"},
        {"role": "assistant", "content": "It is"},
    ]
    answer = chat(contract.gateway, "openai/gpt-4o-mini", messages=messages, tools=[WEATHER])
    assert answer.status == 200, answer.text
    sent = contract.first.asked[-1].body["messages"]
    assert [message["role"] for message in sent] == [message["role"] for message in messages]
    assert sent[1]["content"] == messages[1]["content"]
    assert sent[1]["name"] == "ann"
    assert sent[2]["tool_calls"] == [CALL]
    assert sent[3] == messages[3]
    assert sent[5]["content"] == "It is"


def test_a_prompt_may_stand_in_for_messages(contract: Contract) -> None:
    contract.first.answer()
    answer = call(contract.gateway, "POST", "/api/v1/chat/completions", {"model": "acme/m1", "prompt": "Hi"})
    assert answer.status == 200, answer.text
    assert contract.first.asked[-1].body["messages"] == [{"role": "user", "content": "Hi"}]


def test_tools_go_out_and_calls_come_back_untouched(contract: Contract) -> None:
    second = {**CALL, "id": "call_2", "function": {"name": "get_weather", "arguments": ""}}
    contract.first.answer(completion(None, tool_calls=[CALL, second]))
    choice = {"type": "function", "function": {"name": "get_weather"}}
    answer = chat(contract.gateway, tools=[WEATHER], tool_choice=choice, parallel_tool_calls=False)
    (sent,) = contract.first.asked
    assert sent.body["tools"] == [WEATHER]
    assert sent.body["tool_choice"] == choice
    assert sent.body["parallel_tool_calls"] is False
    (got,) = answer.json["choices"]
    assert got["finish_reason"] == "tool_calls"
    first_call, second_call = got["message"]["tool_calls"]
    assert {name: first_call[name] for name in CALL} == CALL
    assert second_call["id"] == "call_2"
    assert second_call["function"]["arguments"] == "{}"


def test_tool_calls_are_the_finish_reason_whatever_the_provider_says(contract: Contract) -> None:
    body = dict(completion(None, tool_calls=[CALL]).body)
    body["choices"] = [{**body["choices"][0], "finish_reason": "stop"}]
    contract.first.answer(Whole(body))
    (choice,) = chat(contract.gateway, tools=[WEATHER]).json["choices"]
    assert (choice["finish_reason"], choice["native_finish_reason"]) == ("tool_calls", "stop")


def test_a_schema_reaches_the_provider_as_it_is(contract: Contract) -> None:
    contract.first.answer(completion('{"name": "Ann"}'))
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
    wanted = {
        "type": "json_schema",
        "json_schema": {"name": "person", "strict": True, "schema": schema, "description": "A person"},
    }
    answer = chat(contract.gateway, response_format=wanted)
    assert contract.first.asked[-1].body["response_format"] == wanted
    assert answer.json["choices"][0]["message"]["content"] == '{"name": "Ann"}'


def test_reasoning_comes_back_as_text_and_as_details(contract: Contract) -> None:
    contract.first.answer(completion("42", reasoning_content="Let me think."))
    message = chat(contract.gateway).json["choices"][0]["message"]
    assert message["reasoning"] == "Let me think."
    (detail,) = message["reasoning_details"]
    assert (detail["type"], detail["text"]) == ("reasoning.text", "Let me think.")


@pytest.mark.parametrize("fields", [{"reasoning": {"exclude": True}}, {"include_reasoning": False}])
def test_excluded_reasoning_is_left_out(contract: Contract, fields: dict[str, Any]) -> None:
    contract.first.answer(completion("42", reasoning_content="Let me think."))
    answer = chat(contract.gateway, **fields)
    assert "Let me think." not in answer.text
    assert answer.json["choices"][0]["message"]["content"] == "42"


def test_details_of_reasoning_keep_their_unknown_fields(contract: Contract) -> None:
    details = [
        {
            "type": "reasoning.text",
            "text": "Hm",
            "signature": "c2ln",
            "format": "unknown",
            "index": 0,
            "zeta": [1],
        }
    ]
    contract.first.answer(completion("42", reasoning="Hm", reasoning_details=details))
    message = chat(contract.gateway).json["choices"][0]["message"]
    assert message["reasoning_details"] == details


def test_several_choices_and_their_log_probabilities_come_back(contract: Contract) -> None:
    logprobs = {
        "content": [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}],
        "refusal": None,
    }
    body = dict(completion().body)
    body["choices"] = [
        {
            "index": n,
            "finish_reason": "stop",
            "logprobs": logprobs,
            "message": {"role": "assistant", "content": text},
        }
        for n, text in enumerate(("Hi", "Ho"))
    ]
    contract.first.answer(Whole(body))
    choices = chat(contract.gateway, n=2, logprobs=True, top_logprobs=2).json["choices"]
    assert contract.first.asked[-1].body["n"] == 2
    assert [(c["index"], c["message"]["content"]) for c in choices] == [(0, "Hi"), (1, "Ho")]
    assert all(c["logprobs"]["content"] == logprobs["content"] for c in choices)


def test_annotations_refusals_and_images_come_back(contract: Contract) -> None:
    citation = {
        "type": "url_citation",
        "url_citation": {"url": "https://a.example", "title": "A", "start_index": 0, "end_index": 1},
    }
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    contract.first.answer(completion("x", annotations=[citation], refusal="no", images=[image]))
    message = chat(contract.gateway).json["choices"][0]["message"]
    assert message["annotations"] == [citation]
    assert message["refusal"] == "no"
    assert message["images"][0]["image_url"] == image["image_url"]


def test_a_200_that_holds_an_error_is_no_success(contract: Contract) -> None:
    contract.first.answer(Whole({"error": {"message": "quota", "code": 500}}))
    answer = chat(contract.gateway)
    assert answer.status >= 400
    assert answer.error["code"] == answer.status


def test_a_legacy_completion_is_a_text(contract: Contract) -> None:
    contract.first.answer()
    answer = call(
        contract.gateway,
        "POST",
        "/api/v1/completions",
        {"model": "acme/m1", "prompt": "Say", "max_tokens": 5},
    )
    body = answer.json
    assert body["object"] == "text_completion"
    (choice,) = body["choices"]
    assert choice["text"] == "Hi"
    assert choice["finish_reason"] == "stop"
    assert choice["index"] == 0
    assert "logprobs" in choice
    assert "message" not in choice
    assert exact(body["usage"]["cost"]) == Decimal("0.0000145")
    assert body["id"] == answer.headers["x-generation-id"]
    assert "Say" in str(contract.first.asked[-1].body)


@pytest.mark.parametrize("body", [{"model": "acme/m1"}, {"model": "acme/m1", "prompt": 1}, {"prompt": "Hi"}])
def test_a_legacy_completion_needs_prompt_and_model(contract: Contract, body: dict[str, Any]) -> None:
    answer = call(contract.gateway, "POST", "/api/v1/completions", body)
    assert answer.status == 400
    assert ("prompt" if "model" in body else "model") in answer.error["message"]
