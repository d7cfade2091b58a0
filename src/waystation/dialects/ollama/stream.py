"""A stream of `/api/chat`, a JSON object a line -> ours. Correct for any split; without `done` a stream was cut."""

from waystation.codec.frame_reader import FrameReader
from waystation.codec.json_answer import object_at, text_at
from waystation.codec.line_frames import LineParser
from waystation.dialects.ollama.finish import finish_reason
from waystation.dialects.ollama.response import decode_object, logprobs_of, require_content
from waystation.dialects.ollama.tools import parse_call
from waystation.dialects.ollama.usage import parse_usage
from waystation.dialects.ollama.wire import NAME, created_of, list_at
from waystation.operations.chat_events import MessageEnd, MessageStart
from waystation.operations.parts import JsonObject


class ChatParser(FrameReader[bytes]):
    """One stream. `feed` bytes as they come; `close` when the provider has no more."""

    def __init__(self) -> None:
        super().__init__(LineParser())
        self._calls = 0
        self._logprobs: list[object] = []
        """Those of tokens that are no text, told with the next that is."""
        self._started = False

    def _read(self, line: bytes) -> None:
        value = decode_object(line)
        if not self._started:
            self._started = True
            self._tracker.out.append(
                MessageStart(model=text_at(value, "model"), created=created_of(value), dialect=NAME)
            )
            self._tracker.touch(0)
        self._go_on(value)
        if value.get("done") is True:
            self._finish(value)

    def _go_on(self, value: JsonObject) -> None:
        message = object_at(value, "message")
        if thought := text_at(message, "thinking"):
            self._tracker.reasoning(0, thought)
        if logprobs := logprobs_of(value):
            self._logprobs += list_at(logprobs, "content")
        if text := text_at(message, "content"):
            self._tracker.text(0, text, self._waiting_logprobs())
        for call in list_at(message, "tool_calls"):
            told = parse_call(call, self._calls, text_at(value, "created_at") or "")
            self._tracker.start_call(0, self._calls, told.id, told.name)
            self._tracker.call_arguments(0, self._calls, told.arguments)
            self._calls += 1

    def _finish(self, value: JsonObject) -> None:
        native, usage = text_at(value, "done_reason"), parse_usage(value)
        require_content(native, usage, has_content=self._tracker.has_content(0))
        self._over = True
        reason = finish_reason(native, has_calls=self._calls > 0)
        self._tracker.end_choice(0, reason, native, self._waiting_logprobs())
        self._tracker.out.append(MessageEnd(usage))

    def _waiting_logprobs(self) -> JsonObject | None:
        told, self._logprobs = self._logprobs, []
        return {"content": told} if told else None
