"""Contract section 28: rate limits as clients meet them, and several workers that keep them together."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway_client import Answer, call
from gateway_process import API_KEY, GatewayProcess, StartGateway
from keys_over_http import new_key
from scripted_provider import ScriptedProvider, Whole
from waystation.accounts.keys import hash_key

TOML = """
[limits]
requests_per_account = 40
keys = {{ {key} = {{ requests = 3 }} }}
models = {{ "acme/slow" = {{ requests = 2 }}, "acme/wordy" = {{ tokens = 20 }}, "acme/scarce" = {{ requests = 2 }}, "acme/rare" = {{ requests = 1 }} }}
free_requests_per_minute = 4
free_requests_per_day = 5
[server]
workers = {workers}
[routing]
order = "listed"
[providers.first]
base_url = "{url}"
models = [
  {{ id = "acme/m1", context_length = 50000, prompt = "0", completion = "0" }},
  {{ id = "acme/slow", context_length = 50000, prompt = "0", completion = "0" }},
  {{ id = "acme/scarce", context_length = 50000, prompt = "0", completion = "0" }},
  {{ id = "acme/rare", context_length = 50000, prompt = "0", completion = "0" }},
  {{ id = "acme/wordy", context_length = 50000, prompt = "0", completion = "0" }},
  {{ id = "acme/m1:free", context_length = 50000, prompt = "0", completion = "0" }},
]
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway, provider: ScriptedProvider) -> GatewayProcess:
    return start_gateway(TOML.format(url=provider.url, workers=1, key=hash_key(API_KEY)))


def ask(gateway: GatewayProcess, key: str, *models: str, stream: bool = False) -> Answer:
    messages = [{"role": "user", "content": "Hi"}]
    body = {"models": models or ["acme/m1"], "messages": messages, "stream": stream}
    return call(gateway, "POST", "/api/v1/chat/completions", body, key=key)


def assert_refused(answer: Answer, limit: int) -> None:
    assert answer.status == 429, answer.text
    assert answer.error["code"] == 429
    assert answer.error["metadata"]["error_type"] == "rate_limit_exceeded"
    assert f"{limit} " in answer.error["message"]
    assert answer.headers["x-ratelimit-limit"] == str(limit)
    assert answer.headers["x-ratelimit-remaining"] == "0"
    reset = int(answer.headers["x-ratelimit-reset"]) / 1000
    assert 0 < int(answer.headers["retry-after"]) <= 86_400
    assert abs(reset - time.time() - int(answer.headers["retry-after"])) < 5


def user_key(gateway: GatewayProcess, user: str) -> str:
    return str(new_key(gateway, user, creator_user_id=user)["key"])


def test_a_key_over_its_limit_is_told_so_and_others_go_on(gateway: GatewayProcess) -> None:
    answers = [ask(gateway, API_KEY) for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert_refused(answers[3], 3)
    assert "x-ratelimit-limit" not in answers[0].headers
    assert ask(gateway, user_key(gateway, "else")).status == 200
    assert call(gateway, "GET", "/api/v1/key").status == 200


def test_a_model_over_its_limit_is_refused_in_a_stream_s_place_too(gateway: GatewayProcess) -> None:
    key = user_key(gateway, "of the slow one")
    assert [ask(gateway, key, "acme/slow").status for _ in range(2)] == [200, 200]

    refused = ask(gateway, key, "acme/slow", stream=True)

    assert_refused(refused, 2)
    assert refused.headers["content-type"] == "application/json"
    assert ask(gateway, key, "acme/m1").status == 200


def test_a_model_over_its_limit_is_passed_over_for_the_next_until_none_is_left(
    gateway: GatewayProcess, provider: ScriptedProvider
) -> None:
    key, models = user_key(gateway, "with a fallback"), ["acme/scarce", "acme/rare"]
    provider.answer()

    answers = [ask(gateway, key, *models) for _ in range(4)]

    assert [answer.json.get("model") for answer in answers] == [
        "acme/scarce",
        "acme/scarce",
        "acme/rare",
        None,
    ]
    assert_refused(answers[3], 2)  # two a minute have room again before one a minute has
    assert len(provider.asked) == 3


def test_a_fallback_over_its_limit_is_not_asked(gateway: GatewayProcess, provider: ScriptedProvider) -> None:
    key = user_key(gateway, "with a fallback that is taken")
    while ask(gateway, key, "acme/slow").status == 200:
        pass
    provider.answer(Whole({"error": {"message": "down"}}, 500), Whole({"error": {"message": "down"}}, 500))

    answer = ask(gateway, key, "acme/m1", "acme/slow")

    assert answer.status == 503, answer.text
    assert [asked.body["model"] for asked in provider.asked] == ["acme/m1"] * 2


def test_tokens_count_against_the_next_request(gateway: GatewayProcess) -> None:
    key = user_key(gateway, "talker")
    used = 0
    while used < 20:
        answer = ask(gateway, key, "acme/wordy")
        assert answer.status == 200
        used += answer.json["usage"]["total_tokens"]

    assert_refused(ask(gateway, key, "acme/wordy"), 20)


def test_free_models_are_limited_by_account_and_the_key_says_what_is_left(gateway: GatewayProcess) -> None:
    first, second = user_key(gateway, "frugal"), user_key(gateway, "frugal")

    statuses = [ask(gateway, key, "acme/m1:free").status for key in (first, second, first, second, first)]

    assert statuses == [200, 200, 200, 200, 429]
    assert ask(gateway, user_key(gateway, "another"), "acme/m1:free").status == 200
    left = call(gateway, "GET", "/api/v1/key", key=second).json["data"]["free_model_daily_requests"]
    assert left == {"limit": 5, "used": 4, "remaining": 1}


def test_two_workers_let_in_exactly_the_limit_together(
    start_gateway: StartGateway, provider: ScriptedProvider
) -> None:
    gateway = start_gateway(TOML.format(url=provider.url, workers=2, key="0" * 64))
    began = time.time()

    with ThreadPoolExecutor(8) as threads:
        statuses = Counter(threads.map(lambda _: ask(gateway, API_KEY).status, range(80)))

    passed = time.time() - began
    assert set(statuses) == {200, 429}
    assert 40 <= statuses[200] <= 41 + passed * 40 / 60
