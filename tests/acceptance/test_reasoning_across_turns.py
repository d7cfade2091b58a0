"""Reasoning that a provider gave comes back to it as it gave it: real clients, a real gateway, recorded providers.

Each conversation is what a client of the OpenAI SDK does with a reasoning model: ask, keep the assistant's message as it
came (whole, or put together from its deltas), answer its calls, and send everything again.
"""

import base64
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import openai
import openrouter
import pytest

from gateway_process import API_KEY, StartGateway
from shared_folder import shared

PATHS = {
    "deepseek": "deepseek",
    "groq": "groq/openai/v1",
    "mistral": "mistral/v1",
    "openrouter": "openrouter/api/v1",
    "xai": "xai/v1",
}
"""Where the replay server plays each provider."""
TOOL = {"type": "function", "function": {"name": "anything", "parameters": {"type": "object"}}}
QUESTION = {"role": "user", "content": "What now?"}


class Setting(NamedTuple):
    """The official SDK, pointed at a gateway whose providers are recordings."""

    client: openai.OpenAI
    upstream: Any


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway, replay_module: ModuleType) -> Iterator[Setting]:
    with replay_module.ReplayServer(shared("fixtures"), providers=list(PATHS)) as upstream:
        rows = "".join(
            f'[providers.{slug}]\napi_key = "fake-key"\nbase_url = "{upstream.url}/{path}"\n'
            f'models = [{{ id = "replayed/{slug}", native_id = "replayed", context_length = 100000 }}]\n'
            for slug, path in PATHS.items()
        )
        base_url = start_gateway(rows).base_url
        with openai.OpenAI(api_key=API_KEY, base_url=base_url, max_retries=0) as client:
            yield Setting(client, upstream)


def recording(provider: str, name: str) -> dict[str, Any]:
    [path] = shared("fixtures", provider).glob(f"*.chat/{name}.json")
    value: dict[str, Any] = json.loads(path.read_text())
    return value


def recorded_messages(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The message of a whole answer, or the deltas of a streamed one."""
    if "body" in answer:
        return [answer["body"]["choices"][0]["message"]]
    lines = [line for line in str(answer["sse"]).splitlines() if line.startswith("data: {")]
    chunks = [json.loads(line[6:]) for line in lines]
    return [choice["delta"] for chunk in chunks for choice in chunk["choices"]]


def thinking_of(content: object) -> str:
    chunks = content if isinstance(content, list) else []
    return "".join(piece["text"] for chunk in chunks for piece in chunk.get("thinking", []))


def ask(setting: Setting, provider: str, name: str, messages: list[Any], *, stream: bool) -> dict[str, Any]:
    """Ask, be answered by this recording, and give the assistant's message as a client keeps it."""
    setting.upstream.sequence([name], provider)
    asked: dict[str, Any] = {"model": f"replayed/{provider}", "messages": messages, "tools": [TOOL]}
    completions = setting.client.chat.completions
    if not stream:
        message: dict[str, Any] = completions.create(**asked).choices[0].message.model_dump(exclude_none=True)
        return message
    chunks = completions.create(**asked, stream=True)
    return put_together(
        [chunk.choices[0].delta.model_dump(exclude_none=True) for chunk in chunks if chunk.choices]
    )


def put_together(deltas: list[dict[str, Any]]) -> dict[str, Any]:
    """One message of its deltas: texts grow, details and calls are joined by their index."""
    message: dict[str, Any] = {"role": "assistant", "content": "", "reasoning": ""}
    details: dict[int, dict[str, Any]] = {}
    calls: dict[int, dict[str, Any]] = {}
    for delta in deltas:
        for key in ("content", "reasoning"):
            message[key] += delta.get(key) or ""
        for detail in delta.get("reasoning_details", []):
            known = details.setdefault(detail["index"], {**detail, "text": ""})
            known["text"] += detail.get("text", "")
        for call in delta.get("tool_calls", []):
            known = calls.setdefault(
                call["index"], {**call, "function": {**call["function"], "arguments": ""}}
            )
            known["function"]["arguments"] += call["function"].get("arguments", "")
    message["reasoning_details"] = list(details.values())
    if calls:
        message["tool_calls"] = [
            {key: field for key, field in call.items() if key != "index"} for call in calls.values()
        ]
    return message


def second_request(
    setting: Setting, provider: str, name: str, *, stream: bool
) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """The assistant's message as the client had it, as the provider got it back, and the bytes of that request."""
    setting.upstream.reset()
    kept = ask(setting, provider, name, [QUESTION], stream=stream)
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "done"} for call in kept.get("tool_calls", [])
    ]
    ask(setting, provider, name, [QUESTION, kept, *(results or [QUESTION])], stream=stream)
    raw = base64.b64decode(setting.upstream.log[-1]["raw_b64"])
    assistant, *tools = json.loads(raw)["messages"][1:]
    ids = [call["id"] for call in assistant.get("tool_calls", [])]
    assert ids == [call["id"] for call in kept.get("tool_calls", [])]
    assert [tool["tool_call_id"] for tool in tools if tool["role"] == "tool"] == ids
    return kept, assistant, raw


