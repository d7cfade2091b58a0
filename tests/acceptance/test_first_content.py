"""Nothing is committed before the first content, whichever wire the failing provider speaks (contract section 5.1).

The first endpoint of each model is the shared replay in one provider's own dialect, with a fault; the second is sound.
A failure before any content is rescued by exactly one further attempt; after content it is an honest error and no attempt.
"""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from gateway_process import API_KEY, GatewayProcess, StartGateway
from shared_folder import shared

DIALECTS = {
    "openai_chat": ("openai/v1", "gpt-4o-mini", ""),
    "openai_responses": ("openai/v1", "gpt-4o-mini", ""),
    "anthropic_messages": ("anthropic/v1", "claude-sonnet-4-5", ""),
    "gemini": ("google/v1beta", "gemini-2.5-flash", ""),
    "cohere": ("cohere", "command-a-03-2025", ""),
    "ollama": ("ollama", "llama3.2", ""),
    "bedrock_converse": ("bedrock", "anthropic.claude-3-5-haiku-20241022-v1:0", ""),
}
WHOLE_FAULTS = (
    "429;retry_after=9",
    "500",
    "529",
    "reset",
    "cut;after=0",
    "malformed",
    "empty",
    "401",
    "404",
)
STREAM_FAULTS = (
    *WHOLE_FAULTS,
    "error_event;after=0",
    "premature;after=1",
    "premature;after=2",
    "cut;after=2",
    "cut;after=7",
    "error_event;after=2",
)


class Setting(NamedTuple):
    """A gateway with a faulty and a sound provider for one model of each dialect."""

    gateway: GatewayProcess
    faulty: Any
    sound: Any


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway, replay_module: ModuleType) -> Iterator[Setting]:
    fixtures, replay = shared("fixtures"), replay_module.ReplayServer
    with replay(fixtures) as faulty, replay(fixtures, providers=["openai"]) as sound:
        for upstream in (faulty, sound):
            upstream.httpd.handle_error = lambda *_: None
        rows = "".join(
            f'[providers.faulty-{dialect.replace("_", "-")}]\ndialect = "{dialect}"\napi_key = "sk-fake-upstream"\n'
            f'base_url = "{faulty.url}/{path}"\nfirst_byte_timeout = 1\nmodels = [{row(dialect, native)}]\n'
            for dialect, (path, native, _) in DIALECTS.items()
        )
        models = ", ".join(row(dialect, "gpt-4o-mini") for dialect in DIALECTS)
        rows += f'[providers.sound]\napi_key = "sk-fake-sound"\nbase_url = "{sound.url}/openai/v1"\nmodels = [{models}]\n'
        toml = f'[routing]\norder = "listed"\nhealth = false\nrepeats = 0\n{rows}'
        yield Setting(start_gateway(toml), faulty, sound)


def row(dialect: str, native: str) -> str:
    return f'{{ id = "acme/{dialect}", native_id = "{native}", context_length = 100000, prompt = "0.000001", completion = "0.000001" }}'


class Seen(NamedTuple):
    """What the caller saw: status, text, the error if any, and whether the stream was ended."""

    status: int
    content: str
    error: Any
    done: bool
    usage: Any


def ask(setting: Setting, dialect: str, fault: str, *, stream: bool) -> Seen:
    for upstream in (setting.faulty, setting.sound):
        upstream.reset()
    setting.faulty.faults(fault, times=9)
    body = {
        "model": f"acme/{dialect}",
        "stream": stream,
        "messages": [{"role": "user", "content": "Say hello"}],
    }
    address = urlsplit(setting.gateway.root)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=20)
    try:
        headers = {"content-type": "application/json", "authorization": f"Bearer {API_KEY}"}
        connection.request("POST", "/api/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if "event-stream" in answer.headers["content-type"]:
            return read_stream(answer.status, text)
        value = json.loads(text)
        content = "".join(c["message"]["content"] or "" for c in value.get("choices", []))
        return Seen(answer.status, content, value.get("error"), done=True, usage=value.get("usage"))
    finally:
        connection.close()


def read_stream(status: int, text: str) -> Seen:
    chunks = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    said = [c["delta"] for chunk in chunks for c in chunk["choices"]]
    kinds = ("content", "reasoning", "reasoning_details", "tool_calls", "refusal")
    content = "".join(str(delta[kind]) for delta in said for kind in kinds if delta.get(kind))
    last = chunks[-1]
    return Seen(status, content, last.get("error"), done="[DONE]" in text, usage=last.get("usage"))


def posts(upstream: Any) -> int:
    return sum(entry["method"] == "POST" for entry in upstream.log)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_setting_is_sound(setting: Setting, dialect: str) -> None:
    for stream in (False, True):
        seen = ask(setting, dialect, "slow;seconds=0", stream=stream)
        assert (seen.status, seen.error, seen.done) == (200, None, True), seen
        assert seen.content
        assert (posts(setting.faulty), posts(setting.sound)) == (1, 0)


@pytest.mark.parametrize("stream", [False, True])
def test_silence_is_rescued_at_its_deadline(setting: Setting, *, stream: bool) -> None:
    seen = ask(setting, "openai_chat", "hang;seconds=5", stream=stream)
    assert (seen.status, seen.error, seen.done) == (200, None, True)
    assert (posts(setting.faulty), posts(setting.sound)) == (1, 1)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", WHOLE_FAULTS)
def test_a_whole_answer_is_rescued_by_one_more_attempt(setting: Setting, dialect: str, fault: str) -> None:
    seen = ask(setting, dialect, fault, stream=False)
    assert (seen.status, seen.error) == (200, None), seen
    assert seen.content
    assert (posts(setting.faulty), posts(setting.sound)) == (1, 1)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_a_stream_is_rescued_before_content_and_honest_after_it(
    setting: Setting, dialect: str, fault: str
) -> None:
    seen = ask(setting, dialect, fault, stream=True)
    assert seen.status == 200, seen
    assert seen.content
    assert posts(setting.faulty) == 1
    if seen.error is None:
        one_event = dialect == "gemini" and fault.startswith(
            "premature"
        )  # all of the recorded answer is in it
        assert (seen.done, posts(setting.sound)) == (True, 0 if one_event else 1)
        return
    assert (seen.done, posts(setting.sound)) == (False, 0)
    assert fault.partition(";after=")[2] not in ("", "0") or fault == "malformed", "no content, no commitment"
    assert seen.error["message"]
    assert seen.usage["prompt_tokens"] > 0, "what was used until then"
    assert seen.usage["cost"] == 0
