"""Checks that a target's answers are real before and after they are timed: a fast wrong answer is worth nothing."""

import http.client
import json
from typing import Any

from processes import BenchError
from targets import MODEL, Target

COST = 42 * 0.000001 + 60 * 0.000002  # the mock's usage at the prices of the gateway's configuration
STREAM_WORDS = "".join(f" word{number:02d}" for number in range(1, 59))


def verify(target: Target) -> int:
    """Ask once plainly and once for a stream; BenchError if an answer is wrong. The number of events in the stream."""
    answer = json.loads(_ask(target, stream=False))
    _check(target, answer)
    _expect(target, "its text", "quick brown fox" in answer["choices"][0]["message"]["content"])
    _check_usage(target, answer)
    return _verify_stream(target, _ask(target, stream=True))


def _verify_stream(target: Target, text: str) -> int:
    lines = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")]
    _expect(target, "the stream's [DONE]", bool(lines) and lines[-1] == "[DONE]")
    events = [json.loads(line) for line in lines[:-1]]
    for event in events:
        _check(target, event)
    _expect(target, "one id for the whole stream", len({event["id"] for event in events}) == 1)
    deltas = [event["choices"][0]["delta"] for event in events if event["choices"]]
    written = "".join(delta.get("content") or "" for delta in deltas)
    _expect(target, "the stream's text", written == STREAM_WORDS)
    finished = [event for event in events if event.get("usage")]
    _expect(target, "one usage at the stream's end", len(finished) == 1 and finished[0] is events[-1])
    _check_usage(target, finished[0])
    return len(lines)


def _check(target: Target, message: dict[str, Any]) -> None:
    """A gateway must have made the answer its own; the mock's and nginx's come as they are."""
    model, id_start = (MODEL, "gen-") if target.is_gateway else ("mock-model", "chatcmpl-mock")
    _expect(target, f"an id beginning with {id_start}", message["id"].startswith(id_start))
    _expect(target, f"the model {model}", message["model"] == model)


def _check_usage(target: Target, message: dict[str, Any]) -> None:
    usage = message["usage"]
    _expect(target, "the upstream's usage", (usage["prompt_tokens"], usage["completion_tokens"]) == (42, 60))
    if target.is_gateway:
        _expect(target, f"usage.cost {COST:.6f}", abs(usage.get("cost", 0) - COST) < 1e-9)


def _ask(target: Target, *, stream: bool) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    body = {
        "model": target.model,
        "messages": [{"role": "user", "content": "Say something."}],
        "stream": stream,
    }
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/json"}
    try:
        connection.request("POST", target.path, json.dumps(body, separators=(",", ":")), headers)
        response = connection.getresponse()
        text = response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise BenchError(f"{target.name} does not answer: {error!r}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise BenchError(f"{target.name} answered HTTP {response.status}: {text[:500]}")
    return text


def _expect(target: Target, what: str, holds: bool) -> None:  # noqa: FBT001  one line a rule reads best
    if not holds:
        raise BenchError(f"{target.name}'s answer lacks {what}")
