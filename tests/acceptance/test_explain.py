"""Why a request goes where it goes: asked beforehand, and of a generation afterwards."""

import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from gateway_client import Answer, call, chat, generation, get
from gateway_process import GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Whole

PRICES = {"first": "0.000001", "second": "0.000002", "third": "0.000003"}


class Setting(NamedTuple):
    """A gateway that draws among three providers, all of them one scripted server."""

    gateway: GatewayProcess
    provider: ScriptedProvider


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway) -> Iterator[Setting]:
    with ScriptedProvider() as provider:
        rows = "".join(
            f'[providers.{name}]\nbase_url = "{provider.url}"\nmodels = [{model("acme/m", name, price)}, {model("acme/n", name, price)}]\n'
            for name, price in PRICES.items()
        )
        yield Setting(start_gateway(f"[routing]\nrepeats = 0\n{rows}"), provider)


def model(name: str, provider: str, price: str) -> str:
    context = 4_000 if provider == "third" else 50_000
    return f'{{ id = "{name}", native_id = "{name}-at-{provider}", context_length = {context}, prompt = "{price}", completion = "{price}" }}'


def route(setting: Setting, seed: int | None = None, **fields: Any) -> Answer:
    body = {"model": "acme/m", "messages": [{"role": "user", "content": "Say hello"}], **fields}
    headers = {} if seed is None else {"X-Waystation-Route-Seed": str(seed)}
    return call(setting.gateway, "POST", "/api/v1/route", body, headers=headers)


def test_a_plan_names_every_endpoint_with_price_chance_and_score(setting: Setting) -> None:
    setting.provider.answer()
    told = route(setting, 7).json["data"]
    assert (told["requested"], told["strategy"], told["order"], told["seed"]) == (
        ["acme/m"],
        "direct",
        "weighted",
        7,
    )
    rows = told["considered"]
    assert [row["attempt"] for row in rows] == [1, 2, 3]
    assert {row["provider"]: row["price"] for row in rows} == {"first": 1.0, "second": 2.0, "third": 3.0}
    assert [row["score"] for row in rows] == sorted(row["score"] for row in rows)
    assert sum(row["chance"] for row in rows) == pytest.approx(1)
    assert setting.provider.asked == [], "nobody is called"


def test_an_endpoint_that_is_left_out_says_why(setting: Setting) -> None:
    rows = route(setting, provider={"ignore": ["second"]}, max_tokens=5_000_000).json["data"]["considered"]
    reasons = {row["provider"]: row.get("excluded_by") for row in rows}
    assert reasons["second"] == "allowed_providers"


def test_where_nothing_is_left_the_error_to_come_is_told(setting: Setting) -> None:
    answer = route(setting, provider={"only": ["nobody"]})
    told = answer.json["data"]
    assert answer.status == 200
    assert told["strategy"] is None
    assert {row["excluded_by"] for row in told["considered"]} == {"allowed_providers"}
    refused = chat(setting.gateway, "acme/m", provider={"only": ["nobody"]})
    assert told["error"] == refused.error
    assert told["error"]["availability"]["excluded_by"] == ["allowed_providers"]


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [({"model": "acme/none"}, 400, "invalid_request"), ({"messages": 7}, 400, "invalid_request")],
)
def test_a_request_that_cannot_be_planned_is_refused(
    setting: Setting, fields: dict[str, Any], status: int, kind: str
) -> None:
    answer = route(setting, **fields)
    assert (answer.status, answer.error["metadata"]["error_type"]) == (status, kind)


def test_a_seed_that_is_no_integer_is_refused(setting: Setting) -> None:
    for path in ("/route", "/chat/completions"):
        body = {"model": "acme/m", "messages": [{"role": "user", "content": "Hi"}]}
        answer = call(
            setting.gateway, "POST", f"/api/v1{path}", body, headers={"x-waystation-route-seed": "1.5"}
        )
        assert answer.status == 400
        assert "Seed" in answer.error["message"]


def test_only_callers_with_a_key_may_ask(setting: Setting) -> None:
    assert call(setting.gateway, "POST", "/api/v1/route", {}, key=None).status == 401


def test_what_is_planned_is_what_happens(setting: Setting) -> None:
    """Many requests, each asked about first: the endpoints and their order are the same under the same seed."""
    draw = random.Random(4)
    for _ in range(60):
        fields = some_request(draw)
        seed = draw.getrandbits(40)
        planned = route(setting, seed, **fields).json["data"]
        setting.provider.answer()
        body = {"messages": [{"role": "user", "content": "Say hello"}], "model": "acme/m", **fields}
        answer = call(
            setting.gateway,
            "POST",
            "/api/v1/chat/completions",
            body,
            headers={"X-Waystation-Route-Seed": str(seed)},
        )
        attempts = [row for row in planned["considered"] if row.get("attempt")]
        if not attempts:
            assert answer.error == planned["error"]
            continue
        assert answer.json["provider"] == attempts[0]["provider"]
        told = generation(setting.gateway, answer).json["data"]["route"]
        assert [without_health(row) for row in told["considered"]] == [
            without_health(row) for row in planned["considered"]
        ]
        assert told["seed"] == seed


def without_health(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "health"}


def some_request(draw: random.Random) -> dict[str, Any]:
    names = list(PRICES)
    provider = {
        name: value
        for name, value in {
            "order": draw.sample(names, 2),
            "only": draw.sample(names, 2),
            "ignore": draw.sample(names, 1),
            "sort": draw.choice(["price", "latency", "throughput"]),
            "allow_fallbacks": draw.random() < 0.5,
            "max_price": {"prompt": draw.choice([1, 2, 3])},
        }.items()
        if draw.random() < 0.3
    }
    fields: dict[str, Any] = {"provider": provider} if provider else {}
    if draw.random() < 0.2:
        fields["models"] = ["acme/n"]
    if draw.random() < 0.2:
        fields["max_tokens"] = draw.choice([10, 10_000])
    return fields


def test_the_route_of_a_rescued_request_tells_the_failure_before_it(setting: Setting) -> None:
    setting.provider.answer(Whole({"error": {"message": "down"}}, 500))
    answer = chat(setting.gateway, "acme/n", provider={"order": ["second", "first"]})
    data = generation(setting.gateway, answer).json["data"]
    assert [one["provider_name"] for one in data["provider_responses"]] == ["second", "first"]
    assert [row["provider"] for row in data["route"]["considered"]] == ["second", "first", "third"]
    after = route(setting, model="acme/n", provider={"only": ["second", "first"]}).json["data"]["considered"]
    second = next(row for row in after if row["provider"] == "second")
    assert second["attempt"] == 2
    assert "an outage in the last 30 seconds" in second["why"]
    assert second["health"]["outage_for"] > 0


def test_the_description_names_it(setting: Setting) -> None:
    document = call(setting.gateway, "GET", "/openapi.json").json
    assert document["paths"]["/api/v1/route"]["post"]["operationId"] == "explainRoute"
    assert json.dumps(document).count("explainRoute") == 1
    assert get(setting.gateway, "/models").status == 200
