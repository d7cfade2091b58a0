"""Thought signatures through a chat client and back: byte for byte, on the part that they came with (contract section 11)."""

import json
from typing import cast

from recorded_exchanges import JsonObject, recordings
from waystation.codec.dialect import Identity, Target
from waystation.dialects import gemini, openai_chat
from waystation.errors import ProviderError

IDENTITY = Identity("gen-1", "google/gemini-3-flash-preview", "Google", 1_700_000_000)
TARGET = Target("gemini-3-flash-preview")


def answer(*parts: JsonObject, finish: str = "STOP") -> bytes:
    return json.dumps(
        {
            "candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": finish}],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7},
        }
    ).encode()


def message_of(body: bytes) -> JsonObject:
    """What a chat client gets, and sends back."""
    told = openai_chat.DIALECT.render_response(gemini.DIALECT.parse_response(body), IDENTITY, None, None)
    return cast("JsonObject", json.loads(told)["choices"][0]["message"])


def streamed_message_of(body: bytes) -> JsonObject:
    """The same, put together by a client from the stream's chunks."""
    parser = gemini.DIALECT.stream_parser()
    events = [*parser.feed(b"data: " + body + b"\n\n"), *parser.close()]
    renderer = openai_chat.DIALECT.stream_renderer(IDENTITY)
    told = renderer.feed(events) + renderer.close()
    message: JsonObject = {"role": "assistant", "content": "", "tool_calls": [], "reasoning_details": []}
    for line in told.splitlines():
        if not line.startswith(b"data: {"):
            continue
        for choice in json.loads(line[6:])["choices"]:
            delta = choice["delta"]
            message["content"] = cast("str", message["content"]) + (delta.get("content") or "")
            cast("list[object]", message["reasoning_details"]).extend(delta.get("reasoning_details") or [])
            for call in delta.get("tool_calls") or []:
                calls = cast("list[JsonObject]", message["tool_calls"])
                if call["index"] == len(calls):
                    calls.append({**call, "function": dict(call["function"])})
                else:
                    known = cast("dict[str, str]", calls[call["index"]]["function"])
                    known["arguments"] += call["function"]["arguments"]
    return {key: value for key, value in message.items() if value}


def sent_again(message: JsonObject, target: Target = TARGET) -> list[JsonObject]:
    """The parts of the model's turn in the next request."""
    calls = cast("list[JsonObject]", message.get("tool_calls") or [])
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in calls]
    conversation = [{"role": "user", "content": "hi"}, message, *results]
    request = openai_chat.DIALECT.parse_request(
        json.dumps({"model": "m", "messages": conversation}).encode(), "/chat/completions"
    )
    contents = cast("list[JsonObject]", gemini.DIALECT.render_request(request, target).body["contents"])
    return cast("list[JsonObject]", contents[1]["parts"])


def without_ids(part: JsonObject) -> JsonObject:
    call = part.get("functionCall")
    return (
        {**part, "functionCall": {key: value for key, value in call.items() if key != "id"}}
        if isinstance(call, dict)
        else part
    )


def test_a_signed_call_comes_back_signed() -> None:
    part: JsonObject = {
        "functionCall": {"id": "zi06h2mp", "name": "get_country", "args": {"deep": [1, {"a": None}]}},
        "thoughtSignature": "ErIC/+qwe_-==",
    }

    assert sent_again(message_of(answer(part))) == [part]
    assert sent_again(streamed_message_of(answer(part))) == [part]


def test_parallel_calls_without_ids_keep_the_one_signature_on_the_first() -> None:
    parts: list[JsonObject] = [
        {"functionCall": {"name": "a", "args": {}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "a", "args": {"x": 1}}},
    ]

    again = sent_again(message_of(answer(*parts)))

    assert [without_ids(part) for part in again] == parts
    ids = [cast("JsonObject", part["functionCall"])["id"] for part in again]
    assert len(set(ids)) == 2


