"""Prepaid balances, limits of keys and the ledger, as clients and operators see them."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from openrouter import OpenRouter
from openrouter.errors import PaymentRequiredResponseError

from contract_setting import Contract
from gateway_client import Answer, Conversation, call, chat, generation, get
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Streamed, Whole, chunk, completion, streamed, usage_chunk
from waiting import wait_for

TOML = """
[server]
workers = {workers}
[credits]
mode = "{mode}"
[providers.acme]
base_url = "{url}"
models = [
  {{ id = "acme/m1", native_id = "m1", context_length = 50000, prompt = "0.000001", completion = "0.00001" }},
  {{ id = "acme/free", context_length = 50000, prompt = "0", completion = "0" }},
  {{ id = "acme/priceless", context_length = 50000 }},
  {{ id = "acme/pictures", context_length = 50000, prompt = "0.000001", completion = "0.00001", image_output = "0.04" }},
]
"""
CENT = 0.01
BILLED = {"prompt_tokens": 1000, "completion_tokens": 900, "total_tokens": 1900}
"""One cent at the prices above."""


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def prepaid(start_gateway: StartGateway, provider: ScriptedProvider) -> GatewayProcess:
    return start_gateway(TOML.format(workers=1, mode="prepaid", url=provider.url))


@pytest.fixture(scope="module")
def unlimited(start_gateway: StartGateway, provider: ScriptedProvider) -> GatewayProcess:
    return start_gateway(TOML.format(workers=2, mode="unlimited", url=provider.url))


@pytest.fixture(autouse=True)
def nothing_left_to_say(provider: ScriptedProvider) -> None:
    """Forget the answers of the test before."""
    provider.answer()


def manage(gateway: GatewayProcess, method: str, path: str, body: Any = None) -> Answer:
    return call(gateway, method, f"/api/v1{path}", body, key=MANAGEMENT_KEY)


def credits_of(gateway: GatewayProcess) -> tuple[float, float]:
    data = manage(gateway, "GET", "/credits").json["data"]
    return data["total_credits"], data["total_usage"]


def leases_of(gateway: GatewayProcess) -> list[Any]:
    """What the workers may still spend."""
    with closing(sqlite3.connect(gateway.data_dir / "waystation.db")) as database:
        return database.execute("SELECT fund, amount FROM leases").fetchall()


def set_balance(gateway: GatewayProcess, usd: float) -> None:
    """Move the balance to this, once nothing is held or on its way: what is leased may still be spent."""
    assert wait_for(lambda: not leases_of(gateway))
    credited, used = credits_of(gateway)
    amount = round(usd - (credited - used), 9)
    if amount:
        moved = manage(gateway, "POST", "/credits", {"amount": amount, "kind": "adjustment"})
        assert moved.status == 201, moved.text


def limited_key(gateway: GatewayProcess, usd: float, **fields: Any) -> str:
    made = manage(gateway, "POST", "/keys", {"name": "limited", "limit": usd, **fields})
    assert made.status == 201, made.text
    key = str(made.json["key"])
    assert wait_for(lambda: all(get(gateway, "/key", key).status == 200 for _ in range(8)))
    return key


def ask(gateway: GatewayProcess, key: str = API_KEY, **fields: Any) -> Answer:
    body = {"model": "acme/m1", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 900, **fields}
    return call(gateway, "POST", "/api/v1/chat/completions", body, key=key)


def test_an_empty_balance_refuses_everything_even_what_is_free(prepaid: GatewayProcess) -> None:
    set_balance(prepaid, 0)

    refused = ask(prepaid)

    assert refused.status == 402
    assert refused.error["metadata"]["error_type"] == "payment_required"
    assert refused.error["message"].startswith("Insufficient credits: this request may cost up to $0.0090")
    assert ask(prepaid, model="acme/free").status == 402


def test_a_charge_is_what_was_used_and_not_what_was_reserved(
    prepaid: GatewayProcess, provider: ScriptedProvider
) -> None:
    set_balance(prepaid, 1)
    provider.answer(completion(usage={"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}))
    _, before = credits_of(prepaid)

    answer = ask(prepaid, max_tokens=90_000 // 10)

    assert answer.status == 200
    assert answer.json["usage"]["cost"] == 0.00002
    assert round(credits_of(prepaid)[1] - before, 9) == 0.00002


def test_concurrent_requests_cannot_spend_a_balance_twice(
    prepaid: GatewayProcess, provider: ScriptedProvider
) -> None:
    set_balance(prepaid, 3 * CENT)
    provider.answer(*[completion(usage=BILLED) for _ in range(12)])

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(prepaid), range(12)))

    assert {answer.status for answer in answers} == {200, 402}
    credited, used = credits_of(prepaid)
    beyond = 3 * (CENT - 0.009005)  # what the provider billed beyond the estimate of each prompt
    assert used <= credited + beyond


def test_the_ledger_tells_what_moved_and_a_reference_moves_once(prepaid: GatewayProcess) -> None:
    body = {"amount": "12.5", "note": "invoice 7", "reference": "invoice-7"}

    first = manage(prepaid, "POST", "/credits", body)
    again = manage(prepaid, "POST", "/credits", body)
    other = manage(prepaid, "POST", "/credits", {**body, "amount": "13"})

    assert first.json["data"] == again.json["data"]
    assert (first.json["data"]["type"], first.json["data"]["amount"]) == ("purchase", 12.5)
    assert other.status == 409
    listed = manage(prepaid, "GET", "/credits/ledger?limit=1000").json["data"]
    assert [entry["reference"] for entry in listed].count("invoice-7") == 1
    manage(prepaid, "POST", "/credits", {"amount": -12.5, "kind": "adjustment"})


@pytest.mark.parametrize("amount", [0, "NaN", "1e30", "1e999999999", -1, "0.0000000001", None])
def test_what_is_no_movement_is_refused(prepaid: GatewayProcess, amount: object) -> None:
    assert manage(prepaid, "POST", "/credits", {"amount": amount}).status == 400


@pytest.mark.parametrize("page", ["before=0", f"before={'9' * 25}", "limit=0", "limit=1001", "limit=x"])
def test_a_page_of_the_ledger_that_cannot_be_is_refused(prepaid: GatewayProcess, page: str) -> None:
    assert manage(prepaid, "GET", f"/credits/ledger?{page}").status == 400


def test_the_ledger_is_for_management_keys(prepaid: GatewayProcess) -> None:
    for method, path in (("GET", "/credits"), ("POST", "/credits"), ("GET", "/credits/ledger")):
        body = {"amount": 1} if method == "POST" else None
        assert call(prepaid, method, f"/api/v1{path}", body, key=API_KEY).status == 403


def test_charges_by_coinbase_are_gone(prepaid: GatewayProcess) -> None:
    for key in (None, API_KEY, MANAGEMENT_KEY):
        gone = call(prepaid, "POST", "/api/v1/credits/coinbase", {"amount": 5}, key=key)
        assert (gone.status, gone.error["code"]) == (410, 410)


@pytest.mark.parametrize("streaming", [False, True])
def test_pictures_are_charged_by_the_picture(
    prepaid: GatewayProcess, provider: ScriptedProvider, *, streaming: bool
) -> None:
    set_balance(prepaid, 1)
    images = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
        for data in ("AA==", "AAA=")
    ]
    details = {"completion_tokens_details": {"image_tokens": 800}}
    used = {"prompt_tokens": 10, "completion_tokens": 810, "total_tokens": 820, **details}
    if streaming:
        end = b"data: [DONE]\n\n"
        provider.answer(Streamed([chunk(images=images), chunk("stop"), usage_chunk(used), end]))
    else:
        provider.answer(completion("x", usage=used, images=images))

    answer = ask(prepaid, model="acme/pictures", stream=streaming)

    told = answer.chunks[-1]["usage"] if streaming else answer.json["usage"]
    assert told["cost"] == round(10 * 0.000001 + 10 * 0.00001 + 2 * 0.04, 9)
    data = generation(prepaid, answer.chunks[0]["id"] if streaming else answer).json["data"]
    assert (data["total_cost"], data["num_media_completion"]) == (told["cost"], 2)


def test_a_limit_refuses_what_it_cannot_cover_in_its_own_words(
    unlimited: GatewayProcess, provider: ScriptedProvider
) -> None:
    key = limited_key(unlimited, 0.015, limit_reset="daily")
    provider.answer(completion(usage=BILLED))
    assert ask(unlimited, key).status == 200

    refused = ask(unlimited, key)

    assert refused.status == 402
    assert refused.error["message"].startswith("Key limit exceeded: this request may cost up to $0.0090")
    assert "daily limit of $0.015" in refused.error["message"]
    assert ask(unlimited).status == 200


def test_a_raised_limit_counts_at_once_on_the_worker_that_knows(
    unlimited: GatewayProcess, provider: ScriptedProvider
) -> None:
    key = limited_key(unlimited, 0.001)
    assert wait_for(lambda: ask(unlimited, key).status == 402)
    row = next(row for row in manage(unlimited, "GET", "/keys").json["data"] if row["limit"] == 0.001)

    manage(unlimited, "PATCH", f"/keys/{row['hash']}", {"limit": 1})

    assert wait_for(lambda: ask(unlimited, key).status == 200)


def test_a_price_that_is_unknown_cannot_be_reserved(unlimited: GatewayProcess) -> None:
    key = limited_key(unlimited, 1)

    refused = wait_for(
        lambda: (answer := ask(unlimited, key, model="acme/priceless")).status != 401 and answer
    )

    assert isinstance(refused, Answer)
    assert refused.status == 402
    assert "price of acme/priceless is not known" in refused.error["message"]
    assert ask(unlimited, model="acme/priceless").status == 200


def test_what_is_reserved_comes_back_when_nothing_was_made(
    prepaid: GatewayProcess, provider: ScriptedProvider
) -> None:
    set_balance(prepaid, CENT)
    refusal = Whole({"error": {"message": "no"}}, 400)
    for _ in range(5):
        provider.answer(refusal)
        assert ask(prepaid).status == 400

    assert ask(prepaid).status == 200


def test_a_stream_that_the_client_leaves_is_billed_for_what_was_made(
    prepaid: GatewayProcess, provider: ScriptedProvider, gate: threading.Event
) -> None:
    set_balance(prepaid, 1)
    provider.answer(streamed(chunk(role="assistant", content="x" * 400), gate, chunk(content="y")))
    body = {"model": "acme/m1", "messages": [{"role": "user", "content": "Hi"}], "stream": True}

    with Conversation(prepaid, body) as conversation:
        conversation.read_until("xxx")
        name = conversation.generation

    record = wait_for(lambda: (found := generation(prepaid, name)).status == 200 and found.json["data"])
    assert isinstance(record, dict)
    assert (record["cancelled"], record["estimated"]) == (True, True)
    assert (record["tokens_completion"], record["total_cost"]) == (100, 0.001005)


def test_a_stream_that_fails_costs_the_caller_nothing_and_says_what_the_provider_took(
    prepaid: GatewayProcess, provider: ScriptedProvider
) -> None:
    set_balance(prepaid, 1)
    provider.answer(Streamed([chunk(role="assistant", content="x" * 400), b"data: {broken\n\n"]))
    _, before = credits_of(prepaid)

    answer = ask(prepaid, stream=True)

    data = generation(prepaid, answer.chunks[0]["id"]).json["data"]
    assert (data["total_cost"], data["upstream_inference_cost"]) == (0, 0.001005)
    assert credits_of(prepaid)[1] == before


@pytest.mark.parametrize("streaming", [False, True])
def test_a_count_that_cannot_be_true_is_not_charged(
    prepaid: GatewayProcess, provider: ScriptedProvider, *, streaming: bool
) -> None:
    set_balance(prepaid, 1)
    claimed = {"prompt_tokens": 10, "completion_tokens": 10**300, "total_tokens": 10**300 + 10}
    if streaming:
        done = b"data: [DONE]\n\n"
        provider.answer(Streamed([chunk(content="x" * 400), chunk("stop"), usage_chunk(claimed), done]))
    else:
        provider.answer(completion("x" * 400, usage=claimed))
    _, before = credits_of(prepaid)

    answer = ask(prepaid, stream=streaming)

    told = answer.chunks[-1]["usage"] if streaming else answer.json["usage"]
    assert (told["completion_tokens"], told["cost"]) == (100, 0.001005)
    assert round(credits_of(prepaid)[1] - before, 9) == 0.001005
    data = generation(prepaid, answer.chunks[0]["id"] if streaming else answer).json["data"]
    assert (data["estimated"], data["tokens_completion"]) == (True, 100)


def test_the_official_sdk_reads_credits_and_knows_the_refusal(prepaid: GatewayProcess) -> None:
    set_balance(prepaid, 0)
    with OpenRouter(api_key=MANAGEMENT_KEY, server_url=prepaid.base_url) as client:
        data = client.credits.get_credits().data
        assert round(data.total_credits - data.total_usage, 9) == 0
    with (
        OpenRouter(api_key=API_KEY, server_url=prepaid.base_url) as client,
        pytest.raises(PaymentRequiredResponseError),
    ):
        client.chat.send(model="acme/m1", messages=[{"role": "user", "content": "Hi"}])


def test_leases_come_back_when_the_gateway_ends(
    start_gateway: StartGateway, provider: ScriptedProvider
) -> None:
    gateway = start_gateway(TOML.format(workers=1, mode="prepaid", url=provider.url))
    set_balance(gateway, CENT)
    assert ask(gateway, max_tokens=1).status == 200
    gateway.process.kill()
    gateway.process.wait()

    again = start_gateway(TOML.format(workers=1, mode="prepaid", url=provider.url), None, gateway.data_dir)

    assert ask(again).status == 200
    assert again.stop() == 0
    assert list((gateway.data_dir / "leases").iterdir()) == []


def test_what_a_failed_attempt_cost_is_upstream_cost_and_nobodys_bill(contract: Contract) -> None:
    """The first provider counts a prompt, says nothing and ends; the second answers."""
    empty = usage_chunk({"prompt_tokens": 1000, "completion_tokens": 0, "total_tokens": 1000})
    contract.first.answer(Streamed([chunk("stop"), empty, b"data: [DONE]\n\n"]))
    contract.second.answer()

    answer = chat(contract.gateway, "acme/dual", stream=True)

    data = generation(contract.gateway, answer).json["data"]
    assert [one["provider_name"] for one in data["provider_responses"]] == ["first", "second"]
    assert data["total_cost"] == 0.00002
    assert data["upstream_inference_cost"] == 0.00102


def test_a_client_that_is_too_slow_for_the_deadline_is_charged_for_what_was_made(
    start_gateway: StartGateway, provider: ScriptedProvider
) -> None:
    toml = TOML.format(workers=1, mode="unlimited", url=provider.url).replace(
        "workers = 1", "workers = 1\nrequest_timeout = 1.5"
    )
    gateway = start_gateway(toml)
    provider.answer(Streamed([*(chunk(content="x" * 400_000) for _ in range(60)), usage_chunk(BILLED)]))
    body = {"model": "acme/m1", "stream": True, "messages": [{"role": "user", "content": "Go on"}]}

    with Conversation(gateway, body) as conversation:
        name = str(conversation.response.getheader("x-generation-id"))
        assert wait_for(lambda: generation(gateway, name).status == 200)

    record = generation(gateway, name).json["data"]
    assert record["cancelled"]
    assert record["total_cost"] > 0.5
