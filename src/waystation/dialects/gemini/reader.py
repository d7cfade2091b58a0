"""`GenerateContentResponse` objects -> events: one for a whole answer, many for a stream. Knows no framing.

What ends a choice is told when nothing more comes: usage, grounding and even parts may follow a finish reason.
"""

from datetime import datetime

from msgspec import Struct, field

from waystation.codec.assemble import join_logprobs
from waystation.codec.part_tracker import PartTracker
from waystation.dialects.gemini.annotations import annotations_of
from waystation.dialects.gemini.errors import parse_error_object
from waystation.dialects.gemini.finish import finish_reason, native_reason
from waystation.dialects.gemini.logprobs import parse_logprobs
from waystation.dialects.gemini.spoken_parts import Speech, hear
from waystation.dialects.gemini.usage import has_counts, parse_usage, service_tier, web_searches
from waystation.dialects.gemini.wire import NAME, object_of, objects_of, text_of, unknown
from waystation.errors import BadResponse, UpstreamRejected
from waystation.operations.chat_events import Annotation, Event, MessageEnd, MessageStart
from waystation.operations.parts import JsonObject

_CANDIDATE_KEYS = frozenset(
    {"content", "finishReason", "index", "logprobsResult", "groundingMetadata", "citationMetadata"}
)


class _Candidate(Struct):
    """What is known of one candidate beside its parts."""

    speech: Speech
    native: str | None = None
    logprobs: JsonObject | None = None
    grounding: list[JsonObject] = field(default_factory=list)
    citations: list[JsonObject] = field(default_factory=list)
    extras: JsonObject = field(default_factory=dict)


class Reader:
    """One answer. `read` each object, `finish` once; both raise what the provider reports as an error."""

    def __init__(self) -> None:
        self._tracker = PartTracker()
        self._candidates: dict[int, _Candidate] = {}
        self._usage: JsonObject | None = None
        self._blocked: str | None = None
        self._model = ""
        self._started = False

    def take(self) -> list[Event]:
        """The events since the last call."""
        return self._tracker.take()

    def read(self, value: JsonObject) -> None:
        """One object, whole or a chunk."""
        if value.get("error"):
            raise parse_error_object(value["error"])
        if not self._started:
            self._start(value)
        usage = object_of(value.get("usageMetadata"))
        if has_counts(usage):
            self._usage = usage
        feedback = object_of(value.get("promptFeedback"))
        self._blocked = text_of(feedback.get("blockReason")) or self._blocked
        for position, candidate in enumerate(objects_of(value.get("candidates"))):
            self._candidate(candidate, position)

    def finish(self) -> None:
        """Nothing more comes: every choice ends, or the error that this answer is."""
        if self._blocked is not None and not any(one.speech.said for one in self._candidates.values()):
            raise _blocked(self._blocked)
        if not self._candidates:
            raise BadResponse("The provider's answer is empty.")
        for candidate in self._candidates.values():
            if candidate.native is None:
                raise BadResponse("The provider's stream was cut.")
        self._refuse_emptiness()
        for index, candidate in self._candidates.items():
            self._end(index, candidate)
        self._tracker.out.append(self._message_end())

    def _start(self, value: JsonObject) -> None:
        self._started = True
        self._model = text_of(value.get("modelVersion")) or ""
        self._tracker.out.append(
            MessageStart(
                upstream_id=text_of(value.get("responseId")),
                model=self._model or None,
                created=_unix_time(text_of(value.get("createTime"))),
                dialect=NAME,
            )
        )

    def _candidate(self, value: JsonObject, position: int) -> None:
        index = value.get("index")
        at = index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else position
        candidate = self._candidates.get(at)
        if candidate is None:
            candidate = self._candidates[at] = _Candidate(Speech(at))
            self._tracker.touch(at)
        candidate.native = native_reason(value.get("finishReason")) or candidate.native
        logprobs = parse_logprobs(value.get("logprobsResult")) if "logprobsResult" in value else None
        for part in objects_of(object_of(value.get("content")).get("parts")):
            logprobs = hear(self._tracker, candidate.speech, part, logprobs)
        if logprobs is not None:
            candidate.logprobs = join_logprobs(candidate.logprobs, logprobs)
        if grounding := object_of(value.get("groundingMetadata")):
            candidate.grounding.append(grounding)
        if citations := object_of(value.get("citationMetadata")):
            candidate.citations.append(citations)
        candidate.extras |= unknown(value, _CANDIDATE_KEYS) or {}

    def _end(self, index: int, candidate: _Candidate) -> None:
        tracker, native = self._tracker, candidate.native or ""
        candidate.speech.end_call(tracker)
        reason = finish_reason(native, has_calls=tracker.has_calls(index))
        if reason == "error":
            raise BadResponse(
                "The provider broke off its answer: the model's output was malformed.", provider_code=native
            )
        if candidate.grounding or candidate.citations:
            text = "".join(candidate.speech.texts)
            for value in annotations_of(text, candidate.grounding, candidate.citations):
                tracker.out.append(Annotation(index, value))
        for name, told in (
            ("groundingMetadata", candidate.grounding),
            ("citationMetadata", candidate.citations),
        ):
            if told:
                candidate.extras[name] = {key: item for one in told for key, item in one.items()}
        extras: JsonObject | None = {"choice": candidate.extras} if candidate.extras else None
        tracker.end_choice(index, reason, native, candidate.logprobs, extras)

    def _message_end(self) -> MessageEnd:
        if self._usage is None:
            return MessageEnd()
        found = [one for candidate in self._candidates.values() for one in candidate.grounding]
        searches = max((web_searches(one, self._model) for one in found), default=0)
        return MessageEnd(parse_usage(self._usage, searches), service_tier=service_tier(self._usage))

    def _refuse_emptiness(self) -> None:
        """An answer of nothing at all is a failure of the provider, unless it was cut, filtered, or really spent tokens."""
        for candidate in self._candidates.values():
            reason = finish_reason(candidate.native or "", has_calls=False)
            if candidate.speech.said or reason != "stop":
                return
        if self._usage is None or parse_usage(self._usage).completion_tokens == 0:
            raise BadResponse("The provider's answer is empty.")


def _blocked(reason: str) -> UpstreamRejected:
    return UpstreamRejected(
        "The provider refused the prompt by its content policy.",
        error_type="content_policy_violation",
        provider_code=reason,
    )


def _unix_time(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError, OSError):
        return None
