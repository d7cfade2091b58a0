"""What each wire does with each thing a chat request can say: found out by asking the dialects, not written down by hand.

A feature *works* where the body that goes out differs by it and nothing is noted as dropped; it is *lossy* where something was dropped
and noted, *refused* where the request is not sent to such an endpoint. What is neither said nor noted is `LOST`, and a defect.
"""

import json
from typing import NamedTuple

from operation_grid import embeddings_grid, rerank_grid, section
from recorded_exchanges import JsonObject
from waystation.app.outward import OUTWARD
from waystation.codec.dialect import Outward, Target
from waystation.dialects.openai_chat import DIALECT as CHAT
from waystation.errors import InvalidRequest

LOST = "LOST"
MODELS = {
    "anthropic_messages": "claude-sonnet-4-5",
    "bedrock_converse": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "cohere": "command-a-reasoning-08-2025",
    "gemini": "gemini-3-pro-preview",
    "ollama": "gpt-oss:20b",
    "openai_chat": "gpt-5.2",
    "openai_responses": "gpt-5.2",
}
"""A model of each wire: what is known depends on the family, too. Other hosts of a wire speak as it does."""
ABILITIES = frozenset(
    {
        "frequency_penalty", "include_reasoning", "logit_bias", "logprobs", "max_tokens", "min_p", "n", "parallel_tool_calls",
        "prediction", "presence_penalty", "reasoning", "reasoning_effort", "repetition_penalty", "response_format", "seed", "stop",
        "structured_outputs", "temperature", "tool_choice", "tools", "top_a", "top_k", "top_logprobs", "top_p", "verbosity",
    }
)  # fmt: skip


NOTHING: JsonObject = {}


class Feature(NamedTuple):
    """A thing to say: the fields of a chat request with it, and without it."""

    name: str
    fields: JsonObject
    without: JsonObject = NOTHING


USER: JsonObject = {"role": "user", "content": "Hi"}
PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0="


def part(**value: object) -> JsonObject:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}, value]}]}


def turns(*messages: JsonObject) -> JsonObject:
    return {"messages": list(messages)}


def call(name: str = "a", arguments: str = "{}") -> JsonObject:
    return {"id": name, "type": "function", "function": {"name": "look", "arguments": arguments}}


def result(name: str, *content: JsonObject) -> JsonObject:
    return {"role": "tool", "tool_call_id": name, "content": list(content) or "done"}


TOOL: JsonObject = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
}
STRICT: JsonObject = {
    "type": "function",
    "function": {"name": "look", "strict": True, "parameters": {"type": "object", "properties": {}}},
}
TOOLS: JsonObject = {"tools": [TOOL]}
SCHEMA: JsonObject = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
FEATURES = (
    Feature("system message", turns({"role": "system", "content": "s"}, USER)),
    Feature("developer message", turns({"role": "developer", "content": "s"}, USER)),
    Feature(
        "system message among the turns",
        turns(USER, {"role": "system", "content": "s"}, USER),
        turns(USER, USER),
    ),
    Feature("name of a speaker", turns({"role": "user", "name": "ann", "content": "Hi"})),
    Feature("prefill", turns(USER, {"role": "assistant", "content": "So"})),
    Feature("image by data URL", part(type="image_url", image_url={"url": PNG})),
    Feature("image by URL", part(type="image_url", image_url={"url": "https://example.com/a.png"})),
    Feature("PDF by data URL", part(type="file", file={"filename": "a.pdf", "file_data": PDF})),
    Feature(
        "PDF by URL", part(type="file", file={"filename": "a.pdf", "file_data": "https://example.com/a.pdf"})
    ),
    Feature("sound in", part(type="input_audio", input_audio={"data": "AAAA", "format": "wav"})),
    Feature("video in", part(type="video_url", video_url={"url": "data:video/mp4;base64,AAAA"})),
    Feature("tools", TOOLS),
    Feature("strict tools", {"tools": [STRICT]}, TOOLS),
    Feature("`tool_choice: required`", {**TOOLS, "tool_choice": "required"}, TOOLS),
    Feature("`tool_choice: none`", {**TOOLS, "tool_choice": "none"}, TOOLS),
    Feature(
        "`tool_choice`: one tool",
        {**TOOLS, "tool_choice": {"type": "function", "function": {"name": "look"}}},
        TOOLS,
    ),
    Feature("`parallel_tool_calls: false`", {**TOOLS, "parallel_tool_calls": False}, TOOLS),
    Feature(
        "several results in one turn",
        {
            **TOOLS,
            **turns(
                USER, {"role": "assistant", "tool_calls": [call("a"), call("b")]}, result("a"), result("b")
            ),
        },
    ),
    Feature(
        "arguments that are no JSON",
        {**TOOLS, **turns(USER, {"role": "assistant", "tool_calls": [call("a", '{"x": ')]}, result("a"))},
    ),
    Feature(
        "image in a tool's result",
        {
            **TOOLS,
            **turns(
                USER,
                {"role": "assistant", "tool_calls": [call("a")]},
                result(
                    "a", {"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": PNG}}
                ),
            ),
        },
        {
            **TOOLS,
            **turns(
                USER,
                {"role": "assistant", "tool_calls": [call("a")]},
                result("a", {"type": "text", "text": "see"}),
            ),
        },
    ),
    Feature(
        "JSON schema",
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}},
    ),
    Feature(
        "JSON schema beside tools",
        {**TOOLS, "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}},
        TOOLS,
    ),
    Feature("JSON object", {"response_format": {"type": "json_object"}}),
    Feature("`max_tokens`", {"max_tokens": 77}),
    Feature("`temperature`", {"temperature": 0.7}),
    Feature("`top_p`", {"top_p": 0.7}),
    Feature("`top_k`", {"top_k": 7}),
    Feature("`min_p`", {"min_p": 0.1}),
    Feature("`frequency_penalty`", {"frequency_penalty": 0.3}),
    Feature("`presence_penalty`", {"presence_penalty": 0.3}),
    Feature("`repetition_penalty`", {"repetition_penalty": 1.1}),
    Feature("`logit_bias`", {"logit_bias": {"50256": -1}}),
    Feature("`logprobs`", {"logprobs": True, "top_logprobs": 2}),
    Feature("`seed`", {"seed": 7}),
    Feature("`stop`", {"stop": ["x"]}),
    Feature("`n`", {"n": 2}),
    Feature("`prediction`", {"prediction": {"type": "content", "content": "x"}}),
    Feature("`verbosity`", {"verbosity": "low"}),
    Feature("`service_tier`", {"service_tier": "priority"}),
    Feature("`user`", {"user": "u"}),
    Feature("`modalities`: images out", {"modalities": ["text", "image"]}),
    Feature("`reasoning.effort`", {"reasoning": {"effort": "high"}}),
    Feature(
        "`reasoning.max_tokens`",
        {"reasoning": {"max_tokens": 2000}, "max_tokens": 9000},
        {"max_tokens": 9000},
    ),
    Feature("reasoning off", {"reasoning": {"effort": "none"}}),
    Feature(
        "`cache_control` on a text",
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}],
                }
            ]
        },
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
    ),
    Feature("`prompt_cache_key`", {"prompt_cache_key": "k"}),
)
EMBEDDINGS_WORDS = (
    "More inputs than one call takes are asked for in several. Vectors come as numbers or as base64 on every wire, whichever the\n"
    "caller asked for, and in the order of the inputs."
)
RERANK_WORDS = "Answers name documents by their index, best first, on every wire."
SILENT = {
    ("reasoning off", "anthropic_messages"): "works",
    ("reasoning off", "bedrock_converse"): "works",
}
"""Where nothing need be said: these models do not think unless they are asked to."""


