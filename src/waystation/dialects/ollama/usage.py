"""Ollama's counters -> ours. Thinking is inside `eval_count`; a prompt that was in its cache may go uncounted there."""

from waystation.codec.json_answer import count_at
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage


def parse_usage(value: JsonObject) -> Usage | None:
    """The counters of the last object of an answer; None where it has none."""
    prompt, spoken = count_at(value, "prompt_eval_count"), count_at(value, "eval_count")
    if prompt is None and spoken is None:
        return None
    return Usage(prompt_tokens=prompt or 0, completion_tokens=spoken or 0)
