"""The larger request bodies of the benchmark: templates in which loadgen puts the model and the stream flag."""

import json
from pathlib import Path

SIZES = {"2k": (2_000, 3), "100k": (100_000, 40)}  # bytes to reach, repeats of the text in one message

TEXT = 'The quick brown fox é jumps over "lazy" dogs, line\n'
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather for a city",
        "parameters": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
        },
    },
}


def write_bodies(folder: Path) -> dict[str, Path]:
    """Write every template into `folder`; the paths by name of size."""
    paths = {}
    for name, (size, repeats) in SIZES.items():
        paths[name] = folder / f"body-{name}.json"
        paths[name].write_text(template(size, repeats), encoding="utf-8")
    return paths


def template(size: int, repeats: int) -> str:
    """A conversation with a tool, about `size` bytes of JSON with @MODEL@ and @STREAM@ to be filled in."""
    messages = [{"role": "system", "content": "You are a helpful assistant. Answer with care."}]
    while len(json.dumps(messages, ensure_ascii=False).encode()) < size - 600:
        role = "user" if len(messages) % 2 else "assistant"
        messages.append({"role": role, "content": TEXT * repeats})
    body = {
        "model": "@MODEL@",
        "messages": messages,
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 512,
        "stream": "@STREAM@",
        "tools": [TOOL],
        "tool_choice": "auto",
        "user": "u-1",
    }
    return json.dumps(body, ensure_ascii=False).replace('"@STREAM@"', "@STREAM@")