def verdict(dialect: Outward, feature: Feature) -> str:
    """`works`, `lossy`, `refused`, or `LOST`."""
    if (said := SILENT.get((feature.name, dialect.name))) and _body(dialect, feature.fields):
        return said
    try:
        with_it, dropped = _said(dialect, feature.fields)
    except InvalidRequest:
        return "refused"
    without, dropped_anyway = _said(dialect, feature.without)
    if set(dropped) - set(dropped_anyway):
        return "lossy"
    return "works" if with_it != without else LOST


def _body(dialect: Outward, fields: JsonObject) -> str:
    return _said(dialect, fields)[0]


def _said(dialect: Outward, fields: JsonObject) -> tuple[str, list[str]]:
    body = {"model": "acme/m", **turns(USER), **fields}
    request = CHAT.parse_request(json.dumps(body).encode(), "/chat/completions")
    model = MODELS[dialect.name]
    rendered = dialect.render_request(
        request, Target(model, ABILITIES, model_id=model, max_completion_tokens=32_000)
    )
    return json.dumps(rendered.body, sort_keys=True), rendered.dropped


def wires() -> list[Outward]:
    """One of each wire: hosts with a name of their own speak the same."""
    return sorted((one for one in OUTWARD if one.name in MODELS), key=lambda one: one.name)


def grid() -> dict[str, dict[str, str]]:
    """Verdicts by feature and dialect."""
    return {feature.name: {one.name: verdict(one, feature) for one in wires()} for feature in FEATURES}


def page() -> str:
    """The page for docs/reference."""
    names = [one.name for one in wires()]
    lines = [
        "# What each wire can say",
        "",
        "Made by `make reference` from the code; a test compares it. **works**: said in the wire's own way. **lossy**: left out, or said",
        "in part, and noted on the generation as dropped. **refused**: such a request goes to another endpoint of the model, and where",
        "there is none it is a 400 that names the field. Images and documents by URL work everywhere with `media.fetch`.",
        "",
        "What a wire can say its models need not know; the columns were asked for one model each:",
        "",
        *(f"- `{name}`: {MODELS[name]}" for name in names),
        "",
        f"| | {' | '.join(names)} |",
        f"| --- {'| --- ' * len(names)}|",
    ]
    lines += [f"| {name} | {' | '.join(row[one] for one in names)} |" for name, row in grid().items()]
    lines += section("Embeddings", EMBEDDINGS_WORDS, embeddings_grid())
    lines += section("Rerank", RERANK_WORDS, rerank_grid())
    return "\n".join(lines) + "\n"
