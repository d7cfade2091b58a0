"""Contract section 24: keys are made, listed, changed and deleted by management keys, and say what they are."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openrouter import OpenRouter
from openrouter.errors import BadRequestResponseError, NotFoundResponseError, UnauthorizedResponseError

from contract_setting import Contract
from gateway_client import Answer, call, chat
from gateway_process import API_KEY, MANAGEMENT_KEY, GatewayProcess, StartGateway
from keys_over_http import new_key, waystation
from waiting import wait_for
from waystation.accounts.keys import DEFAULT_WORKSPACE, hash_key

ROW = {
    *(
        "hash",
        "name",
        "label",
        "disabled",
        "limit",
        "limit_remaining",
        "limit_reset",
        "include_byok_in_limit",
    ),
    *("usage", "usage_daily", "usage_weekly", "usage_monthly"),
    *("byok_usage", "byok_usage_daily", "byok_usage_weekly", "byok_usage_monthly"),
    *("created_at", "updated_at", "last_used_at", "creator_user_id", "external_user", "workspace_id"),
}
UNKNOWN = "0" * 64


def managed(gateway: GatewayProcess, method: str, path: str, body: Any = None) -> Answer:
    return call(gateway, method, f"/api/v1{path}", body, key=MANAGEMENT_KEY)


def listed(gateway: GatewayProcess, query: str = "") -> list[dict[str, Any]]:
    answer = managed(gateway, "GET", f"/keys{query}")
    assert answer.status == 200, answer.text
    return list(answer.json["data"])


def status_of(gateway: GatewayProcess, key: str) -> int:
    return call(gateway, "GET", "/api/v1/key", key=key).status


def test_a_new_key_is_shown_once_and_works_at_once(contract: Contract) -> None:
    gateway = contract.gateway
    made = new_key(gateway, "laptop", limit=12.5, limit_reset="weekly", creator_user_id="user_7")
    row, key = made["data"], made["key"]

    assert set(made) == {"data", "key"}
    assert set(row) == ROW
    assert key.startswith("sk-ws-v1-")
    assert len(key) == len("sk-ws-v1-") + 64
    assert row["hash"] == hash_key(key)
    assert row["label"] == f"{key[:12]}...{key[-3:]}"
    assert (row["name"], row["disabled"], row["updated_at"]) == ("laptop", False, None)
    assert (row["limit"], row["limit_remaining"], row["limit_reset"]) == (12.5, 12.5, "weekly")
    assert (row["creator_user_id"], row["workspace_id"]) == ("user_7", DEFAULT_WORKSPACE)
    assert datetime.fromisoformat(row["created_at"]).utcoffset() == timedelta(0)
    assert status_of(gateway, key) == 200
    assert managed(gateway, "GET", f"/keys/{row['hash']}").json == {"data": row}
    assert row in listed(gateway)
    assert key not in managed(gateway, "GET", "/keys").text


def test_the_database_and_the_log_hold_nothing_of_a_key_but_its_hash_and_label(contract: Contract) -> None:
    gateway = contract.gateway
    key = new_key(gateway, "secret")["key"]
    status_of(gateway, key)

    database = sqlite3.connect(gateway.data_dir / "waystation.db")
    dump = "\n".join(database.iterdump())
    database.close()

    assert hash_key(key) in dump
    assert key[12:-3] not in dump
    assert key[12:-3] not in gateway.log.read_text()


def test_a_change_names_what_changes_and_leaves_the_rest(contract: Contract) -> None:
    gateway = contract.gateway
    made = new_key(gateway, "before", limit=1, limit_reset="daily")["data"]
    path = f"/keys/{made['hash']}"

    changed = managed(gateway, "PATCH", path, {"name": "after", "include_byok_in_limit": True}).json["data"]
    without = managed(gateway, "PATCH", path, {"limit": None, "limit_reset": None}).json["data"]

    assert changed["updated_at"] is not None
    assert changed == {
        **made,
        "name": "after",
        "include_byok_in_limit": True,
        "updated_at": changed["updated_at"],
    }
    assert (without["limit"], without["limit_remaining"], without["limit_reset"]) == (None, None, None)
    assert without["name"] == "after"


def test_a_disabled_key_ends_at_once_and_can_come_back(contract: Contract) -> None:
    gateway = contract.gateway
    made = new_key(gateway, "switch")
    path, key = f"/keys/{made['data']['hash']}", made["key"]

    assert managed(gateway, "PATCH", path, {"disabled": True}).json["data"]["disabled"] is True
    assert status_of(gateway, key) == 401
    assert made["data"]["hash"] not in {row["hash"] for row in listed(gateway)}
    assert made["data"]["hash"] in {row["hash"] for row in listed(gateway, "?include_disabled=true")}
    managed(gateway, "PATCH", path, {"disabled": False})
    assert status_of(gateway, key) == 200


def test_a_deleted_key_is_gone(contract: Contract) -> None:
    gateway = contract.gateway
    made = new_key(gateway, "short-lived")
    path = f"/keys/{made['data']['hash']}"

    assert managed(gateway, "DELETE", path).json == {"deleted": True}
    assert status_of(gateway, made["key"]) == 401
    for method in ("GET", "DELETE", "PATCH"):
        answer = managed(gateway, method, path, {} if method == "PATCH" else None)
        assert answer.status == 404
        assert answer.error["metadata"]["error_type"] == "not_found"


def test_a_key_expires(contract: Contract) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    made = new_key(contract.gateway, "brief", expires_at=soon.isoformat())

    assert datetime.fromisoformat(made["data"]["expires_at"]) == soon.replace(
        microsecond=soon.microsecond // 1000 * 1000
    )
    assert wait_for(lambda: status_of(contract.gateway, made["key"]) == 401)
    assert made["data"]["hash"] not in {row["hash"] for row in listed(contract.gateway)}
    assert made["data"]["hash"] in {row["hash"] for row in listed(contract.gateway, "?include_expired=true")}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": None},
        {"name": "x" * 257},
        {"name": "x", "limit": -1},
        {"name": "x", "limit": "much"},
        {"name": "x", "limit": "NaN"},
        {"name": "x", "limit": 1e300},
        {"name": "x", "limit_reset": "hourly"},
        {"name": "x", "expires_at": "tomorrow"},
        {"name": "x", "expires_at": "2999-01-01"},
        {"name": "x", "expires_at": "2999-01-01T00:00Z"},
        {"name": "x", "expires_at": "2999-01-01T00:00:00"},
        {"name": "x", "expires_at": "2999-01-01T00:00:00+02:00"},
        {"name": "x", "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "expires_at": "9999-12-31T23:59:60Z"},
        {"name": "x", "workspace_id": "00000000-0000-4000-8000-00000000abcd"},
        [],
        "no object",
    ],
)
def test_what_makes_no_key_is_400(contract: Contract, fields: Any) -> None:
    before = len(listed(contract.gateway))
    answer = managed(contract.gateway, "POST", "/keys", fields)

    assert answer.status == 400, answer.text
    assert answer.error["code"] == 400
    assert answer.error["metadata"]["error_type"] == "invalid_request"
    assert len(listed(contract.gateway)) == before


@pytest.mark.parametrize(
    "fields", [{"name": None}, {"disabled": None}, {"limit": -0.01}, {"limit_reset": ""}]
)
def test_what_cannot_be_changed_so_is_400(contract: Contract, fields: Any) -> None:
    made = new_key(contract.gateway, "steady")["data"]

    assert managed(contract.gateway, "PATCH", f"/keys/{made['hash']}", fields).status == 400
    assert managed(contract.gateway, "GET", f"/keys/{made['hash']}").json["data"] == made


def test_unknown_fields_are_let_pass(contract: Contract) -> None:
    assert new_key(contract.gateway, "liberal", some_new_field={"a": 1})["data"]["name"] == "liberal"


def test_the_list_is_newest_first_and_starts_where_it_is_told(contract: Contract) -> None:
    gateway = contract.gateway
    made = [new_key(gateway, f"n{n}")["data"]["hash"] for n in range(3)]
    hashes = [row["hash"] for row in listed(gateway)]

    assert set(hashes[:3]) == set(made)
    assert [row["hash"] for row in listed(gateway, "?offset=2")] == hashes[2:]
    assert listed(gateway, "?offset=100000") == []
    assert listed(gateway, f"?workspace_id={DEFAULT_WORKSPACE}&offset=2") == listed(gateway, "?offset=2")
    assert listed(gateway, "?workspace_id=0df9e665-d932-5740-b2c7-b52af166bc11") == []
    for offset in ("-1", "many", "99999999999999999999"):
        assert managed(gateway, "GET", f"/keys?offset={offset}").status == 400


def test_management_keys_are_not_for_other_management_keys(contract: Contract) -> None:
    own = hash_key(MANAGEMENT_KEY)

    assert own not in {row["hash"] for row in listed(contract.gateway, "?include_disabled=true")}
    for method in ("GET", "DELETE", "PATCH"):
        body = {"disabled": True} if method == "PATCH" else None
        assert managed(contract.gateway, method, f"/keys/{own}", body).status == 404
    assert status_of(contract.gateway, MANAGEMENT_KEY) == 200


def test_what_a_key_spends_shows_in_the_list_and_lowers_what_remains(contract: Contract) -> None:
    gateway = contract.gateway
    made = new_key(gateway, "spender", limit=1, limit_reset="monthly")
    answer = chat(gateway, headers={"authorization": f"Bearer {made['key']}"})
    assert answer.status == 200
    cost = answer.json["usage"]["cost"]
    assert cost > 0

    row = managed(gateway, "GET", f"/keys/{made['data']['hash']}").json["data"]
    own = call(gateway, "GET", "/api/v1/key", key=made["key"]).json["data"]

    assert datetime.fromisoformat(row["last_used_at"]).date() == datetime.now(UTC).date()
    for shown in (row, own):
        used = {name: shown[name] for name in ("usage", "usage_daily", "usage_weekly", "usage_monthly")}
        assert used == dict.fromkeys(used, cost)
        assert shown["limit_remaining"] == pytest.approx(1 - cost, abs=1e-12)
        assert shown["byok_usage"] == 0
    assert next(one for one in listed(gateway) if one["hash"] == row["hash"]) == row


@pytest.mark.filterwarnings(
    "ignore:warning. .. DEPRECATED:DeprecationWarning"
)  # fields that `/key` still has
def test_the_official_sdk_manages_keys(contract: Contract) -> None:
    with OpenRouter(api_key=MANAGEMENT_KEY, server_url=contract.gateway.base_url) as client:
        made = client.api_keys.create(name="of the SDK", limit=3, limit_reset="daily")
        named = made.data.hash
        assert client.api_keys.get(hash=named).data.label == made.data.label
        changed = client.api_keys.update(hash=named, name="renamed", disabled=True)
        assert (changed.data.name, changed.data.disabled, changed.data.limit) == ("renamed", True, 3)
        shown = client.api_keys.list(include_disabled=True)
        assert named in {row.hash for row in getattr(shown, "result", shown).data}
        client.api_keys.delete(hash=named)  # validates {"deleted": true}
        with pytest.raises(NotFoundResponseError):
            client.api_keys.get(hash=named)
        with pytest.raises(BadRequestResponseError):
            client.api_keys.create(name="", limit=1)
    gone = OpenRouter(api_key=made.key, server_url=contract.gateway.base_url)
    with gone as client, pytest.raises(UnauthorizedResponseError):
        client.api_keys.get_current_key_metadata()
    with OpenRouter(api_key=API_KEY, server_url=contract.gateway.base_url) as client:
        assert client.api_keys.get_current_key_metadata().data.is_management_key is False


def test_a_change_reaches_every_worker_and_changes_by_command_do_too(start_gateway: StartGateway) -> None:
    gateway = start_gateway("[server]\nworkers = 2\n")

    def everywhere(key: str, status: int) -> bool:
        """Each look is a new connection, which the system gives to either worker."""
        return all(status_of(gateway, key) == status for _ in range(12))

    made = new_key(gateway, "spread")
    assert wait_for(lambda: everywhere(made["key"], 200))
    managed(gateway, "PATCH", f"/keys/{made['data']['hash']}", {"disabled": True})
    assert wait_for(lambda: everywhere(made["key"], 401))
    by_command = waystation(gateway, "keys", "create", "by command")
    assert wait_for(lambda: everywhere(by_command, 200))
    waystation(gateway, "keys", "revoke", "by command")
    assert wait_for(lambda: everywhere(by_command, 401))


def test_nothing_that_was_refused_left_a_trace(contract: Contract) -> None:
    text = json.dumps(managed(contract.gateway, "PATCH", f"/keys/{UNKNOWN}", {"name": "x"}).json)
    assert UNKNOWN not in text
