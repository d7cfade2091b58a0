"""Requests beside botocore's own serializer, event streams beside its parser: the service model is the judge."""

import base64
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import botocore
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.model import ServiceModel, Shape
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from msgspec import structs

from recorded_exchanges import recordings
from waystation.codec.dialect import Target
from waystation.codec.event_stream import EventStreamParser
from waystation.dialects.bedrock_converse import DIALECT
from waystation.operations.chat import (
    ChatRequest,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.parts import (
    Audio,
    File,
    Image,
    JsonObject,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

PNG = "data:image/png;base64,iVBORw0KGgo="
MARK: JsonObject = {"type": "ephemeral", "ttl": "1h"}
CLAUDE = Target("us.anthropic.claude-sonnet-4-5-20250929-v1:0")
SCHEMA: JsonObject = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


@cache
def service() -> ServiceModel:
    folder = Path(botocore.__file__).parent / "data" / "bedrock-runtime"
    [packed] = folder.glob("*/service-2.json.gz")
    return ServiceModel(json.loads(gzip.decompress(packed.read_bytes())), "bedrock-runtime")


def parameters(value: Any, shape: Shape) -> Any:
    """A JSON body as the parameters that botocore would be given: bytes where the wire has base64."""
    if shape.type_name == "blob":
        return base64.b64decode(value, validate=True)
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        return {
            key: parameters(item, shape.members[key]) if key in shape.members else item
            for key, item in value.items()
        }
    if shape.type_name == "list":
        return [parameters(item, shape.member) for item in value]
    return value


def serialized(body: JsonObject, model: str, operation: str) -> tuple[JsonObject, str]:
    """The body and path that botocore makes of ours; fails where the service model knows a field not."""
    operation_model = service().operation_model(operation)
    given = {**parameters(body, operation_model.input_shape), "modelId": model}
    report = ParamValidator().validate(given, operation_model.input_shape)
    assert not report.has_errors(), report.generate_report()
    made = create_serializer("rest-json").serialize_to_request(given, operation_model)
    return json.loads(made["body"]), made["url_path"]


def accepted(request: ChatRequest, target: Target = CLAUDE) -> JsonObject:
    """Our body, once botocore would send the very same."""
    rendered = DIALECT.render_request(request, target)
    body = cast("JsonObject", json.loads(json.dumps(rendered.body)))
    theirs, path = serialized(body, target.native_id, "ConverseStream" if request.stream else "Converse")
    assert theirs == body
    assert path == rendered.path
    return body


EVERYTHING = ChatRequest(
    "openai_chat",
    None,
    (
        Message("system", (Text("Be brief.", cache_control=MARK),)),
        Message(
            "user",
            (
                Text("Look."),
                Image(PNG),
                Image("s3://bucket-of-mine/a.jpeg"),
                File(data="data:application/pdf;base64,JVBERi0=", filename="Q3 report_final.v2.pdf"),
                Video("data:video/mp4;base64,AAAA"),
                Audio("AAAA", "wav", cache_control=MARK),
            ),
            name="ann",
        ),
        Message(
            "assistant",
            (
                Reasoning(text="Hm.", signature="c2lnbmVk", origin="anthropic-claude-v1"),
                Reasoning(kind="encrypted", data="EqRa", origin="anthropic-claude-v1"),
                Text("Calling."),
                ToolCall("call/1 with spaces", "look_up", '{"q": 1}'),
                ToolCall("2", "look_up", "not json"),
            ),
        ),
        Message("tool", (ToolResult("call/1 with spaces", (Text("fine"), Image(PNG))),)),
        Message("tool", (ToolResult("2", (Text("no"),), is_error=True),)),
        Message("user", (Text("And?"),)),
    ),
    max_tokens=4_000,
    temperature=0.5,
    stop=("END",),
    tools=(
        Tool("look_up", "Looks up.", SCHEMA, strict=True, cache_control={"type": "ephemeral"}),
        Tool("other"),
    ),
    tool_choice=ToolChoice("named", "look_up"),
    service_tier="priority",
    extras={"guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "1"}},
)


@pytest.mark.parametrize("stream", [False, True])
def test_botocore_would_send_the_same_request(stream: bool) -> None:  # noqa: FBT001 - a parameter of the test
    accepted(structs.replace(EVERYTHING, stream=stream))


@pytest.mark.parametrize(
    "native_id",
    [
        "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
        "global.anthropic.claude-opus-4-8",
        "us.amazon.nova-2-lite-v1:0",
        "us.meta.llama3-3-70b-instruct-v1:0",
        "openai.gpt-oss-120b-1:0",
        "qwen.qwen3-32b-v1:0",
        "mistral.mistral-large-2402-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
    ],
)
@pytest.mark.parametrize("forms", ["schema", "object", "reasoning"])
def test_botocore_would_send_the_same_for_every_family(native_id: str, forms: str) -> None:
    changes: dict[str, dict[str, Any]] = {
        "schema": {"response_format": ResponseFormat("json_schema", "answer", SCHEMA), "tool_choice": None},
        "object": {"response_format": ResponseFormat("json_object"), "tools": (), "tool_choice": None},
        "reasoning": {"reasoning": ReasoningOptions(effort="high"), "tool_choice": None, "top_k": 5},
    }
    accepted(structs.replace(EVERYTHING, **changes[forms]), Target(native_id, max_completion_tokens=64_000))


def test_every_recorded_request_is_one_that_botocore_would_send_when_rendered_again() -> None:
    asked = [
        one
        for one in recordings("bedrock.converse")
        if one.request and "video/mp4" not in json.dumps(one.request)
    ]
    assert len(asked) > 160
    for recording in asked:
        request = DIALECT.parse_request(json.dumps(recording.request).encode(), recording.path)
        accepted(request, Target(request.model or ""))


def test_recorded_event_streams_are_cut_as_botocore_cuts_them() -> None:
    streams = [one for one in recordings("bedrock.converse") if one.stream]
    assert len(streams) > 20
    for recording in streams:
        buffer = EventStreamBuffer()
        buffer.add_data(recording.stream)
        theirs = [(event.headers, event.payload) for event in buffer]
        ours = [
            (message.headers, message.payload)
            for message in EventStreamParser().feed(recording.stream or b"")
        ]
        assert ours == theirs, recording.name
