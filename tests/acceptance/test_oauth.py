"""Contract section 24, OAuth PKCE: the consent page, its code, and the exchange of the code for a key."""

import base64
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from openrouter import OpenRouter
from openrouter.errors import ForbiddenResponseError

from contract_setting import Contract
from gateway_client import Answer, call
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess
from keys_over_http import new_key

VERIFIER = "verifier-of-the-test-0123456789-0123456789-abc"
S256 = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "https://app.example/back?from=gateway"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def page(gateway: GatewayProcess, **query: str) -> Answer:
    return call(gateway, "GET", f"/auth?{urlencode(query)}", key=None)


def submit(gateway: GatewayProcess, headers: dict[str, str] | None = None, /, **fields: str) -> Answer:
    return call(gateway, "POST", "/auth", urlencode(fields), headers=FORM | (headers or {}), key=None)


def exchange(gateway: GatewayProcess, code: str, **fields: Any) -> Answer:
    return call(gateway, "POST", "/api/v1/auth/keys", {"code": code, **fields}, key=None)


def code_of(answer: Answer) -> str:
    assert answer.status == 303, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def allowed(gateway: GatewayProcess, key: str = API_KEY, /, **fields: str) -> str:
    return code_of(submit(gateway, key=key, callback_url=CALLBACK, **fields))


