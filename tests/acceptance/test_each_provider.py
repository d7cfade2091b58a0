"""Each provider with a wire or manners of its own, and a server known by its address alone, answers through one gateway."""

import hashlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from gateway_client import chat
from gateway_process import GatewayProcess, StartGateway
from shared_folder import shared

KEY = "fake-provider-key"


class Row(NamedTuple):
    """Where the replay server plays a provider, its display name, a model, and what a request's path ends with."""

    played: str
    name: str
    native_id: str
    path: str
    more: str = ""
    recordings: tuple[str, str] | None = None
    """A whole and a streamed answer to play; None: whichever is most like the request."""


ROWS = {
    "amazon-bedrock": Row(
        "bedrock", "Amazon Bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "/converse"
    ),
    "anthropic": Row("anthropic/v1", "Anthropic", "claude-sonnet-4-5", "/v1/messages"),
    "azure": Row("azure/openai/v1", "Azure", "gpt-4.1", "/openai/v1/chat/completions"),
    "cohere": Row("cohere", "Cohere", "command-a-03-2025", "/v2/chat"),
    "deepseek": Row("deepseek", "DeepSeek", "deepseek-chat", "/chat/completions"),
    "google-ai-studio": Row("google/v1beta", "Google AI Studio", "gemini-2.5-flash", ":generateContent"),
    "google-vertex": Row("vertex", "Google", "gemini-2.5-flash", ":generateContent"),
    "groq": Row("groq/openai/v1", "Groq", "llama-3.3-70b-versatile", "/chat/completions"),
    "mistral": Row("mistral/v1", "Mistral", "mistral-large-latest", "/chat/completions"),
    "openai": Row("openai/v1", "OpenAI", "gpt-5", "/responses", 'dialect = "openai_responses"\n'),
    "openrouter": Row("openrouter/api/v1", "OpenRouter", "openai/gpt-4.1-mini", "/chat/completions"),
    "perplexity": Row(
        "perplexity",
        "Perplexity",
        "sonar",
        "/chat/completions",
        recordings=(
            "chat-document-models-perplexity-sonar-pro-understands-docx-d-b7166d-0",
            "perplexity-citations-chunks-d30cbe-0",
        ),
    ),
    "xai": Row(
        "xai/v1",
        "xAI",
        "grok-3",
        "/chat/completions",
        recordings=("xai-tool-call-013aa5-0", "xai-text-chunks-fcf3d7-0"),
    ),
    "my-vllm": Row("openai/v1", "my-vllm", "gpt-4o-mini", "/chat/completions", "discover = true\n"),
}


class Setting(NamedTuple):
    """A gateway with every one of them, played from recordings."""

    gateway: GatewayProcess
    upstream: Any


@pytest.fixture(scope="module")
def setting(start_gateway: StartGateway, replay_module: ModuleType) -> Iterator[Setting]:
    with replay_module.ReplayServer(shared("fixtures")) as upstream:
        rows = "".join(
            f'[providers.{slug}]\napi_key = "{KEY}"\nbase_url = "{upstream.url}/{row.played}"\n{row.more}'
            f'models = [{{ id = "played/{slug}", native_id = "{row.native_id}", context_length = 100000 }}]\n'
            for slug, row in ROWS.items()
        )
        yield Setting(start_gateway(rows), upstream)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("slug", ROWS)
def test_a_provider_answers(setting: Setting, slug: str, *, stream: bool) -> None:
    row = ROWS[slug]
    setting.upstream.reset()
    if row.recordings is not None:
        setting.upstream.sequence([row.recordings[stream]], slug)
    answer = chat(setting.gateway, f"played/{slug}", stream=stream)
    assert answer.status == 200, answer.text
    told = answer.chunks[-1] if stream else answer.json
    assert told["provider"] == row.name
    assert told["usage"]["completion_tokens"] > 0
    pieces = [piece for chunk in (answer.chunks if stream else [told]) for piece in chunk["choices"]]
    said = [piece["delta" if stream else "message"] for piece in pieces]
    assert any(piece.get("content") or piece.get("tool_calls") for piece in said)
    [asked] = setting.upstream.log
    assert asked["key_sha256"] == hashlib.sha256(KEY.encode()).hexdigest()[:8]
    path = asked["path"].partition("?")[0].replace("-stream", "").replace(":streamG", ":g")
    assert path.endswith(row.path)


def test_a_server_of_one_s_own_tells_its_models(setting: Setting) -> None:
    answer = chat(setting.gateway, "my-vllm/judge-model")
    assert answer.status == 200, answer.text
    assert answer.json["provider"] == "my-vllm"
