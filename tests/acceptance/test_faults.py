"""What callers see when a provider misbehaves: the error the contract names, never an empty success, never a leak."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from gateway_process import API_KEY, GatewayProcess, StartGateway
from shared_folder import shared
from waiting import wait_for

SECRET = "sk-fake-upstream-secret-0123456789"


class Seen(NamedTuple):
    """An answer as a caller has it."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def error(self) -> dict[str, Any]:
        """The error, of the body or of the stream's last chunk."""
        if "event-stream" in self.headers["content-type"]:
            return dict(self.last_chunk["error"])
        return dict(json.loads(self.text)["error"])

    @property
    def last_chunk(self) -> dict[str, Any]:
        """The last chunk of a stream."""
        lines = [line for line in self.text.splitlines() if line.startswith("data: {")]
        return dict(json.loads(lines[-1][6:]))

    @property
    def content(self) -> str:
        """The text that arrived."""
        if "event-stream" not in self.headers["content-type"]:
            return "".join(c["message"]["content"] or "" for c in json.loads(self.text).get("choices", []))
        chunks = [json.loads(line[6:]) for line in self.text.splitlines() if line.startswith("data: {")]
        return "".join(c["delta"].get("content") or "" for chunk in chunks for c in chunk["choices"])


class Setting(NamedTuple):
    """A gateway with a faulty first and a sound second provider for one model, and only the faulty for another."""

    gateway: GatewayProcess
    faulty: Any
    sound: Any


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway, replay_module: ModuleType) -> Iterator[Setting]:
    fixtures = shared("fixtures")
    replay = replay_module.ReplayServer
    with replay(fixtures, providers=["openai"]) as faulty, replay(fixtures, providers=["openai"]) as sound:
        for upstream in (faulty, sound):
            upstream.httpd.handle_error = lambda *_: None
        rows = "".join(
            f'[providers.{name}]\napi_key = "{SECRET}"\nbase_url = "{upstream.url}/openai/v1"\n'
            f"first_byte_timeout = 2\nidle_timeout = 2\nmodels = [{models}]\n"
            for name, upstream, models in (
                ("faulty", faulty, row("acme/dual") + ", " + row("acme/single")),
                ("sound", sound, row("acme/dual")),
            )
        )
        yield Setting(
            start_gateway(f'[routing]\norder = "listed"\nrepeats = 0\nhealth = false\n{rows}'), faulty, sound
        )


def row(model: str) -> str:
    return f'{{ id = "{model}", native_id = "gpt-4o-mini", context_length = 100000, prompt = "0.000001", completion = "0.000001" }}'


def ask(setting: Setting, model: str, fault: str, *, stream: bool) -> Seen:
    for upstream in (setting.faulty, setting.sound):
        upstream.reset()
    if fault:
        setting.faulty.faults(fault, times=20)
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "Say hello"}]}
    address = urlsplit(setting.gateway.root)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
    try:
        headers = {"content-type": "application/json", "authorization": f"Bearer {API_KEY}"}
        connection.request("POST", "/api/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        return Seen(answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)
    finally:
        connection.close()


ALONE = [
    ("400", 400, "invalid_request"),
    ("401", 502, "provider_unavailable"),
    ("402", 502, "provider_unavailable"),
    ("403", 502, "provider_unavailable"),
    ("404", 404, "not_found"),
    ("408", 503, "provider_overloaded"),
    ("413", 413, "payload_too_large"),
    ("422", 422, "unprocessable"),
    ("429;retry_after=2", 429, "rate_limit_exceeded"),
    ("500", 503, "provider_overloaded"),
    ("html", 503, "provider_overloaded"),
    ("503", 503, "provider_overloaded"),
    ("529", 503, "provider_overloaded"),
    ("reset", 503, "provider_overloaded"),
    ("hang;seconds=10", 503, "provider_overloaded"),
    ("malformed", 502, "provider_unavailable"),
    ("empty", 502, "provider_unavailable"),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "status", "kind"), ALONE)
