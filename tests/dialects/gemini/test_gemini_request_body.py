"""A chat request in Gemini's words, and what cannot be said in them."""

import json
from typing import cast

import pytest

from recorded_exchanges import JsonObject
from waystation.codec.dialect import RenderedRequest, Target
from waystation.dialects import gemini, openai_chat
from waystation.errors import InvalidRequest

FLASH = Target("gemini-2.5-flash", max_completion_tokens=65_536)
GEMINI_3 = Target("gemini-3-flash-preview")
PRO_3 = Target("gemini-3.1-pro-preview")
OLD = Target("gemini-2.0-flash")


def rendered(target: Target = OLD, **fields: object) -> RenderedRequest:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}
    request = openai_chat.DIALECT.parse_request(json.dumps(body).encode(), "/chat/completions")
    return gemini.DIALECT.render_request(request, target)


def config(target: Target = OLD, **fields: object) -> JsonObject:
    return cast("JsonObject", rendered(target, **fields).body.get("generationConfig") or {})


def contents(*messages: JsonObject, target: Target = OLD) -> list[JsonObject]:
    return cast("list[JsonObject]", rendered(target, messages=list(messages)).body["contents"])


def test_a_plain_question() -> None:
    said = rendered()

    assert said.path == "/models/gemini-2.0-flash:generateContent"
    assert said.body == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    assert said.dropped == []


def test_a_stream_is_asked_for_in_the_path() -> None:
    assert rendered(stream=True).path == "/models/gemini-2.0-flash:streamGenerateContent?alt=sse"


def test_sampling_and_limits() -> None:
    assert config(
        temperature=0.5, top_p=0.9, top_k=20, max_tokens=100, seed=7, stop=["a", "b"], presence_penalty=1,
        frequency_penalty=-1, logprobs=True, top_logprobs=3, n=2,
    ) == {
        "maxOutputTokens": 100, "temperature": 0.5, "topP": 0.9, "topK": 20, "presencePenalty": 1.0,
        "frequencyPenalty": -1.0, "seed": 7, "stopSequences": ["a", "b"], "responseLogprobs": True, "logprobs": 3,
        "candidateCount": 2,
    }  # fmt: skip


def test_what_has_no_word_is_named() -> None:
    said = rendered(min_p=0.1, logit_bias={"1": 2}, parallel_tool_calls=False, user="u", unheard_of=1)

    assert set(said.dropped) == {"min_p", "logit_bias", "parallel_tool_calls", "user", "unheard_of"}
    assert "generationConfig" not in said.body


def test_parameters_that_the_endpoint_does_not_list_are_named() -> None:
    target = Target("gemini-3.6-flash", frozenset({"max_tokens", "tools", "reasoning"}))

    said = rendered(target, temperature=1, top_p=0.5, max_tokens=9)

    assert said.dropped == ["temperature", "top_p"]
    assert said.body["generationConfig"] == {
        "maxOutputTokens": 9,
        "thinkingConfig": {"includeThoughts": True},
    }


def test_instructions_at_the_beginning_are_the_systems_and_later_ones_stay() -> None:
    body = rendered(
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "hello"},
            {"role": "system", "content": "Now in French."},
            {"role": "user", "name": "Ann", "content": "again"},
        ]
    ).body

    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]}
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [{"text": "hello"}]},
        {"role": "user", "parts": [{"text": "Now in French."}, {"text": "Ann: again"}]},
    ]


def test_instructions_alone_are_asked_as_the_user() -> None:
    assert contents({"role": "system", "content": "Write a poem."}) == [
        {"role": "user", "parts": [{"text": "Write a poem."}]}
    ]


def test_calls_and_results_in_one_turn_each() -> None:
    def call(number: int, arguments: object) -> JsonObject:
        return {
            "id": f"c{number}",
            "type": "function",
            "function": {"name": f"f{number}", "arguments": arguments},
        }

    assert contents(
        {"role": "user", "content": "go"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [call(1, '{"a": 1}'), call(2, ""), call(3, "{broken")],
        },
        {"role": "tool", "tool_call_id": "c1", "content": '{"t": 20}'},
        {"role": "tool", "tool_call_id": "c2", "content": "fine"},
        {"role": "tool", "tool_call_id": "c3", "content": "[1]"},
    )[1:] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"id": "c1", "name": "f1", "args": {"a": 1}}},
                {"functionCall": {"id": "c2", "name": "f2", "args": {}}},
                {"functionCall": {"id": "c3", "name": "f3", "args": {"arguments": "{broken"}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c1", "name": "f1", "response": {"t": 20}}},
                {"functionResponse": {"id": "c2", "name": "f2", "response": {"output": "fine"}}},
                {"functionResponse": {"id": "c3", "name": "f3", "response": {"output": "[1]"}}},
            ],
        },
    ]