def test_from_the_page_to_a_key_that_works(contract: Contract) -> None:
    gateway = contract.gateway
    asked = {
        "callback_url": CALLBACK,
        "code_challenge": S256,
        "code_challenge_method": "S256",
        "key_label": "My app",
        "limit": "2.5",
        "usage_limit_type": "monthly",
        "state": "a b&c",
    }
    shown = page(gateway, **asked)
    assert shown.status == 200
    hidden = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', shown.text))
    assert {name: unescape(value) for name, value in hidden.items()} == asked

    answer = submit(gateway, key=API_KEY, **asked)
    where = urlsplit(answer.headers["location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == "https://app.example/back"
    query = parse_qs(where.query)
    assert (query["from"], query["state"]) == (["gateway"], ["a b&c"])

    made = exchange(gateway, query["code"][0], code_verifier=VERIFIER, code_challenge_method="S256")
    assert made.status == 200
    assert set(made.json) == {"key", "user_id"}
    own = call(gateway, "GET", "/api/v1/key", key=made.json["key"]).json["data"]
    assert (own["limit"], own["limit_reset"], own["is_management_key"]) == (2.5, "monthly", False)


def test_a_key_gives_apps_at_most_a_hundred_keys_and_as_many_codes(contract: Contract) -> None:
    gateway = contract.gateway
    key = str(new_key(gateway, "giver")["key"])
    codes = [_made(gateway, key) for _ in range(100)]
    assert {code.status for code in codes} == {200}
    too_many_codes = _made(gateway, key)
    assert (too_many_codes.status, "wait to be exchanged" in too_many_codes.error["message"]) == (403, True)

    first, *others = [code.json["data"]["id"] for code in codes]
    assert {exchange(gateway, code).status for code in others} == {200}
    last = _made(gateway, key).json["data"]["id"]
    assert exchange(gateway, first).status == 200
    refused = exchange(gateway, last)

    assert (refused.status, "100 keys to apps" in refused.error["message"]) == (403, True)
    assert _made(gateway, key).status == 403
    assert submit(gateway, key=key, callback_url=CALLBACK).status == 403
    assert _made(gateway, API_KEY).status == 200


def _made(gateway: GatewayProcess, key: str) -> Answer:
    return call(gateway, "POST", "/api/v1/auth/keys/code", {"callback_url": CALLBACK}, key=key)


def test_the_page_needs_no_script_and_can_be_in_no_frame(contract: Contract) -> None:
    label = "<script>alert(1)</script>"
    shown = page(contract.gateway, callback_url=CALLBACK, key_label=label)

    assert "<script" not in shown.text
    assert "&lt;script&gt;" in shown.text
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert shown.headers["x-frame-options"] == "DENY"
    assert shown.headers["cache-control"] == "no-store"
    rules = shown.headers["content-security-policy"]
    assert "default-src 'none'" in rules
    assert "frame-ancestors 'none'" in rules
    assert "form-action 'self' https://app.example;" in rules


@pytest.mark.parametrize(
    "callback",
    [
        "http://app.example/back",
        "javascript:alert(1)",
        "data:text/html,x",
        "//app.example/",
        "/relative",
        "https://",
        "https://user:secret@app.example/",
        "https://app.example/#fragment",
        "https://app.example\\@evil.example/",
        "https://app.example/\r\nset-cookie: a=b",
        "https://app.example;script-src/",
        "http://localhost.evil.example/",
        "https://app.example:99999/",
        "https://[::1/",
    ],
)
def test_a_callback_where_a_code_could_be_stolen_is_refused(contract: Contract, callback: str) -> None:
    shown = page(contract.gateway, callback_url=callback)
    sent = submit(contract.gateway, callback_url=callback, key=API_KEY)
    coded = call(contract.gateway, "POST", "/api/v1/auth/keys/code", {"callback_url": callback})

    for answer in (shown, sent, coded):
        assert answer.status == 400, answer.text
        assert "location" not in answer.headers


@pytest.mark.parametrize("callback", ["http://localhost:3000/cb", "http://127.0.0.1/", "http://[::1]:8/x"])
def test_tools_on_the_user_s_own_machine_need_no_tls(contract: Contract, callback: str) -> None:
    answer = submit(contract.gateway, callback_url=callback, key=MANAGEMENT_KEY)

    assert answer.headers["location"].startswith(f"{callback}?code=")


@pytest.mark.parametrize("key", ["", "sk-ws-v1-" + "0f" * 32, "\u00e9"])
def test_without_a_valid_key_nothing_is_allowed_and_nobody_is_sent_anywhere(
    contract: Contract, key: str
) -> None:
    answer = submit(contract.gateway, callback_url=CALLBACK, key=key, limit="7")

    assert answer.status == 401
    assert "location" not in answer.headers
    assert 'role="alert"' in answer.text
    assert 'value="7"' in answer.text
    assert key == "" or key not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
def test_a_form_of_another_page_is_refused(contract: Contract, headers: dict[str, str]) -> None:
    answer = submit(contract.gateway, headers, callback_url=CALLBACK, key=API_KEY)

    assert answer.status == 403
    assert "location" not in answer.headers


def test_the_page_s_own_form_is_taken_directly_and_behind_a_proxy(contract: Contract) -> None:
    gateway = contract.gateway
    for headers in (
        {"origin": gateway.root},
        {"origin": "https://gateway.example", "sec-fetch-site": "same-origin"},
    ):
        assert submit(gateway, headers, callback_url=CALLBACK, key=API_KEY).status == 303


def test_a_limited_key_gives_no_keys(contract: Contract) -> None:
    gateway = contract.gateway
    limited = new_key(gateway, "limited", limit=1)["key"]
    expiring = new_key(gateway, "expiring", expires_at="2999-01-01T00:00:00Z")["key"]
    of_an_app = exchange(gateway, allowed(gateway)).json["key"]

    for key in (limited, expiring, of_an_app):
        assert submit(gateway, callback_url=CALLBACK, key=key).status == 403
        asked = call(gateway, "POST", "/api/v1/auth/keys/code", {"callback_url": CALLBACK}, key=key)
        assert asked.status == 403


def test_a_key_of_an_app_ends_with_the_key_that_allowed_it(contract: Contract) -> None:
    gateway = contract.gateway
    parent = new_key(gateway, "parent", creator_user_id="user_9")
    made = exchange(gateway, allowed(gateway, parent["key"])).json
    assert made["user_id"] == "user_9"
    assert call(gateway, "GET", "/api/v1/key", key=made["key"]).status == 200

    call(gateway, "DELETE", f"/api/v1/keys/{parent['data']['hash']}", key=MANAGEMENT_KEY)

    assert call(gateway, "GET", "/api/v1/key", key=made["key"]).status == 401


def test_without_a_callback_the_code_is_shown_and_a_challenge_is_due(contract: Contract) -> None:
    gateway = contract.gateway
    assert page(gateway).status == 400
    assert submit(gateway, key=API_KEY).status == 400
    assert page(gateway, code_challenge=S256, code_challenge_method="S256").status == 200

    shown = submit(gateway, key=API_KEY, code_challenge=S256, code_challenge_method="S256")
    assert shown.status == 200
    code = re.findall(r"<code>([^<]+)</code>", shown.text)[0]
    assert exchange(gateway, code, code_verifier=VERIFIER).status == 200


def test_a_code_is_good_once(contract: Contract) -> None:
    code = allowed(contract.gateway)
    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(lambda _: exchange(contract.gateway, code).status, range(6)))

    assert sorted(statuses) == [200, 403, 403, 403, 403, 403]


@pytest.mark.parametrize(
    ("asked", "proof", "status"),
    [
        ({"code_challenge": S256, "code_challenge_method": "S256"}, {"code_verifier": VERIFIER}, 200),
        ({"code_challenge": "plain-text"}, {"code_verifier": "plain-text"}, 200),
        (
            {"code_challenge": "plain-text", "code_challenge_method": "plain"},
            {"code_verifier": "plain-text", "code_challenge_method": "plain"},
            200,
        ),
        ({}, {}, 200),
        ({}, {"code_challenge_method": None}, 200),
        ({"code_challenge": S256, "code_challenge_method": "S256"}, {"code_verifier": S256}, 403),
        ({"code_challenge": S256, "code_challenge_method": "S256"}, {}, 403),
        (
            {"code_challenge": S256, "code_challenge_method": "S256"},
            {"code_verifier": VERIFIER, "code_challenge_method": "plain"},
            400,
        ),
        ({}, {"code_challenge_method": "S256"}, 400),
        ({}, {"code_challenge_method": "S512"}, 400),
    ],
)
def test_the_app_proves_that_it_asked(
    contract: Contract, asked: dict[str, str], proof: dict[str, Any], status: int
) -> None:
    answer = exchange(contract.gateway, allowed(contract.gateway, **asked), **proof)

    assert answer.status == status, answer.text
    if status == 403:
        assert answer.error["metadata"]["error_type"] == "permission_denied"


def test_a_method_that_does_not_fit_leaves_the_code_good(contract: Contract) -> None:
    code = allowed(contract.gateway, code_challenge=S256, code_challenge_method="S256")

    assert exchange(contract.gateway, code, code_challenge_method="plain").status == 400
    assert exchange(contract.gateway, code, code_verifier=VERIFIER).status == 200


@pytest.mark.parametrize("body", [{}, {"code": None}, {"code": 5}, [], "{", {"code": ""}])
def test_what_is_no_exchange(contract: Contract, body: Any) -> None:
    answer = call(contract.gateway, "POST", "/api/v1/auth/keys", body, key=None)

    assert answer.status == (403 if body == {"code": ""} else 400)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_the_exchange_is_a_post(contract: Contract, method: str) -> None:
    assert call(contract.gateway, method, "/api/v1/auth/keys", key=None).status == 405


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"callback_url": ""},
        {"callback_url": CALLBACK, "code_challenge_method": "S256"},
        {"callback_url": CALLBACK, "code_challenge": ""},
        {"callback_url": CALLBACK, "limit": -1},
        {"callback_url": CALLBACK, "usage_limit_type": "hourly"},
        {"callback_url": CALLBACK, "expires_at": "soon"},
        {"callback_url": CALLBACK, "key_label": "x" * 101},
        {"callback_url": CALLBACK, "workspace_id": "00000000-0000-4000-8000-00000000abcd"},
    ],
)
def test_a_wish_that_cannot_be_granted_is_400(contract: Contract, wish: dict[str, Any]) -> None:
    assert call(contract.gateway, "POST", "/api/v1/auth/keys/code", wish).status == 400


def test_the_official_sdk_asks_for_a_code_and_exchanges_it(contract: Contract) -> None:
    with OpenRouter(api_key=API_KEY, server_url=contract.gateway.base_url) as client:
        asked = client.o_auth.create_auth_code(
            callback_url=CALLBACK, code_challenge=S256, code_challenge_method="S256", limit=4
        )
        again = client.o_auth.create_auth_code(callback_url="https://app.example/elsewhere")
        assert asked.data.app_id == again.data.app_id
        made = client.o_auth.exchange_auth_code_for_api_key(code=asked.data.id, code_verifier=VERIFIER)
        assert call(contract.gateway, "GET", "/api/v1/key", key=made.key).json["data"]["limit"] == 4
        with pytest.raises(ForbiddenResponseError):
            client.o_auth.exchange_auth_code_for_api_key(code=asked.data.id, code_verifier=VERIFIER)
