"""Contract sections 1, 2 and 33: who may ask, at which address, and in what form answers and errors come."""

import json
import re
import socket
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import yaml

from contract_setting import Contract
from gateway_client import Answer, call, chat, get
from gateway_process import API_KEY, MANAGEMENT_KEY, StartGateway

WRONG_KEY = "sk-ws-v1-" + "0f" * 32
BODY = {"model": "acme/m1", "messages": [{"role": "user", "content": "Say hello"}]}
CHAT = "/api/v1/chat/completions"
PUBLIC = [
    "/models",
    "/models/count",
    "/model/acme/m1",
    "/models/acme/m1/endpoints",
    "/providers",
    "/embeddings/models",
]


def assert_error(answer: Answer, status: int, kind: str) -> None:
    """Contract 2.1: an integer code equal to the status, a message, and the type of the error."""
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.error["code"] == status
    assert isinstance(answer.error["code"], int)
    assert answer.error["message"]
    assert answer.error["metadata"]["error_type"] == kind


@pytest.mark.parametrize("path", ["/chat/completions", "/completions", "/key", "/generation?id=gen-1"])
def test_without_a_credential_it_is_401_missing_header(contract: Contract, path: str) -> None:
    method = "POST" if "completions" in path else "GET"
    answer = call(contract.gateway, method, f"/api/v1{path}", BODY if method == "POST" else None, key=None)
    assert_error(answer, 401, "authentication")
    assert "Missing Authentication header" in answer.error["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {WRONG_KEY}"},
        {"authorization": "Bearer "},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"authorization": "Bearer \u00e9\u00ff"},
        {"authorization": "Bearer " + "k" * 4000},
        {"x-api-key": WRONG_KEY},
        {"authorization": f"Bearer {WRONG_KEY}", "x-api-key": API_KEY},
    ],
)
def test_a_wrong_credential_is_401(contract: Contract, headers: dict[str, str]) -> None:
    assert_error(call(contract.gateway, "POST", CHAT, BODY, headers=headers, key=None), 401, "authentication")
    assert_error(
        call(contract.gateway, "GET", "/api/v1/key", headers=headers, key=None), 401, "authentication"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {API_KEY}"},
        {"authorization": f"bearer {API_KEY}"},
        {"x-api-key": API_KEY},
        {"authorization": f"Bearer {API_KEY}", "x-api-key": WRONG_KEY},
    ],
)
def test_a_right_credential_is_accepted_and_bearer_is_preferred(
    contract: Contract, headers: dict[str, str]
) -> None:
    assert call(contract.gateway, "POST", CHAT, BODY, headers=headers, key=None).status == 200
    assert call(contract.gateway, "GET", "/api/v1/key", headers=headers, key=None).status == 200


@pytest.mark.parametrize("path", ["/chat/completions", "/completions"])
def test_a_management_key_does_not_infer(contract: Contract, path: str) -> None:
    body = BODY if path == "/chat/completions" else {"model": "acme/m1", "prompt": "Hi"}
    answer = call(contract.gateway, "POST", f"/api/v1{path}", body, key=MANAGEMENT_KEY)
    assert_error(answer, 403, "permission_denied")


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("key", [None, API_KEY, MANAGEMENT_KEY])
def test_the_catalogue_is_public(contract: Contract, path: str, key: str | None) -> None:
    answer = get(contract.gateway, path, key)
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("prefix", ["/api/v1", "/v1"])
def test_both_prefixes_lead_to_the_same_routes(contract: Contract, prefix: str) -> None:
    assert call(contract.gateway, "POST", f"{prefix}/chat/completions", BODY).status == 200
    legacy = call(contract.gateway, "POST", f"{prefix}/completions", {"model": "acme/m1", "prompt": "Hi"})
    assert legacy.json["choices"][0]["text"] == "Hi"
    for path in [*PUBLIC, "/key"]:
        assert call(contract.gateway, "GET", f"{prefix}{path}").status == 200, path


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/chat/completions", "/completions"])
def test_other_methods_on_inference_are_405(contract: Contract, method: str, path: str) -> None:
    answer = call(contract.gateway, method, f"/api/v1{path}")
    assert answer.status == 405
    assert "POST" in answer.headers["allow"]
    if method != "HEAD":
        assert answer.error["code"] == 405


@pytest.mark.parametrize("path", ["/models", "/key", "/generation", "/health/live"])
def test_writing_to_a_reading_route_is_405(contract: Contract, path: str) -> None:
    answer = call(contract.gateway, "POST", path if "health" in path else f"/api/v1{path}", {})
    assert answer.status == 405
    assert answer.error["code"] == 405


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v1/nothing", "/api/v1/chat", "/v2/models"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_404_in_the_envelope(contract: Contract, path: str, method: str) -> None:
    assert_error(call(contract.gateway, method, path, {} if method == "POST" else None), 404, "not_found")


def test_every_inference_answer_carries_its_generation(contract: Contract) -> None:
    first, second = chat(contract.gateway), chat(contract.gateway)
    assert first.headers["x-generation-id"] == first.json["id"]
    assert re.fullmatch(r"gen-[\w-]+", first.json["id"])
    assert first.json["id"] != second.json["id"]
    streamed = chat(contract.gateway, stream=True)
    assert {chunk["id"] for chunk in streamed.chunks} == {streamed.headers["x-generation-id"]}
    refused = chat(contract.gateway, "acme/nothing")
    assert refused.status == 400
    assert refused.headers["x-generation-id"].startswith("gen-")


