"""Conversations stay where their prompt is cached (contract section 9). Pure but for the bounded map in `StickySessions`.

Use, per exchange: `StickySessions.pins` before `select`, and after a success `StickySessions.remember`.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, Protocol

from msgspec import Struct

from waystation.catalog.endpoint import Endpoint
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Audio, File, Image, Text, Video
from waystation.operations.usage import Usage

IDLE: Final = 600.0
"""Seconds after its last use that a pin is forgotten."""
MOST: Final = 50_000
"""Pins kept; the one used longest ago makes room."""
_HASHED: Final = 2_048
"""Characters of a text that go into a conversation's hash, beside its length: enough to tell conversations apart."""
NO_PINS: Final[Mapping[str, "Pin"]] = {}


class Pin(Struct, frozen=True):
    """Where a conversation's last turn was served, and what of its prompt that endpoint has cached. `used` is Unix seconds.

    `explicit`: the client named its conversation. `cached_tokens` is what the next turn can expect to read from the
    endpoint's cache: the last prompt where the provider reported cache use, else 0. `completion_tokens` are the last turn's.
    `task` is what a router that reads prompts took the last turn for, "" where none did.
    """

    model_id: str
    tag: str
    used: float
    explicit: bool = False
    cached_tokens: int = 0
    completion_tokens: int = 0
    task: str = ""


class StickyUse(Struct, frozen=True):
    """What came of a pin in a plan. `saving_nano`: what staying costs less than the endpoint that would be first otherwise,
    in nano-dollars for this turn, negative where staying is dearer; None where a price is unknown.

    `reason`: `cache` (staying is cheaper), `session` (the client named the session), `dearer` (not followed: moving is
    cheaper even though the cache is lost), `unstable` (not followed: the endpoint is in trouble), `alone` (it is first anyway),
    `left` (not followed: the router that chose the model has chosen another for this turn).
    """

    model_id: str
    tag: str
    followed: bool
    reason: str
    cached_tokens: int
    saving_nano: int | None = None


class StickyStore(Protocol):
    """Where pins are kept: in the process, or shared by several. A key is the account's, the asked-for model's and the conversation's name."""

    def get(self, key: tuple[str, str, str], now: float) -> Pin | None:
        """The pin, unless it has been idle for too long."""
        ...

    def put(self, key: tuple[str, str, str], pin: Pin) -> None:
        """Keep the pin, in place of an earlier one."""
        ...

    def __len__(self) -> int:
        """How many are kept; 0 spares every request the search for its own."""
        ...


class MemoryStickyStore:
    """The pins of one process: the least recently used goes first, idle ones go when they are met."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._pins: OrderedDict[tuple[str, str, str], Pin] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pins)

    def get(self, key: tuple[str, str, str], now: float) -> Pin | None:
        """The pin, unless it has been idle for too long."""
        pin = self._pins.get(key)
        if pin is None or now - pin.used <= IDLE:
            return pin
        del self._pins[key]
        return None

    def put(self, key: tuple[str, str, str], pin: Pin) -> None:
        """Keep the pin, and forget those that are too old or too many."""
        pins = self._pins
        pins[key] = pin
        pins.move_to_end(key)
        oldest = next(iter(pins))
        while len(pins) > self._most or pin.used - pins[oldest].used > IDLE:
            del pins[oldest]
            oldest = next(iter(pins))


class StickySessions:
    """Finds and keeps pins by the rules of contract section 9. `header` is the request's `x-session-id`."""

    def __init__(self, store: StickyStore) -> None:
        self._store = store

    def pins(self, account: str, request: ChatRequest, header: str | None, now: float) -> Mapping[str, Pin]:
        """The pins of a request's conversation by asked-for model: each as the request's `model` and `models` write it."""
        store = self._store
        if not len(store):
            return NO_PINS
        conversation = _named(request, header) or _hashed(request)
        found: dict[str, Pin] = {}
        for name in (request.model, *request.models):
            pin = store.get((account, name, conversation), now) if name else None
            if name and pin is not None:
                found[name] = pin
        return found

    def remember(
        self,
        account: str,
        request: ChatRequest,
        header: str | None,
        *,
        asked_model: str,
        served: Endpoint,
        usage: Usage,
        now: float,
        task: str = "",
    ) -> None:
        """After a success: keep where it was served, if the client named its session or the provider used its cache.

        `asked_model` and `task` are those of the candidate that succeeded.
        """
        named = _named(request, header)
        used_cache = bool(usage.cached_tokens or usage.cache_write_tokens)
        if named is None and not (used_cache and _cheaper_cached(served)):
            return
        pin = Pin(
            served.model_id,
            served.tag,
            now,
            named is not None,
            usage.prompt_tokens if used_cache else 0,
            usage.completion_tokens,
            task,
        )
        self._store.put((account, asked_model, named or _hashed(request)), pin)


def _named(request: ChatRequest, header: str | None) -> str | None:
    """The conversation's name where the client gives it one."""
    return request.session_id or header or request.prompt_cache_key


def _hashed(request: ChatRequest) -> str:
    """A name from the first system or developer message and the first other one."""
    opening = first = None
    for message in request.messages:
        if message.role in ("system", "developer"):
            opening = opening or message
        elif first is None:
            first = message
        if opening is not None and first is not None:
            break
    digest = blake2b(_gist(opening), digest_size=16)
    digest.update(_gist(first))
    return "~" + digest.hexdigest()


def _gist(message: Message | None) -> bytes:
    if message is None:
        return b"\x00"
    texts = [message.role]
    for part in message.parts:
        match part:
            case Text(text=text) | Image(url=text) | Video(url=text) | Audio(data=text):
                texts.append(f"{len(text)}:{text[:_HASHED]}")
            case File(data=data, file_id=file_id):
                text = data or file_id or ""
                texts.append(f"{len(text)}:{text[:_HASHED]}")
            case _:
                texts.append(type(part).__name__)
    return "\x01".join(texts).encode("utf-8", "surrogatepass")


def _cheaper_cached(endpoint: Endpoint) -> bool:
    """Whether reading the cache costs less than reading the prompt; an unknown cache price is the prompt's."""
    cached, prompt = endpoint.pricing.input_cache_read, endpoint.pricing.prompt
    return cached is not None and prompt is not None and cached < prompt