def tool_result_with_image(target: Target) -> list[JsonObject]:
    turns = contents(
        {"role": "user", "content": "go"},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        {
            "role": "tool",
            "tool_call_id": "c",
            "content": [
                {"type": "text", "text": "a map"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aW1n"}},
            ],
        },
        target=target,
    )
    return cast("list[JsonObject]", turns[2]["parts"])


def test_a_picture_in_a_result_stands_in_it_or_beside_it() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": "aW1n"}}
    response: JsonObject = {"id": "c", "name": "f", "response": {"output": "a map"}}

    assert tool_result_with_image(GEMINI_3) == [{"functionResponse": {**response, "parts": [image]}}]
    assert tool_result_with_image(OLD) == [{"functionResponse": response}, image]


def test_media_by_data_and_by_address() -> None:
    def file(**inner: object) -> JsonObject:
        return {"type": "file", "file": inner}

    parts = contents(
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "https://a.example/b.webp?x=1"}},
                {"type": "input_audio", "input_audio": {"data": "c25k", "format": "mp3"}},
                {"type": "video_url", "video_url": {"url": "https://youtu.be/abc"}},
                file(file_data="data:application/pdf;base64,cGRm", filename="a.pdf"),
                file(file_data="https://a.example/b.csv"),
                file(file_data="cGRm"),
                file(file_id="files/abc", filename="a.txt"),
            ],
        }
    )[0]["parts"]

    assert parts == [
        {"fileData": {"fileUri": "https://a.example/b.webp?x=1", "mimeType": "image/webp"}},
        {"inlineData": {"mimeType": "audio/mpeg", "data": "c25k"}},
        {"fileData": {"fileUri": "https://youtu.be/abc", "mimeType": "video/mp4"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "cGRm"}},
        {"fileData": {"fileUri": "https://a.example/b.csv", "mimeType": "text/csv"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "cGRm"}},
        {
            "fileData": {
                "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc",
                "mimeType": "text/plain",
            }
        },
    ]


def test_a_file_kept_by_another_provider_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="file_id"):
        contents({"role": "user", "content": [{"type": "file", "file": {"file_id": "file-123"}}]})


def test_structured_output() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}},
        "$defs": {"A": {"type": "string"}},
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}

    assert config(response_format=wanted) == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object", "properties": {"a": {"type": "string"}}},
    }
    assert config(response_format={"type": "json_object"}) == {"responseMimeType": "application/json"}
    assert config(response_format={"type": "text"}) == {}


def tool(name: str, **more: object) -> JsonObject:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}, **more}}


def calling(choice: object, **more: object) -> object:
    body = rendered(tools=[tool("f", **more)], tool_choice=choice).body
    return cast("JsonObject", body.get("toolConfig") or {}).get("functionCallingConfig")


def test_tools_are_declared_in_one_item() -> None:
    assert rendered(tools=[tool("f", description="d"), tool("g")]).body["tools"] == [
        {
            "functionDeclarations": [
                {"name": "f", "description": "d", "parametersJsonSchema": {"type": "object"}},
                {"name": "g", "parametersJsonSchema": {"type": "object"}},
            ]
        }
    ]


def test_the_choice_among_tools() -> None:
    allowed = {
        "mode": "required",
        "tools": [{"type": "function", "name": "f"}, {"type": "function", "name": "g"}],
    }

    assert calling("auto") == {"mode": "AUTO"}
    assert calling("none") == {"mode": "NONE"}
    assert calling("required") == {"mode": "ANY"}
    assert calling({"type": "function", "function": {"name": "f"}}) == {
        "mode": "ANY",
        "allowedFunctionNames": ["f"],
    }
    assert calling({"type": "allowed_tools", "allowed_tools": allowed}) == {
        "mode": "ANY",
        "allowedFunctionNames": ["f", "g"],
    }
    assert calling(None) is None
    assert calling(None, strict=True) == {"mode": "VALIDATED"}


