"""The real child process, asked by the official OpenAI SDK."""

import asyncio
import json

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from waystation.providers.local.engine import LocalEngine
from waystation.providers.local.tools import amend_body

pytestmark = pytest.mark.asyncio(loop_scope="session")

MODEL = "huggingfacetb/smollm2-135m-instruct"
QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is the capital of France?"}]


async def test_chat_answers_and_counts_its_tokens(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model=MODEL, messages=QUESTION, max_tokens=16, temperature=0
    )

    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert 0 < answer.usage.completion_tokens <= 16


async def test_stream_comes_in_pieces_and_says_the_same_as_the_whole_answer(client: AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=16, temperature=0)
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=QUESTION,
        max_tokens=16,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert len(pieces) > 3
    assert "".join(pieces) == whole.choices[0].message.content
    assert chunks[-1].usage is not None


async def test_json_schema_is_enforced_after_amendment(client: AsyncOpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 10},
            "age": {"type": "integer", "maximum": 150},
        },
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    answer = await ask(
        client,
        messages=[{"role": "user", "content": "Alice is 30 years old."}],
        response_format={"type": "json_schema", "json_schema": {"name": "person", "schema": schema}},
    )

    person = json.loads(answer)
    assert set(person) == {"name", "age"}
    assert isinstance(person["age"], int)


async def test_schema_the_engine_would_give_up_is_enforced_all_the_same(client: AsyncOpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {
            "word": {"type": "string", "pattern": "^(?=a)a$", "maxLength": 5},
            "kind": {"type": "string", "format": "of-our-own", "maxLength": 5},
        },
        "required": ["word", "kind"],
        "additionalProperties": False,
    }
    answer = await ask(
        client,
        messages=QUESTION,
        response_format={"type": "json_schema", "json_schema": {"name": "word", "schema": schema}},
    )

    assert set(json.loads(answer)) == {"word", "kind"}


async def test_wrong_key_is_refused(shared_engine: LocalEngine) -> None:
    base_url, _ = await shared_engine.base_url()
    async with AsyncOpenAI(base_url=base_url, api_key="not-the-key", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError):
            await stranger.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=1)


async def test_too_long_prompt_is_the_callers_mistake(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "word " * 3000}], max_tokens=1
        )

    assert isinstance(refusal.value.body, dict)
    assert refusal.value.body["type"] == "exceed_context_size_error"


async def test_abort_stops_the_generation(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=QUESTION,
        max_tokens=1900,
        stream=True,
        extra_body={"ignore_eos": True},
    )
    await anext(aiter(stream))
    assert await busy_slots(client) == 1
    await stream.close()

    async with asyncio.timeout(5):  # all 1900 tokens would take many times longer
        while await busy_slots(client):  # noqa: ASYNC110 -- another process's state can only be asked for
            await asyncio.sleep(0.01)


async def busy_slots(client: AsyncOpenAI) -> int:
    slots = await client.get("../slots", cast_to=list[dict[str, object]])
    return sum(slot["is_processing"] is True for slot in slots)


async def ask(client: AsyncOpenAI, **parameters: object) -> str:
    amended = amend_body({"max_tokens": 64, "temperature": 0, **parameters})
    answer = await client.chat.completions.create(model=MODEL, messages=QUESTION, extra_body=amended.body)
    return answer.choices[0].message.content or ""