@pytest.mark.parametrize(
    ("provider", "name", "field"),
    [
        ("deepseek", "deepseek-tool-call-06d2e2-0", "reasoning_content"),
        ("deepseek", "deepseek-tool-call-chunks-87210c-0", "reasoning_content"),
        ("xai", "xai-tool-call-013aa5-0", "reasoning_content"),
        ("xai", "xai-tool-call-chunks-42a3c2-0", "reasoning_content"),
        ("groq", "test-tool-use-failed-error-515ed2-1", "reasoning"),
        ("groq", "test-tool-use-failed-error-streaming-bc6447-1", "reasoning"),
    ],
)
def test_reasoning_comes_back_within_a_tool_loop(
    setting: Setting, provider: str, name: str, field: str
) -> None:
    recorded = recording(provider, name)
    said = "".join(message.get(field) or "" for message in recorded_messages(recorded["response"]))
    assert said

    kept, assistant, _ = second_request(setting, provider, name, stream=recorded["stream"])

    assert kept["reasoning"] == said
    assert kept["tool_calls"]
    assert assistant[field] == said


@pytest.mark.parametrize(
    "name",
    [
        "mistral-reasoning-95a232-0",
        "mistral-reasoning-chunks-1e1e35-0",
        "test-mistral-model-thinking-part-iter-12250a-0",
    ],
)
def test_thinking_comes_back_as_a_chunk_of_content(setting: Setting, name: str) -> None:
    recorded = recording("mistral", name)
    messages = recorded_messages(recorded["response"])
    said = "".join(thinking_of(message.get("content")) for message in messages)
    assert said

    kept, assistant, _ = second_request(setting, "mistral", name, stream=recorded["stream"])

    assert kept["reasoning"] == said
    assert assistant["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": said}]},
        {"type": "text", "text": kept["content"]},
    ]


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("deepseek", "deepseek-tool-call-06d2e2-0"),
        ("xai", "xai-tool-call-013aa5-0"),
        ("groq", "test-tool-use-failed-error-515ed2-1"),
        ("mistral", "mistral-reasoning-95a232-0"),
    ],
)
def test_openrouter_s_sdk_brings_reasoning_back_too(setting: Setting, provider: str, name: str) -> None:
    [message] = recorded_messages(recording(provider, name)["response"])
    said = message.get("reasoning_content") or message.get("reasoning") or thinking_of(message["content"])
    assert said
    setting.upstream.reset()
    messages: list[Any] = [QUESTION]

    server_url = str(setting.client.base_url).rstrip("/")
    with openrouter.OpenRouter(api_key=API_KEY, server_url=server_url) as client:
        for _ in range(2):
            setting.upstream.sequence([name], provider)
            answer = client.chat.send(model=f"replayed/{provider}", messages=messages, tools=[TOOL])
            kept = answer.choices[0].message.model_dump(by_alias=True, exclude_none=True)
            results = [
                {"role": "tool", "tool_call_id": call["id"], "content": "done"}
                for call in kept.get("tool_calls", [])
            ]
            messages = [QUESTION, kept, *(results or [QUESTION])]

    _, assistant, *_ = json.loads(base64.b64decode(setting.upstream.log[-1]["raw_b64"]))["messages"]
    told = assistant.get("reasoning_content") or assistant.get("reasoning")
    assert (told or thinking_of(assistant["content"])) == said


@pytest.mark.parametrize(
    "name",
    [
        "chat-with-extended-thinking-openrouter-claude-haiku-4-5-pres-7b6162-0",
        "test-eager-input-streaming-sent-to-openrouter-non-anthropic-6c03bd-0",
        "test-openrouter-usage-49d779-1",
        "test-openrouter-web-search-tool-full-params-f97081-0",
    ],
)
def test_signatures_and_hidden_reasoning_come_back_byte_for_byte(setting: Setting, name: str) -> None:
    [message] = recorded_messages(recording("openrouter", name)["response"])
    details = message["reasoning_details"]
    secrets = [detail[key] for detail in details for key in ("signature", "data") if detail.get(key)]
    assert secrets

    _, assistant, raw = second_request(setting, "openrouter", name, stream=False)

    told = [{key: field for key, field in detail.items() if field is not None} for detail in details]
    assert assistant["reasoning_details"] == told
    assert assistant.get("reasoning") == message.get("reasoning")
    for secret in secrets:
        assert secret.encode() in raw


def test_a_loop_begun_at_another_provider_goes_on_at_mistral(setting: Setting) -> None:
    setting.upstream.reset()
    kept = ask(setting, "xai", "xai-tool-call-013aa5-0", [QUESTION], stream=False)
    [call] = kept["tool_calls"]
    result = {"role": "tool", "tool_call_id": call["id"], "content": "done"}

    ask(setting, "mistral", "mistral-reasoning-95a232-0", [QUESTION, kept, result], stream=False)

    body = json.loads(base64.b64decode(setting.upstream.log[-1]["raw_b64"]))
    _, assistant, tool = body["messages"]
    [sent] = assistant["tool_calls"]
    assert sent["id"] == tool["tool_call_id"] != call["id"]
    assert len(sent["id"]) == 9
    assert thinking_of(assistant["content"]) == kept["reasoning"]