def test_tools_only_others_know_are_named() -> None:
    said = rendered(tools=[{"type": "computer_use"}], tool_choice="required")

    assert said.dropped == ["tools.computer_use", "tool_choice"]
    assert "tools" not in said.body


def test_search_is_the_providers_own() -> None:
    assert rendered(web_search_options={}).body["tools"] == [{"googleSearch": {}}]


@pytest.mark.parametrize(
    ("target", "reasoning", "wanted"),
    [
        (FLASH, None, {"includeThoughts": True}),
        (FLASH, {"exclude": True}, None),
        (FLASH, {"effort": "none"}, {"thinkingBudget": 0}),
        (FLASH, {"enabled": False}, {"thinkingBudget": 0}),
        (FLASH, {"max_tokens": 512}, {"thinkingBudget": 512, "includeThoughts": True}),
        (FLASH, {"max_tokens": 90_000}, {"thinkingBudget": 24_576, "includeThoughts": True}),
        (FLASH, {"effort": "low"}, {"thinkingBudget": 13_107, "includeThoughts": True}),
        (FLASH, {"effort": "high"}, {"thinkingBudget": 24_576, "includeThoughts": True}),
        (Target("gemini-2.5-pro"), {"effort": "none"}, {"thinkingBudget": 128, "includeThoughts": True}),
        (GEMINI_3, {"effort": "minimal"}, {"thinkingLevel": "minimal", "includeThoughts": True}),
        (GEMINI_3, {"effort": "none"}, {"thinkingLevel": "minimal", "includeThoughts": True}),
        (GEMINI_3, {"effort": "xhigh"}, {"thinkingLevel": "high", "includeThoughts": True}),
        (GEMINI_3, {"max_tokens": 2000}, {"thinkingBudget": 2000, "includeThoughts": True}),
        (PRO_3, {"effort": "minimal"}, {"thinkingLevel": "low", "includeThoughts": True}),
        (PRO_3, {"enabled": True}, {"thinkingLevel": "medium", "includeThoughts": True}),
        (Target("gemini-flash-latest"), {"effort": "low"}, {"thinkingLevel": "low", "includeThoughts": True}),
        (Target("gemini-4-argon"), {"effort": "minimal"}, {"thinkingLevel": "low", "includeThoughts": True}),
        (Target("gemma-4-31b-it"), {"effort": "medium"}, {"thinkingLevel": "high", "includeThoughts": True}),
        (Target("gemini-2.5-flash-image"), None, None),
    ],
)
def test_thinking_by_family(target: Target, reasoning: JsonObject | None, wanted: JsonObject | None) -> None:
    fields = {} if reasoning is None else {"reasoning": reasoning}

    assert config(target, **fields).get("thinkingConfig") == wanted


def test_a_budget_follows_the_callers_limit() -> None:
    said = config(FLASH, reasoning={"effort": "medium"}, max_tokens=10_000)

    assert said["thinkingConfig"] == {"thinkingBudget": 5_000, "includeThoughts": True}


def test_reasoning_of_a_model_that_does_not_think_is_named() -> None:
    assert rendered(OLD, reasoning={"effort": "high"}).dropped == ["reasoning"]
    assert rendered(OLD, reasoning={"effort": "none"}).dropped == []


def test_images_and_sound_out() -> None:
    assert config(
        modalities=["image", "text"], image_config={"aspect_ratio": "16:9", "image_size": "2K"}
    ) == {"responseModalities": ["IMAGE", "TEXT"], "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}}
    assert config(modalities=["audio"], audio={"voice": "Kore", "format": "pcm16"}) == {
        "responseModalities": ["AUDIO"],
        "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
    }


def test_a_cache_and_safety_settings_pass_by_name() -> None:
    settings = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]

    said = rendered(safety_settings=settings, cachedContent="cachedContents/abc", service_tier="flex")

    assert said.body["safetySettings"] == settings
    assert said.body["cachedContent"] == "cachedContents/abc"
    assert said.body["serviceTier"] == "flex"
    assert said.dropped == []


def test_breakpoints_of_a_cache_are_named() -> None:
    part = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}

    assert rendered(messages=[{"role": "user", "content": [part]}]).dropped == ["cache_control"]


def test_empty_texts_are_left_out() -> None:
    assert contents({"role": "user", "content": "a"}, {"role": "assistant", "content": ""}) == [
        {"role": "user", "parts": [{"text": "a"}]}
    ]
