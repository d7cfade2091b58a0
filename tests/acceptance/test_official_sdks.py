"""Clients that others wrote, beyond the shared kit: Google's SDK on recordings, rerank in OpenRouter's, and every skin over every wire."""

import json
from collections.abc import Iterator
from types import ModuleType

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from openrouter import OpenRouter

from gateway_process import API_KEY, GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Whole
from shared_folder import shared

GOOGLE, CLAUDE, GPT = "google/gemini-2.5-flash", "anthropic/claude-haiku-4.5", "openai/gpt-5-mini"
MODELS = (GOOGLE, CLAUDE, GPT)
PROMPT = "Reply with a short friendly greeting."
ASK = [{"role": "user", "content": PROMPT}]
every_model = pytest.mark.parametrize("model", MODELS)


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway, replay_module: ModuleType) -> Iterator[GatewayProcess]:
    """A gateway before recordings of three makers."""
    with replay_module.ReplayServer(shared("fixtures")) as upstream:
        yield start_gateway(
            f"""
[providers.openai]
api_key = "sk-fake-openai"
base_url = "{upstream.url}/openai/v1"
[providers.anthropic]
api_key = "sk-fake-claude"
base_url = "{upstream.url}/anthropic/v1"
[providers.google-ai-studio]
api_key = "fake-google"
base_url = "{upstream.url}/google/v1beta"
"""
        )


@pytest.fixture(scope="module")
def google(gateway: GatewayProcess) -> genai.Client:
    return genai.Client(api_key=API_KEY, http_options=types.HttpOptions(base_url=gateway.root))


@every_model
def test_googles_sdk_generates(model: str, google: genai.Client) -> None:
    answer = google.models.generate_content(model=model, contents=PROMPT)
    assert answer.text
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.prompt_token_count
    assert answer.model_version == model


@every_model
def test_googles_sdk_streams(model: str, google: genai.Client) -> None:
    pieces = list(google.models.generate_content_stream(model=model, contents=PROMPT))
    assert "".join(piece.text or "" for piece in pieces)
    ends = [one.finish_reason for piece in pieces for one in piece.candidates or [] if one.finish_reason]
    assert len(ends) == 1


def test_googles_sdk_calls_tools(google: genai.Client) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = types.FunctionDeclaration(name="get_weather", description="Weather", parameters_json_schema=schema)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[tool])],
        tool_config=types.ToolConfig(
            function_calling_config=types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY)
        ),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    answer = google.models.generate_content(
        model=GPT, contents="What is the weather in Paris? Use the tool.", config=config
    )
    assert answer.function_calls
    assert answer.function_calls[0].name


def test_googles_sdk_counts_tokens(google: genai.Client) -> None:
    assert google.models.count_tokens(model=GPT, contents=PROMPT).total_tokens


def test_googles_sdk_reads_our_errors(gateway: GatewayProcess) -> None:
    wrong = genai.Client(api_key="sk-wrong", http_options=types.HttpOptions(base_url=gateway.root))
    with pytest.raises(genai.errors.ClientError) as refused:
        wrong.models.generate_content(model=GPT, contents=PROMPT)
    assert refused.value.code == 401


@every_model
def test_anthropics_sdk_over_every_wire(model: str, gateway: GatewayProcess) -> None:
    client = anthropic.Anthropic(base_url=gateway.root, api_key=API_KEY, max_retries=0)
    answer = client.messages.create(
        model=model, max_tokens=200, messages=[{"role": "user", "content": PROMPT}]
    )
    assert answer.usage.output_tokens
    assert answer.stop_reason
    with client.messages.stream(
        model=model, max_tokens=200, messages=[{"role": "user", "content": PROMPT}]
    ) as stream:
        assert "".join(stream.text_stream)
        assert stream.get_final_message().stop_reason
    assert client.messages.count_tokens(
        model=model, messages=[{"role": "user", "content": PROMPT}]
    ).input_tokens


@every_model
def test_openais_sdk_over_every_wire(model: str, gateway: GatewayProcess) -> None:
    client = openai.OpenAI(base_url=gateway.base_url, api_key=API_KEY, max_retries=0)
    answer = client.responses.create(model=model, input=PROMPT)
    assert answer.output_text
    assert answer.status == "completed"
    with client.responses.stream(model=model, input=PROMPT) as stream:
        kinds = [event.type for event in stream]
        assert kinds[0] == "response.created"
        assert stream.get_final_response().output_text
    chat = client.chat.completions.create(model=model, messages=[{"role": "user", "content": PROMPT}])
    assert chat.choices[0].message.content


@every_model
def test_openrouters_sdk_over_every_wire(model: str, gateway: GatewayProcess) -> None:
    with OpenRouter(api_key=API_KEY, server_url=gateway.base_url) as client:
        answer = client.responses.send(model=model, input=PROMPT)
        assert json.loads(answer.model_dump_json())["status"] == "completed"


def test_openrouters_sdk_reranks(start_gateway: StartGateway) -> None:
    with ScriptedProvider() as cohere:
        base = cohere.url.removesuffix("/v1")
        gateway = start_gateway(f'[providers.cohere]\napi_key = "fake-cohere"\nbase_url = "{base}"\n')
        results = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.2}]
        cohere.answer(Whole({"id": "r", "results": results, "meta": {"billed_units": {"search_units": 1}}}))
        with OpenRouter(api_key=API_KEY, server_url=gateway.base_url) as client:
            answer = client.rerank.rerank(model="cohere/rerank-v3.5", query="q", documents=["a", "b"])
        assert [one.index for one in answer.results] == [1, 0]
