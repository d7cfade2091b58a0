"""Requests for Converse, and what is said of them: shared by the tests of its parts."""

import json
from typing import Any

from waystation.codec.dialect import RenderedRequest, Target
from waystation.dialects.bedrock_converse import DIALECT
from waystation.operations.chat import (
    ChatRequest,
    Message,
    Tool,
)
from waystation.operations.parts import (
    JsonObject,
    Part,
    Text,
)

CLAUDE = Target("us.anthropic.claude-sonnet-4-5-20250929-v1:0", max_completion_tokens=64_000)
OLD_CLAUDE = Target("us.anthropic.claude-3-7-sonnet-20250219-v1:0", max_completion_tokens=64_000)
NEW_CLAUDE = Target("global.anthropic.claude-opus-4-8", max_completion_tokens=128_000)
NOVA = Target("us.amazon.nova-lite-v1:0")
NOVA_2 = Target("us.amazon.nova-2-lite-v1:0")
LLAMA = Target("us.meta.llama3-3-70b-instruct-v1:0")
MISTRAL = Target("mistral.mistral-large-2402-v1:0")
GPT_OSS = Target("openai.gpt-oss-120b-1:0")
PNG = "data:image/png;base64,iVBORw0KGgo="
SCHEMA: JsonObject = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
OPEN_SCHEMA: JsonObject = {"type": "object", "properties": {}, "additionalProperties": True}
LOOK_UP = Tool("look_up", "Looks up.", SCHEMA)


def hello(**fields: Any) -> ChatRequest:
    return ChatRequest("openai_chat", None, (Message("user", (Text("Hi"),)),), **fields)


def talk(*messages: tuple[str, tuple[Part, ...]], **fields: Any) -> ChatRequest:
    return ChatRequest(
        "openai_chat", None, tuple([Message(role, parts) for role, parts in messages]), **fields
    )


def render(request: ChatRequest, target: Target = CLAUDE) -> RenderedRequest:
    return DIALECT.render_request(request, target)


def body(request: ChatRequest, target: Target = CLAUDE) -> dict[str, Any]:
    return json.loads(json.dumps(render(request, target).body))  # type: ignore[no-any-return]