def test_a_signed_thought_and_a_signed_text_keep_theirs() -> None:
    parts: list[JsonObject] = [
        {"text": "Let me think.", "thought": True, "thoughtSignature": "dGhvdWdodA=="},
        {"text": "It is 4.", "thoughtSignature": "dGV4dA=="},
    ]

    assert sent_again(message_of(answer(*parts))) == parts
    assert sent_again(streamed_message_of(answer(*parts))) == parts


def test_a_signature_that_ends_a_stream_stands_on_the_text() -> None:
    message = streamed_message_of(answer({"text": "It is 4."}, {"text": "", "thoughtSignature": "bGFzdA=="}))

    assert message["reasoning_details"] == [
        {"type": "reasoning.encrypted", "data": "bGFzdA==", "format": "google-gemini-v1", "index": 0}
    ]
    assert sent_again(message) == [{"text": "It is 4.", "thoughtSignature": "bGFzdA=="}]


def test_a_signature_that_openrouter_gave_as_text_is_taken_too() -> None:
    detail = {"type": "reasoning.text", "signature": "b3I=", "format": "google-gemini-v1", "index": 0}

    again = sent_again({"role": "assistant", "content": "ready", "reasoning_details": [detail]})

    assert again == [{"text": "ready", "thoughtSignature": "b3I="}]


def test_parts_of_the_providers_own_tools_come_back_whole_and_are_no_calls() -> None:
    parts: list[JsonObject] = [
        {
            "toolCall": {"id": "1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["x"]}},
            "thoughtSignature": "YQ==",
        },
        {
            "toolResponse": {"id": "1", "toolType": "GOOGLE_SEARCH_WEB", "response": {}},
            "thoughtSignature": "Yg==",
        },
        {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
        {"text": "One."},
    ]

    message = message_of(answer(*parts))

    assert "tool_calls" not in message
    assert message["content"] == "One."
    assert sent_again(message) == parts


def test_an_image_keeps_its_signature() -> None:
    parts: list[JsonObject] = [
        {"inlineData": {"mimeType": "image/png", "data": "aW1n"}, "thoughtSignature": "cGlj"},
        {"inlineData": {"mimeType": "image/png", "data": "aW1nMg=="}},
    ]

    message = message_of(answer(*parts))

    assert message["images"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aW1n"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aW1nMg=="}},
    ]
    assert sent_again(message) == parts


def test_calls_of_another_model_are_excused_where_a_signature_is_demanded() -> None:
    call = {"id": "toolu_1", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    theirs = {
        "type": "reasoning.text",
        "text": "Hm.",
        "signature": "x",
        "format": "anthropic-claude-v1",
        "index": 0,
    }
    message: JsonObject = {
        "role": "assistant",
        "content": None,
        "tool_calls": [call],
        "reasoning_details": [theirs],
    }

    assert sent_again(message) == [
        {"text": "Hm.", "thought": True},
        {
            "functionCall": {"id": "toolu_1", "name": "a", "args": {}},
            "thoughtSignature": "skip_thought_signature_validator",
        },
    ]
    assert "thoughtSignature" not in sent_again(message, Target("gemini-2.5-flash"))[1]


def test_recorded_signatures_survive_a_chat_client() -> None:
    compared = 0
    for recording in recordings("google.generateContent"):
        if recording.status != 200 or recording.body is None:
            continue
        try:
            message = message_of(json.dumps(recording.body).encode())
        except ProviderError:
            continue
        candidates = cast("list[JsonObject]", recording.body["candidates"])
        parts = cast("list[JsonObject]", cast("JsonObject", candidates[0]["content"]).get("parts") or [])
        signed = sorted(str(part["thoughtSignature"]) for part in parts if "thoughtSignature" in part)
        if not signed:
            continue
        compared += 1
        again = sent_again(message)
        assert (
            sorted(str(part["thoughtSignature"]) for part in again if "thoughtSignature" in part) == signed
        ), recording.name
        for part in again:
            if "functionCall" in part and part.get("thoughtSignature") in signed:
                assert without_ids(part) in [without_ids({"functionCall": {}, **one}) for one in parts], (
                    recording.name
                )
    assert compared > 80
