"""The first tap of every stream: what the provider sent is what is billed, whatever later taps do to it."""

from collections.abc import Callable

from waystation.catalog.endpoint import Endpoint
from waystation.codec.estimate import utf8_size
from waystation.credits.cost import Tariff
from waystation.credits.plausible import believed, exceeds
from waystation.errors import GatewayError
from waystation.exchange import Called, Exchange
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.chat_events import (
    Annotation,
    ChoiceEnd,
    Event,
    MediaDelta,
    MessageEnd,
    MessageStart,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import AudioOutput, ImageOutput, Reasoning, Refusal, Text, ToolCall
from waystation.operations.usage import Cost, Usage

MAX_KEPT = 256 * 1024
"""Bytes of one stream until which its tool calls are kept, to be judged when it is over."""


class Meter:
    """Counts one attempt's output and prices its usage. Writes what it learns on the exchange.

    The service tier that the endpoint is counts as the one served where the provider does not say.
    """

    __slots__ = ("_calls", "_endpoint", "_produced", "_request", "_tariff", "_tier", "exchange")

    def __init__(self, exchange: Exchange, request: ChatRequest, tariff: Tariff, endpoint: Endpoint) -> None:
        self.exchange = exchange
        self._request = request
        self._tariff = tariff
        self._endpoint = endpoint
        self._tier = endpoint.service_tier
        self._produced = 0
        self._calls: dict[tuple[int, int], Called] = {}

    def feed(self, events: list[Event]) -> list[Event]:
        """The same events; `MessageEnd` with usage and cost."""
        for position, event in enumerate(events):
            if type(event) is TextDelta or type(event) is ReasoningDelta:
                text = event.text
                self._produced += len(text) if text.isascii() else utf8_size(text)
            elif type(event) is ToolCallDelta:
                self._produced += utf8_size(event.arguments)
                if self._calls and self._produced < MAX_KEPT:
                    self._calls[event.choice, event.part].arguments.append(event.arguments)
            elif type(event) is RefusalDelta:
                self._produced += utf8_size(event.text)
            else:
                events[position] = self._rare(event)
        return events

    def result(self, result: ChatResult) -> Cost:
        """The same for an answer that came whole."""
        exchange, choices = self.exchange, result.choices
        exchange.upstream_id = result.upstream_id
        exchange.served_tier = result.service_tier or self._tier
        if choices:
            exchange.finish_reason = choices[0].finish_reason
            exchange.native_finish_reason = choices[0].native_finish_reason
        for choice in choices:
            if choice.annotations:
                exchange.sources += len(choice.annotations)
            for part in choice.parts:
                if type(part) is ImageOutput:
                    exchange.images += 1
        if self._request.tools:
            parts = [part for choice in choices for part in choice.parts]
            exchange.calls = [Called(p.name, [p.arguments]) for p in parts if isinstance(p, ToolCall)]
        return self._charge(result.usage, lambda: _produced(result))

    def interrupted(self) -> None:
        """The stream ended without its usage: bill what was produced, marked as estimated."""
        if self.exchange.usage is None:
            self._charge(None)

    def broken_off(self, error: GatewayError, told: Usage | None = None) -> StreamError:
        """The end of a stream that failed, with what was used until then: by the provider's count, else by ours.

        The caller is not charged for the model (contract section 20).
        """
        self._charge(told or self.exchange.usage)
        usage = self.exchange.usage or Usage()
        return StreamError(error, usage, self._tariff.insured(usage, self.exchange.created))

    def forget(self) -> int | None:
        """The attempt failed before its content: nothing of it is the exchange's. Nano-dollars it cost us, where told."""
        exchange = self.exchange
        usage, cost = exchange.usage, exchange.cost
        told = None if usage is None or usage.estimated or cost is None else cost
        exchange.usage = exchange.cost = exchange.error = None
        exchange.upstream_id = exchange.served_tier = None
        exchange.finish_reason = exchange.native_finish_reason = None
        exchange.images = exchange.sources = 0
        exchange.calls = []
        return None if told is None else told.total if told.upstream is None else told.upstream

    def _rare(self, event: Event) -> Event:
        match event:
            case MessageStart(upstream_id=upstream_id, service_tier=tier):
                self.exchange.upstream_id = upstream_id
                self.exchange.served_tier = tier or self._tier
            case PartStart(kind="tool_call") if self._request.tools:
                self._calls[event.choice, event.part] = Called(event.name or "", [])
            case ChoiceEnd(reason=reason, native_reason=native_reason):
                self.exchange.finish_reason = reason
                self.exchange.native_finish_reason = native_reason
            case MessageEnd(usage=usage, extras=extras):
                if event.service_tier:
                    self.exchange.served_tier = event.service_tier
                cost = self._charge(usage)
                if self._produced < MAX_KEPT:
                    self.exchange.calls = list(self._calls.values())
                return MessageEnd(self.exchange.usage, cost, event.service_tier or self._tier, extras)
            case MediaDelta(kind="image"):
                self.exchange.images += 1
            case Annotation():
                self.exchange.sources += 1
            case StreamError(error=error, usage=used):
                self.exchange.error = error
                return self.broken_off(error, used)
            case _:
                pass
        return event

    def _charge(self, usage: Usage | None, produced: Callable[[], int] | None = None) -> Cost:
        """Price the usage, or where there is none that can be believed, an estimate. `produced` counts bytes."""
        if usage is None or exceeds(usage, self._request, self._endpoint):
            size = self._produced if produced is None else produced()
            usage = believed(usage, self._request, self._endpoint, size, self.exchange.id)
        cost = self._tariff.price(usage, self.exchange.created, images=self.exchange.images)
        self.exchange.usage = usage
        self.exchange.cost = cost
        return cost


def _produced(result: ChatResult) -> int:
    """Bytes of text of an answer that came whole."""
    return sum(_size(part) for choice in result.choices for part in choice.parts)


def _size(part: object) -> int:
    match part:
        case Text(text=text) | Refusal(text=text) | ToolCall(arguments=text):
            return utf8_size(text)
        case Reasoning(text=str(text)):
            return utf8_size(text)
        case AudioOutput(value=value):
            return utf8_size(str(value.get("transcript", "")))
        case _:
            return 0
