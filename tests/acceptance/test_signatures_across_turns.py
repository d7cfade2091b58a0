"""What a maker signed or sealed comes back to it byte for byte: official SDKs, a real gateway, recorded providers.

Every recorded answer with a signature is answered as a client of the chat API does it: keep the assistant's message as it came
(whole, or put together from its deltas), answer its calls, and send everything again. The bytes of that second request are compared.
"""

import base64
import json
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import openai
import openrouter
import pytest

from gateway_process import API_KEY, StartGateway
from recorded_exchanges import Recording, recordings
from shared_folder import shared
from waystation.codec.event_stream import EventStreamParser


class Wire(NamedTuple):
    """A provider whose wire signs: where the replay server plays it, its row, and where a signature stands in an answer."""

    protocol: str
    path: str
    native_id: str
    signature: str
    more: str = ""


WIRES = {
    "anthropic": Wire(
        "anthropic.messages", "anthropic/v1", "claude-sonnet-4-5", r'"(?:signature|data)": ?"([^"]+)"'
    ),
    "google-ai-studio": Wire(
        "google.generateContent", "google/v1beta", "gemini-3-pro-preview", r'"thoughtSignature": ?"([^"]+)"'
    ),
    "amazon-bedrock": Wire(
        "bedrock.converse",
        "bedrock",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        r'"(?:signature|redactedContent)": ?"([^"]+)"',
    ),
    "openai": Wire(
        "openai.responses",
        "openai/v1",
        "gpt-5",
        r'"encrypted_content": ?"([^"]+)"',
        'dialect = "openai_responses"\n',
    ),
    "xai": Wire(
        "openai.responses",
        "xai/v1",
        "grok-4-fast",
        r'"encrypted_content": ?"([^"]+)"',
        'dialect = "xai_responses"\n',
    ),
    "cohere": Wire(
        "cohere.chat",
        "cohere",
        "command-a-reasoning-08-2025",
        r'"(?:tool_plan|thinking)": ?"((?:[^"\\]|\\.)+)"',
    ),
}
"""Cohere signs nothing: its thoughts and plans themselves are looked for."""
PLAYED = {"google-ai-studio": "google", "amazon-bedrock": "bedrock"}
TOOL = {"type": "function", "function": {"name": "anything", "parameters": {"type": "object"}}}
QUESTION = {"role": "user", "content": "What now?"}
MOST = 25
"""Conversations of one provider: more say nothing new."""


class Setting(NamedTuple):
    """A gateway whose providers are recordings."""

    base_url: str
    upstream: Any


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway, replay_module: ModuleType) -> Iterator[Setting]:
    played = [PLAYED.get(slug, slug) for slug in WIRES]
    with replay_module.ReplayServer(shared("fixtures"), providers=played) as upstream:
        rows = "".join(
            f'[providers.{slug}]\napi_key = "fake-key"\nbase_url = "{upstream.url}/{wire.path}"\n{wire.more}'
            f'models = [{{ id = "replayed/{slug}", native_id = "{wire.native_id}", context_length = 100000 }}]\n'
            for slug, wire in WIRES.items()
        )
        yield Setting(start_gateway(rows).base_url, upstream)


def signed(slug: str, *, stream: bool) -> list[tuple[str, list[str]]]:
    """Names of recorded answers of this provider with their signatures, each once and in order."""
    wire, found = WIRES[slug], []
    for recording in recordings(wire.protocol):
        provider, _, name = recording.name.partition("/")
        if (
            provider != PLAYED.get(slug, slug)
            or recording.status != 200
            or (recording.stream is not None) != stream
        ):
            continue
        signatures = list(dict.fromkeys(re.findall(wire.signature, told_by(recording))))
        if signatures and not is_beyond_chat(recording):
            found.append((name, signatures))
    return found[:MOST]


def told_by(recording: Recording) -> str:
    """The answer as text; of a response's stream only its end, since it seals anew each time it tells."""
    if recording.stream is None:
        return json.dumps(recording.body, ensure_ascii=False)
    if recording.stream.startswith(b"\0"):
        return "".join(one.payload.decode() for one in EventStreamParser().feed(recording.stream))
    lines = recording.stream.decode().splitlines()
    if "response.output_item.done" in recording.stream.decode():
        lines = [line for line in lines if '"type":"response.output_item.done"' in line.replace(" ", "")]
    return "\n".join(lines)


