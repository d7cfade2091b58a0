"""Answers of OpenAI and Anthropic, valid by their schemas: one for each operation that the SDKs' suites ask, plain and streamed."""

import base64
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

Body = Mapping[str, Any]
CREATED = 1710000000
DIMENSIONS = 4


def whole(path: str, body: Body) -> Body | None:
    """The plain answer to a request, None where the path is none of theirs."""
    answer = _WHOLE.get(path)
    return answer(body) if answer is not None else None


def streamed(path: str, body: Body) -> bytes:
    """The same as an event stream."""
    match path:
        case "/chat/completions":
            return _unnamed([*_chunks(body), "[DONE]"])
        case "/completions":
            return _unnamed([_completion(body), "[DONE]"])
        case "/responses":
            return _named(_response_events(body))
        case _:
            return _named(_message_events(body))


def _unnamed(data: Sequence[Body | str]) -> bytes:
    texts = [piece if isinstance(piece, str) else json.dumps(piece) for piece in data]
    return "".join([f"data: {text}\n\n" for text in texts]).encode()


def _named(events: Sequence[Body]) -> bytes:
    return "".join([f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]).encode()


_COUNTS = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def _chat(body: Body) -> Body:
    message = {"role": "assistant", "content": "Hi", "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": CREATED, "model": body["model"]}
    return {**head, "choices": [choice], "usage": _COUNTS}


def _chunks(body: Body) -> list[Body]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": CREATED, "model": body["model"]}
    first = {"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [
        {**head, "choices": [first]},
        {**head, "choices": [last]},
        {**head, "choices": [], "usage": _COUNTS},
    ]


def _completion(body: Body) -> Body:
    choice = {"index": 0, "text": "Hi", "finish_reason": "stop", "logprobs": None}
    head = {"id": "cmpl-1", "object": "text_completion", "created": CREATED, "model": body["model"]}
    return {**head, "choices": [choice], "usage": _COUNTS}


def _embeddings(body: Body) -> Body:
    inputs = body["input"]
    count = 1 if isinstance(inputs, str) else len(inputs)
    numbers = [0.5] * (body.get("dimensions") or DIMENSIONS)
    packed = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
    vector = packed if body.get("encoding_format") == "base64" else numbers
    rows = [{"object": "embedding", "index": index, "embedding": vector} for index in range(count)]
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return {"object": "list", "model": body["model"], "data": rows, "usage": usage}


def _response(body: Body, status: str) -> Body:
    done = status == "completed"
    usage = {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 10,
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": body["model"],
        "output": [_said("completed", [_text("Hi")])] if done else [],
        "parallel_tool_calls": True,
        "temperature": 1,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1,
        "usage": usage if done else None,
    }


def _text(text: str) -> Body:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _said(status: str, content: Sequence[Body]) -> Body:
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": list(content)}


def _response_events(body: Body) -> list[Body]:
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    events: list[Body] = [
        {"type": "response.created", "response": _response(body, "in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": _said("in_progress", [])},
        {"type": "response.content_part.added", **at, "part": _text("")},
        {"type": "response.output_text.delta", **at, "delta": "Hi", "logprobs": []},
        {"type": "response.output_text.done", **at, "text": "Hi", "logprobs": []},
        {"type": "response.content_part.done", **at, "part": _text("Hi")},
        {"type": "response.output_item.done", "output_index": 0, "item": _said("completed", [_text("Hi")])},
        {"type": "response.completed", "response": _response(body, "completed")},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _message(body: Body, text: str, reason: str | None) -> Body:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "text", "text": text, "citations": None}] if text else [],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 3 if reason else 1},
    }


def _message_events(body: Body) -> list[Body]:
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        {"type": "message_start", "message": _message(body, "", None)},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ]


def _tokens(_: Body) -> Body:
    return {"input_tokens": 7}


_WHOLE: Mapping[str, Callable[[Body], Body]] = {
    "/chat/completions": _chat,
    "/completions": _completion,
    "/embeddings": _embeddings,
    "/responses": partial(_response, status="completed"),
    "/messages": partial(_message, text="Hi", reason="end_turn"),
    "/messages/count_tokens": _tokens,
}