def test_content_types_are_exact(contract: Contract) -> None:
    assert chat(contract.gateway).headers["content-type"] == "application/json"
    assert chat(contract.gateway, stream=True).headers["content-type"] == "text/event-stream"
    assert chat(contract.gateway, "acme/nothing", stream=True).headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/api/v1/chat/completions", "/v1/completions", "/api/v1/models"])
def test_a_browser_may_ask_first(contract: Contract, path: str) -> None:
    answer = call(
        contract.gateway,
        "OPTIONS",
        path,
        headers={
            "origin": "https://app.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,http-referer,x-title,x-stainless-os",
        },
        key=None,
    )
    assert answer.status in {200, 204}
    assert answer.headers["access-control-allow-origin"] in {"*", "https://app.example"}
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    assert {"authorization", "content-type", "http-referer", "x-title", "x-stainless-os"} <= {
        *allowed
    } or "*" in allowed
    assert "access-control-allow-credentials" not in answer.headers


def test_a_browser_may_read_answers_errors_and_streams(contract: Contract) -> None:
    origin = {"origin": "https://app.example"}
    for answer in (
        chat(contract.gateway, headers=origin),
        chat(contract.gateway, stream=True, headers=origin),
        chat(contract.gateway, "acme/nothing", headers=origin),
        call(contract.gateway, "POST", CHAT, BODY, headers=origin, key=WRONG_KEY),
        call(contract.gateway, "GET", "/api/v1/models", headers=origin, key=None),
    ):
        assert answer.headers["access-control-allow-origin"] in {"*", "https://app.example"}, answer.text
    exposed = chat(contract.gateway, headers=origin).headers["access-control-expose-headers"].lower()
    assert "x-generation-id" in exposed or "*" in exposed


def test_only_configured_origins_may_read(start_gateway: StartGateway) -> None:
    gateway = start_gateway('[server]\ncors_origins = ["https://app.example"]\n')
    for origin, allowed in (("https://app.example", "https://app.example"), ("https://evil.example", None)):
        answer = call(gateway, "GET", "/api/v1/models", headers={"origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed


@pytest.mark.parametrize("size", ["declared", "chunked"])
def test_a_body_over_the_limit_is_413(contract: Contract, size: str) -> None:
    body = json.dumps({**BODY, "padding": "x" * (1024 * 1024)}).encode()
    if size == "declared":
        assert_error(call(contract.gateway, "POST", CHAT, body), 413, "payload_too_large")
        return
    address = urlsplit(contract.gateway.root)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=20)
    try:
        pieces = (body[start : start + 65536] for start in range(0, len(body), 65536))
        connection.request("POST", CHAT, pieces, {"authorization": f"Bearer {API_KEY}"}, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.loads(answer.read())["error"]["code"] == 413
    finally:
        connection.close()


def test_a_client_that_waits_for_leave_is_refused_before_it_sends(contract: Contract) -> None:
    address = urlsplit(contract.gateway.root)
    with socket.create_connection((str(address.hostname), address.port or 80), timeout=20) as connection:
        head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {API_KEY}\r\n"
        connection.sendall(f"{head}content-length: 2000000\r\nexpect: 100-continue\r\n\r\n".encode())
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def test_a_body_just_under_the_limit_is_served(contract: Contract) -> None:
    assert chat(contract.gateway, padding="x" * (1024 * 1024 - 4096)).status == 200


def test_health_routes_need_no_key(contract: Contract) -> None:
    for path in ("/health/live", "/health/ready"):
        assert call(contract.gateway, "GET", path, key=None).status == 200


def test_metrics_are_for_loopback(contract: Contract) -> None:
    chat(contract.gateway)
    answer = call(contract.gateway, "GET", "/metrics", key=None)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    samples = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    assert samples
    assert all(
        re.fullmatch(r"[a-z_:]+(\{.*\})? [-+0-9.eE]+(inf|nan)?", line, re.IGNORECASE) for line in samples
    )


def test_the_gateway_describes_itself(contract: Contract) -> None:
    answer = call(contract.gateway, "GET", "/openapi.json", key=None)
    assert answer.status == 200
    assert answer.json["openapi"].startswith("3.1")
    assert answer.json["info"]["title"]
    paths = answer.json["paths"]
    served = {"/chat/completions", "/completions", "/key", "/generation", "/model/{author}/{slug}"} | {
        "/models",
        "/models/count",
        "/models/{author}/{slug}/endpoints",
        "/providers",
        "/embeddings/models",
    }
    assert served <= {path.removeprefix("/api/v1") for path in paths}
    for path, item in paths.items():
        for method, operation in item.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                assert operation["responses"], f"{method} {path}"
                named = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"}
                assert named == set(re.findall(r"{(\w+)}", path)), path
    same = call(contract.gateway, "GET", "/openapi.yaml", key=None)
    assert same.status == 200
    assert yaml.safe_load(same.text) == answer.json


def test_every_reference_of_the_description_leads_somewhere(contract: Contract) -> None:
    document = call(contract.gateway, "GET", "/openapi.json", key=None).json
    for reference in re.findall(r'"\$ref": ?"#/([^"]+)"', json.dumps(document)):
        found = document
        for step in reference.split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        assert found
