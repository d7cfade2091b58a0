"""What each skin can say of what the gateway does: found out by asking the dialects, not written down by hand."""

import json
from collections.abc import Callable
from typing import Any

from skin_voices import PATH, VOICES
from waystation.app.inbound import DIALECTS
from waystation.codec.dialect import Dialect, Identity
from waystation.errors import Availability, ModelUnavailable, RateLimited
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import (
    Annotation,
    ChoiceEnd,
    Event,
    MessageEnd,
    MessageStart,
    PartEnd,
    PartStart,
    StreamError,
    TextDelta,
)
from waystation.operations.parts import (
    AudioOutput,
    ImageOutput,
    JsonObject,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from waystation.operations.usage import Cost, Usage

NAMES = {
    "openai_chat": "`/chat/completions`",
    "openai_completions": "`/completions`",
    "openai_responses": "`/responses`",
    "anthropic_messages": "`/messages`",
    "gemini": "`:generateContent`",
}
IDENTITY = Identity("gen-1", "acme/m1", "Acme", 1)
USAGE = Usage(prompt_tokens=5000, completion_tokens=7, cached_tokens=4321, reasoning_tokens=3)
COST = Cost(1_234_000, 1_000_000, 234_000)
AVAILABILITY = Availability("capacity_exhausted", retryable=True, requested_models=("acme/m1",))
FIELDS: dict[str, JsonObject] = {
    "fallback models": {"models": ["acme/m2"]},
    "provider preferences": {"provider": {"order": ["acme"]}},
    "plugins": {"plugins": [{"id": "web"}]},
    "presets": {"preset": "mine"},
    "sessions": {"session_id": "s"},
    "tracing": {"trace": {"trace_id": "t"}},
    "user": {"user": "u"},
}
SAID: dict[str, tuple[Part, ...]] = {
    "calls of tools": (ToolCall("c1", "look", "{}"),),
    "readable thoughts": (Reasoning(text="Hm, thought", plain=True),),
    "sealed thoughts of any maker": (Reasoning("encrypted", data="c2VhbGVk", origin="acme-v1"),),
    "refusals": (Refusal("I would rather not"),),
    "images that a model makes": (Text("x"), ImageOutput("data:image/png;base64,iVBORw0KGgo=")),
    "sound that a model makes": (Text("x"), AudioOutput({"data": "c291bmQ=", "format": "wav"})),
}
Verdict = Callable[[Dialect], bool]


def grid() -> dict[str, dict[str, str]]:
    """Verdicts by feature and skin."""
    found: dict[str, dict[str, str]] = {}
    for name, holds in features().items():
        found[name] = {one.name: "yes" if holds(one) else "no" for one in DIALECTS}
    return found


def features() -> dict[str, Verdict]:
    """Each with the question whether a skin has it."""
    asked: dict[str, Verdict] = {name: _asks(fields) for name, fields in FIELDS.items()}
    said: dict[str, Verdict] = {name: _says(parts) for name, parts in SAID.items()}
    return {
        **asked,
        **said,
        "several answers at once": lambda one: len(_texts(one, "first", "second")) == 2,
        "cost of the generation": lambda one: "0.001234" in _answer(one, (Text("x"),)),
        "counters of cached tokens": lambda one: "4321" in _answer(one, (Text("x"),)),
        "router metadata": lambda one: "openrouter_metadata" in _answer(one, (Text("x"),)),
        "sources as citations": lambda one: "https://cited" in _stream(one, Annotation(0, CITED)),
        "types of errors": lambda one: "rate_limit" in _error(one, RateLimited("x")).lower(),
        "availability of a model in errors": lambda one: "capacity_exhausted" in _error(one, UNAVAILABLE),
        "errors inside a stream": lambda one: (
            "went down" in _stream(one, StreamError(RateLimited("went down")))
        ),
        "signs of life before an answer": lambda one: bool(one.stream_renderer(IDENTITY).comment()),
    }


CITED: JsonObject = {
    "type": "url_citation",
    "url_citation": {"url": "https://cited", "title": "t", "start_index": 0, "end_index": 1},
}
UNAVAILABLE = ModelUnavailable("x", status=429, availability=AVAILABILITY)


def _asks(fields: JsonObject) -> Verdict:
    """Whether these fields, added to a plain request, mean something."""

    def holds(one: Dialect) -> bool:
        voice = VOICES.get(one.name)
        plain: dict[str, Any] = voice.ask(voice.say("Hi")) if voice else {"model": "m", "prompt": "Hi"}
        with_fields = one.parse_request(json.dumps({**plain, **fields}).encode(), PATH)
        without = one.parse_request(json.dumps(plain).encode(), PATH)
        (name,) = fields
        return bool(getattr(with_fields, name)) and getattr(with_fields, name) != getattr(without, name)

    return holds


def _says(parts: tuple[Part, ...]) -> Verdict:
    """Whether an answer of these parts differs from one without the last."""
    return lambda one: _answer(one, parts) != _answer(one, parts[:-1] or (Text(""),)) and _tells(one, parts)


def _tells(one: Dialect, parts: tuple[Part, ...]) -> bool:
    """A part that is only counted is not told."""
    return len(_answer(one, parts)) > len(_answer(one, parts[:-1])) + 5


def _answer(one: Dialect, *choices: tuple[Part, ...]) -> str:
    made = tuple(Choice(index, parts, "stop") for index, parts in enumerate(choices))
    result = ChatResult("acme", None, None, None, made, usage=USAGE)
    return one.render_response(result, IDENTITY, COST, {"strategy": "direct"}).decode()


def _texts(one: Dialect, *texts: str) -> list[str]:
    answer = _answer(one, *((Text(text),) for text in texts))
    return [text for text in texts if f'"{text}"' in answer]


def _stream(one: Dialect, last: Event) -> str:
    events: list[Event] = [MessageStart(), PartStart(0, 0, "text"), TextDelta(0, 0, "x"), last]
    if not isinstance(last, StreamError):
        events += [PartEnd(0, 0), ChoiceEnd(0, "stop"), MessageEnd(USAGE, COST)]
    renderer = one.stream_renderer(IDENTITY)
    return (renderer.feed(events) + renderer.close()).decode()


def _error(one: Dialect, error: RateLimited | ModelUnavailable) -> str:
    return one.render_error(error, "gen-1", None).decode()


def page() -> str:
    """`docs/reference/skins.md`."""
    columns = [one.name for one in DIALECTS]
    lines = [
        "# What each skin can say",
        "",
        "Clients choose the wire they speak; routing, limits, prices and records are the same behind all of them. This table is made",
        "from the code by `make reference`: a feature stands as *yes* where a request with it is understood, or an answer tells it.",
        "Every skin is served by every provider's wire; what those can say is in [compatibility](compatibility.md).",
        "",
        "| | " + " | ".join(NAMES[name] for name in columns) + " |",
        "| --- |" + " --- |" * len(columns),
    ]
    for feature, row in grid().items():
        lines.append(f"| {feature} | " + " | ".join(row[name] for name in columns) + " |")
    lines += [
        "",
        "An answer that the client gives up on is cancelled at the provider and recorded so in every skin. A failure before the first",
        "content is answered with the status it deserves; `/responses` answers a prompt that is too long with an incomplete response.",
        "",
    ]
    return "\n".join(lines)
