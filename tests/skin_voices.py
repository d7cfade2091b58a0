"""How clients of each skin say the same things: requests of turns, tools and wishes, and answers given back as turns."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]
SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PNG = "iVBORw0KGgo="
PATH = "/models/m:generateContent"
"""What is asked at, for the wire that names the model in its path."""


class Voice(NamedTuple):
    """One skin. Turns are lists of what its wire says; `echo` makes turns of an answer's body."""

    say: Callable[[str], list[Json]]
    show: Callable[[str], list[Json]]
    echo: Callable[[Json], list[Json]]
    result: Callable[[str, str, str], list[Json]]
    ask: Callable[..., Json]


def _chat_ask(turns: list[Json], **wishes: Any) -> Json:
    system = [{"role": "system", "content": wishes["system"]}] if "system" in wishes else []
    body: Json = {"model": "m", "messages": system + turns}
    if "tool" in wishes:
        function = {"name": wishes["tool"], "description": "Look.", "parameters": SCHEMA}
        body |= {"tools": [{"type": "function", "function": function}], "tool_choice": "required"}
    if "schema" in wishes:
        shape = {"name": "answer", "schema": SCHEMA}
        body["response_format"] = {"type": "json_schema", "json_schema": shape}
    return body


def _chat_echo(answer: Json) -> list[Json]:
    message = answer["choices"][0]["message"]
    keys = ("role", "content", "tool_calls", "reasoning", "reasoning_details", "refusal")
    return [{key: message[key] for key in keys if message.get(key) is not None} | {"role": "assistant"}]


CHAT = Voice(
    lambda text: [{"role": "user", "content": text}],
    lambda text: [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": text},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            ],
        }
    ],
    _chat_echo,
    lambda call_id, _, text: [{"role": "tool", "tool_call_id": call_id, "content": text}],
    _chat_ask,
)


def _messages_ask(turns: list[Json], **wishes: Any) -> Json:
    body: Json = {"model": "m", "max_tokens": 4000, "messages": turns}
    if "system" in wishes:
        body["system"] = wishes["system"]
    if "tool" in wishes:
        tool = {"name": wishes["tool"], "description": "Look.", "input_schema": SCHEMA}
        body |= {"tools": [tool], "tool_choice": {"type": "any"}}
    if "schema" in wishes:
        body["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
    return body


MESSAGES = Voice(
    lambda text: [{"role": "user", "content": text}],
    lambda text: [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": text},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            ],
        }
    ],
    lambda answer: [{"role": "assistant", "content": answer["content"]}],
    lambda call_id, _, text: [
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call_id, "content": text}]}
    ],
    _messages_ask,
)


def _responses_ask(turns: list[Json], **wishes: Any) -> Json:
    body: Json = {"model": "m", "input": turns}
    if "system" in wishes:
        body["instructions"] = wishes["system"]
    if "tool" in wishes:
        tool = {
            "type": "function",
            "name": wishes["tool"],
            "description": "Look.",
            "parameters": SCHEMA,
            "strict": False,
        }
        body |= {"tools": [tool], "tool_choice": "required"}
    if "schema" in wishes:
        body["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}}
    return body


RESPONSES = Voice(
    lambda text: [{"role": "user", "content": text}],
    lambda text: [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": text},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
            ],
        }
    ],
    lambda answer: list(answer["output"]),
    lambda call_id, _, text: [{"type": "function_call_output", "call_id": call_id, "output": text}],
    _responses_ask,
)


def _gemini_ask(turns: list[Json], **wishes: Any) -> Json:
    body: Json = {"contents": turns}
    if "system" in wishes:
        body["systemInstruction"] = {"parts": [{"text": wishes["system"]}]}
    if "tool" in wishes:
        tool = {"name": wishes["tool"], "description": "Look.", "parametersJsonSchema": SCHEMA}
        body |= {
            "tools": [{"functionDeclarations": [tool]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        }
    if "schema" in wishes:
        body["generationConfig"] = {
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
        }
    return body


GEMINI = Voice(
    lambda text: [{"role": "user", "parts": [{"text": text}]}],
    lambda text: [
        {
            "role": "user",
            "parts": [{"text": text}, {"inlineData": {"mimeType": "image/png", "data": PNG}}],
        }
    ],
    lambda answer: [answer["candidates"][0]["content"]],
    lambda call_id, name, text: [
        {
            "role": "user",
            "parts": [{"functionResponse": {"id": call_id, "name": name, "response": {"output": text}}}],
        }
    ],
    _gemini_ask,
)
VOICES = {
    "openai_chat": CHAT,
    "anthropic_messages": MESSAGES,
    "openai_responses": RESPONSES,
    "gemini": GEMINI,
}


def body_of(value: Json) -> bytes:
    """A request as it is sent."""
    return json.dumps(value).encode()
