"""Contract section 20: stored prompts and answers, off unless the operator wants them, redacted; and feedback."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from openrouter import OpenRouter

from contract_setting import CONTRACT_TOML, Contract
from gateway_client import call, chat, get
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, StartGateway
from keys_over_http import new_key
from scripted_provider import ScriptedProvider, Whole, chunk, completion, streamed

SETTING = """
[records]
content = true
content_max_kb = 1
redact = ["internal-[0-9]+"]
[keys]
relaxed = true
"""


@pytest.fixture(scope="module")
def keeping(start_gateway: StartGateway) -> Iterator[Contract]:
    """A gateway that stores content, and lets inference keys give feedback."""
    with ScriptedProvider() as provider:
        toml = SETTING + CONTRACT_TOML.format(first=provider.url, second=provider.url)
        yield Contract(start_gateway(toml), provider, provider)


def content(gateway: GatewayProcess, answer: Any, key: str = API_KEY) -> Any:
    return get(gateway, f"/generation/content?id={answer.headers['x-generation-id']}", key)


def stored(gateway: GatewayProcess, **asked: Any) -> Any:
    found = content(gateway, chat(gateway, **asked))
    assert found.status == 200, found.text
    return found.json["data"]


def test_nothing_is_stored_unless_it_is_wanted(contract: Contract) -> None:
    contract.first.answer()
    answer = chat(contract.gateway)

    assert content(contract.gateway, answer).status == 404
    connection = sqlite3.connect(contract.gateway.data_dir / "waystation.db")
    assert connection.execute("SELECT count(*) FROM generation_content").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_asked_and_answered_is_told(keeping: Contract, stream: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    pieces = streamed(chunk(reasoning_content="Hmm"), chunk(content="Hello "), chunk(content="there"))
    whole = completion("Hello there", reasoning_content="Hmm")
    keeping.first.answer(pieces if stream else whole)

    data = stored(keeping.gateway, stream=stream)

    assert data["input"] == {"messages": [{"role": "user", "content": "Say hello"}]}
    assert data["output"]["completion"] == "Hello there"
    assert data["error"] is None


def test_reasoning_and_tool_calls_are_told(keeping: Contract) -> None:
    call_ = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "it"}'}}
    keeping.first.answer(completion(None, reasoning="Because.", tool_calls=[call_]))

    data = stored(keeping.gateway)

    assert data["output"] == {
        "completion": None,
        "reasoning": "Because.",
        "tool_calls": [{"type": "function", "function": {"name": "look", "arguments": '{"at": "it"}'}}],
    }


def test_a_legacy_completion_has_a_prompt(keeping: Contract) -> None:
    keeping.first.answer()
    body = {"model": "acme/m1", "prompt": "Once"}
    answer = call(keeping.gateway, "POST", "/api/v1/completions", body)

    assert content(keeping.gateway, answer).json["data"]["input"] == {"prompt": "Once"}


def test_secrets_are_left_out_and_so_is_what_the_operator_names(keeping: Contract) -> None:
    secret = "sk-proj-" + "A1b2" * 8
    keeping.first.answer(completion(f"Your key is {secret}, and internal-4711"))

    data = stored(
        keeping.gateway,
        messages=[
            {"role": "user", "content": f"My key: {secret} password=hunter2hunter2 {API_KEY}"},
            {"role": "user", "content": [{"type": "text", "text": f"Bearer {secret}"}]},
        ],
    )

    assert "[redacted]" in data["input"]["messages"][0]["content"]
    assert data["output"]["completion"] == "Your key is [redacted], and [redacted]"
    assert all(text not in str(data) for text in (secret, "hunter2", API_KEY))


def test_long_texts_are_cut_and_files_are_left_out(keeping: Contract) -> None:
    keeping.first.answer()
    image = "data:image/png;base64," + "A" * 5000
    data = stored(
        keeping.gateway,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": image}},
                    {"type": "text", "text": "x" * 3000},
                ],
            }
        ],
    )

    picture, text = data["input"]["messages"][0]["content"]
    assert picture["image_url"]["url"] == "data:image/png;base64,... (5000 characters left out)"
    assert text["text"] == "x" * 1024 + "... (1976 characters left out)"


def test_a_failure_is_told_with_its_attempts(keeping: Contract) -> None:
    keeping.first.answer(Whole({"error": {"message": "secret inner words"}}, 500))
    answer = chat(keeping.gateway)

    data = content(keeping.gateway, answer).json["data"]

    assert data["output"] == {"completion": None, "reasoning": None}
    assert data["error"]["status"] == answer.status
    assert data["error"]["message"] == answer.error["message"]
    assert [attempt["code"] for attempt in data["error"]["previous_errors"]] == [500]
    assert data["error"]["raw"] is None


def test_only_the_owner_sees_content(keeping: Contract) -> None:
    keeping.first.answer()
    answer = chat(keeping.gateway)
    other = new_key(keeping.gateway, "other")["key"]

    assert content(keeping.gateway, answer).status == 200
    assert content(keeping.gateway, answer, other).status == 404
    assert content(keeping.gateway, answer, MANAGEMENT_KEY).status == 403


def test_feedback_is_a_management_keys_unless_the_operator_says_otherwise(
    contract: Contract, keeping: Contract
) -> None:
    for setting, key, expected in (
        (contract, API_KEY, 403),
        (contract, MANAGEMENT_KEY, 200),
        (keeping, API_KEY, 200),
        (keeping, new_key(keeping.gateway, "stranger")["key"], 404),
    ):
        setting.first.answer()
        generation = chat(setting.gateway).headers["x-generation-id"]
        body = {"generation_id": generation, "category": "latency", "comment": "slow"}
        answer = call(setting.gateway, "POST", "/api/v1/generation/feedback", body, key=key)
        assert answer.status == expected, answer.text
        if expected == 200:
            assert answer.json == {"data": {"success": True}}


def test_the_same_switch_lets_inference_keys_ask_what_credit_is_left(
    contract: Contract, keeping: Contract
) -> None:
    assert get(contract.gateway, "/credits").status == 403
    assert get(keeping.gateway, "/credits").json["data"].keys() == {"total_credits", "total_usage"}
    assert call(keeping.gateway, "POST", "/api/v1/credits", {"amount": 1}).status == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"generation_id": "gen-0-none", "category": "other"}, 404),
        ({"generation_id": "", "category": "other"}, 400),
        ({"generation_id": "gen-0-none", "category": "rude"}, 400),
        ({"generation_id": "gen-0-none", "category": "other", "comment": "x" * 1001}, 400),
        ({"category": "other"}, 400),
    ],
)
def test_feedback_that_cannot_be_kept(contract: Contract, body: dict[str, Any], status: int) -> None:
    answer = call(contract.gateway, "POST", "/api/v1/generation/feedback", body, key=MANAGEMENT_KEY)

    assert answer.status == status, answer.text


def test_the_official_sdk_reads_records_and_content_and_gives_feedback(keeping: Contract) -> None:
    keeping.first.answer(completion("Hello"), Whole({"error": {"message": "no"}}, 429))
    generation = chat(
        keeping.gateway, user="u1", metadata={"team": "a"}, trace={"trace_name": "t"}, session_id="s1"
    ).headers["x-generation-id"]
    failed = chat(keeping.gateway).headers["x-generation-id"]
    with OpenRouter(api_key=API_KEY, server_url=keeping.gateway.base_url) as client:
        record = client.generations.get_generation(id=generation).data
        found = client.generations.list_generation_content(id=generation).data
        error = client.generations.list_generation_content(id=failed).data.error
        given = client.generations.submit_feedback(generation_id=generation, category="other")

    assert (record.external_user, record.session_id, record.native_tokens_prompt) == ("u1", "s1", 7)
    assert (record.num_media_prompt, record.num_input_audio_prompt, record.num_fetches) == (0, 0, 0)
    assert found.output.completion == "Hello"
    assert error is not None
    assert error.previous_errors[0].code == 429
    assert given.data.SUCCESS


def test_what_the_caller_tells_of_a_request_is_in_its_record(contract: Contract) -> None:
    contract.first.answer()
    answer = chat(contract.gateway, metadata={"team": "a"}, trace={"trace_id": "t1", "depth": 2})

    data = get(contract.gateway, f"/generation?id={answer.headers['x-generation-id']}").json["data"]

    assert data["metadata"] == {"team": "a"}
    assert data["trace"] == {"trace_id": "t1", "depth": 2}
    assert data["request_id"].startswith("req-")


def test_media_of_the_prompt_is_counted(contract: Contract) -> None:
    contract.first.answer()
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    sound = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "Look"}, image, image, sound]}]
    answer = chat(contract.gateway, messages=messages)

    data = get(contract.gateway, f"/generation?id={answer.headers['x-generation-id']}").json["data"]

    assert (data["num_media_prompt"], data["num_input_audio_prompt"]) == (2, 1)
