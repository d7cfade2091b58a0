"""Google's own SDK reads what we say: its models refuse fields they do not know."""

import json
from typing import cast

import pytest
from google.genai import types

from recorded_exchanges import JsonObject, recordings
from waystation.codec.dialect import Identity, Target
from waystation.dialects import gemini, openai_chat
from waystation.errors import ProviderError

TARGETS = (Target("gemini-2.5-flash"), Target("gemini-3-flash-preview"))


def check(body: JsonObject) -> None:
    """The body in the shapes of the SDK, which takes `contents` apart from everything else."""
    known = dict(body)
    for content in cast("list[object]", known.pop("contents")):
        types.Content.model_validate(content)
    config = dict(cast("JsonObject", known.pop("generationConfig", None) or {}))
    types.GenerateContentConfig.model_validate({**config, **known})


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.native_id)
def test_recorded_chat_requests_are_requests_of_the_sdk(target: Target) -> None:
    checked = 0
    for recording in recordings("openai.chat"):
        if recording.request is None or recording.status != 200 or "file_id" in str(recording.request):
            continue
        request = openai_chat.DIALECT.parse_request(
            json.dumps(recording.request).encode(), "/chat/completions"
        )
        check(gemini.DIALECT.render_request(request, target).body)
        checked += 1
    assert checked > 300


def test_our_answers_are_answers_of_the_sdk() -> None:
    identity = Identity("gen-1", "google/m", "Google", 0)
    for recording in recordings("google.generateContent"):
        if recording.status != 200 or recording.body is None:
            continue
        try:
            result = gemini.DIALECT.parse_response(json.dumps(recording.body).encode())
        except ProviderError:
            continue
        said = json.loads(gemini.DIALECT.render_response(result, identity, None, None))
        # Google's own counters are passed on as they come, also those that this release of its SDK cannot read.
        counters = said.get("usageMetadata", {})
        said["usageMetadata"] = {key: value for key, value in counters.items() if key.endswith("TokenCount")}
        answer = types.GenerateContentResponse.model_validate(said)
        assert answer.response_id == "gen-1"
        assert answer.candidates