def is_beyond_chat(recording: Recording) -> bool:
    """Answers whose signatures stand on what chat clients are not told: the provider's own tools, several answers, none to its end.

    And those that the replay server cannot play."""
    text = told_by(recording)
    own_tools = r'"(server_tool_use|mcp_tool_use|compaction|executableCode|toolCall|inlineData|program|tool_search_call)"'
    whole = (recording.stream or b"").decode("latin-1")
    several = whole.count("event: message_start") > 1 or whole.count('"response.created"') > 1
    was_cut = ("event: message_start" in whole and "message_stop" not in whole) or (
        '"response.created"' in whole and '"response.completed"' not in whole
    )
    return bool(re.search(own_tools, text)) or several or was_cut or recording.decoded


def put_together(deltas: list[dict[str, Any]]) -> dict[str, Any]:
    """One message of its deltas: texts grow, details and calls are joined by their index."""
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    details: dict[tuple[int, str], dict[str, Any]] = {}
    calls: dict[int, dict[str, Any]] = {}
    for delta in deltas:
        message["content"] += delta.get("content") or ""
        for detail in delta.get("reasoning_details", []):
            known = details.setdefault((detail["index"], detail["type"]), {})
            for key, value in detail.items():
                known[key] = known.get(key, "") + value if key in {"text", "summary"} else value
        for call in delta.get("tool_calls", []):
            known = calls.setdefault(
                call["index"], {**call, "function": {**call["function"], "arguments": ""}}
            )
            known["function"]["arguments"] += call["function"].get("arguments") or ""
    if details:
        message["reasoning_details"] = list(details.values())
    if calls:
        message["tool_calls"] = [{k: v for k, v in call.items() if k != "index"} for call in calls.values()]
    return message


def ask(setting: Setting, slug: str, name: str, messages: list[Any], *, stream: bool) -> dict[str, Any]:
    """Ask with OpenAI's SDK, be answered by this recording, and give the assistant's message as a client keeps it."""
    setting.upstream.sequence([name], PLAYED.get(slug, slug))
    asked: dict[str, Any] = {"model": f"replayed/{slug}", "messages": messages, "tools": [TOOL]}
    with openai.OpenAI(api_key=API_KEY, base_url=setting.base_url, max_retries=0) as client:
        if not stream:
            answer = client.chat.completions.create(**asked)
            message: dict[str, Any] = answer.choices[0].message.model_dump(exclude_none=True)
            return message
        chunks = client.chat.completions.create(**asked, stream=True)
        return put_together(
            [one.choices[0].delta.model_dump(exclude_none=True) for one in chunks if one.choices]
        )


def follow_up(kept: dict[str, Any]) -> list[dict[str, Any]]:
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "done"}
        for call in kept.get("tool_calls") or []
    ]
    return [QUESTION, kept, *(results or [QUESTION])]


@pytest.mark.parametrize(
    ("slug", "stream"),
    [(slug, stream) for slug in WIRES for stream in (False, True) if slug != "cohere" or not stream],
)
def test_signatures_come_back_byte_for_byte(setting: Setting, slug: str, *, stream: bool) -> None:
    conversations = signed(slug, stream=stream)
    assert conversations
    for name, signatures in conversations:
        setting.upstream.reset()
        kept = ask(setting, slug, name, [QUESTION], stream=stream)
        ask(setting, slug, name, follow_up(kept), stream=stream)
        raw = base64.b64decode(setting.upstream.log[-1]["raw_b64"]).decode()
        places = [raw.find(f'"{signature}"') for signature in signatures]
        assert -1 not in places, (name, kept)
        assert places == sorted(places), name


@pytest.mark.parametrize("slug", WIRES)
def test_openrouter_s_sdk_brings_them_back_too(setting: Setting, slug: str) -> None:
    for name, signatures in signed(slug, stream=False)[:5]:
        setting.upstream.reset()
        messages: list[Any] = [QUESTION]
        with openrouter.OpenRouter(api_key=API_KEY, server_url=setting.base_url) as client:
            for _ in range(2):
                setting.upstream.sequence([name], PLAYED.get(slug, slug))
                answer = client.chat.send(model=f"replayed/{slug}", messages=messages, tools=[TOOL])
                kept = answer.choices[0].message.model_dump(by_alias=True, exclude_none=True)
                messages = follow_up(kept)
        raw = base64.b64decode(setting.upstream.log[-1]["raw_b64"]).decode()
        assert all(f'"{signature}"' in raw for signature in signatures), name