def test_a_failure_with_nothing_left_to_try_says_what_the_contract_says(
    setting: Setting, fault: str, status: int, kind: str, *, stream: bool
) -> None:
    seen = ask(setting, "acme/single", fault, stream=stream)
    begun = stream and fault == "malformed"  # the replay breaks a stream in its middle, after content
    assert (seen.status, seen.error["code"]) == (200 if begun else status, status), seen.text
    assert seen.error["metadata"]["error_type"] == kind
    assert seen.error["message"]
    assert SECRET not in seen.text
    assert "127.0.0.1" not in seen.text
    if fault.startswith("429"):
        assert seen.headers["retry-after"] == "2"
        assert seen.error["availability"]["code"] == "capacity_exhausted"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", [fault for fault, status, _ in ALONE if status not in (400, 413, 422)])
def test_a_failure_before_content_is_rescued_by_the_next_endpoint(
    setting: Setting, fault: str, *, stream: bool
) -> None:
    if stream and fault == "malformed":
        fault = "error_event;after=0"  # what breaks before content in a stream
    seen = ask(setting, "acme/dual", fault, stream=stream)
    assert seen.status == 200, seen.text
    assert seen.content
    assert len(setting.sound.log) == 1


@pytest.mark.parametrize("fault", ["cut;after=6", "premature;after=6", "error_event;after=6"])
def test_a_stream_broken_after_content_ends_with_an_error_event(setting: Setting, fault: str) -> None:
    seen = ask(setting, "acme/dual", fault, stream=True)
    assert seen.status == 200
    assert seen.content
    assert seen.error["message"]
    assert seen.last_chunk["usage"]["completion_tokens"] > 0
    assert seen.last_chunk["usage"]["cost"] == 0
    assert "[DONE]" not in seen.text
    assert setting.sound.log == []


@pytest.mark.parametrize("fault", ["", "slow;seconds=0.5", "split;bytes=1"])
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_harmless_is_simply_answered(setting: Setting, fault: str, *, stream: bool) -> None:
    plain = ask(setting, "acme/single", "", stream=stream)
    seen = ask(setting, "acme/single", fault, stream=stream)
    assert seen.status == 200
    assert seen.content == plain.content != ""


def test_an_error_with_the_providers_key_in_it_does_not_pass_it_on(setting: Setting) -> None:
    for status in (400, 401, 500):
        seen = ask(
            setting,
            "acme/single",
            f"{status};message=Incorrect key {SECRET} at http://127.0.0.1:1/v1",
            stream=False,
        )
        assert SECRET not in seen.text
        assert "127.0.0.1" not in seen.text


def test_a_client_that_hangs_up_stops_the_provider_and_is_recorded_once(setting: Setting) -> None:
    for upstream in (setting.faulty, setting.sound):
        upstream.reset()
    setting.faulty.faults("slow;seconds=0;pace_ms=150", times=1)
    address = urlsplit(setting.gateway.root)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
    body = {"model": "acme/single", "stream": True, "messages": [{"role": "user", "content": "Say hello"}]}
    headers = {"content-type": "application/json", "authorization": f"Bearer {API_KEY}"}
    connection.request("POST", "/api/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    generation = answer.headers["x-generation-id"]
    while b"content" not in answer.readline():
        pass
    answer.close()
    connection.close()
    outcome = wait_for(lambda: [e["outcome"] for e in setting.faulty.log if e["outcome"] != "started"])
    assert outcome == ["client closed"]
    record = wait_for(lambda: read_generation(setting.gateway, generation))
    assert record["cancelled"] is True
    assert record["tokens_completion"] > 0


def read_generation(gateway: GatewayProcess, generation: str) -> dict[str, Any]:
    address = urlsplit(gateway.root)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
    try:
        connection.request(
            "GET", f"/api/v1/generation?id={generation}", headers={"authorization": f"Bearer {API_KEY}"}
        )
        answer = connection.getresponse()
        found: dict[str, Any] = json.loads(answer.read()).get("data") or {}
        return found
    finally:
        connection.close()
