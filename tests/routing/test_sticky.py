"""Contract section 9: where conversations are pinned, for how long, and when a pin is followed."""

from decimal import Decimal
from typing import Any

import pytest

from routing_questions import HELLO, NOW, endpoint, healths, model, plan, tags
from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import Pricing
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Image, Text
from waystation.operations.preferences import ProviderPreferences
from waystation.operations.usage import Usage
from waystation.routing.plan import Plan
from waystation.routing.standing import EndpointHealth
from waystation.routing.sticky import IDLE, MemoryStickyStore, Pin, StickySessions, StickyUse

CACHING = endpoint(
    "b", pricing=Pricing(Decimal("0.000002"), Decimal("0.000002"), input_cache_read=Decimal("0.0000002"))
)
CHEAP = endpoint("a")
USED_CACHE = Usage(prompt_tokens=900, completion_tokens=50, cached_tokens=800)


def asks(*texts: str, **fields: Any) -> ChatRequest:
    roles = ("system", "user", "assistant", "user", "assistant", "user")
    messages = tuple(Message(role, (Text(text),)) for role, text in zip(roles, texts, strict=False))
    return ChatRequest("openai_chat", "acme/m1", messages or HELLO, **fields)


def remembered(
    first: ChatRequest,
    then: ChatRequest,
    *,
    usage: Usage = USED_CACHE,
    served: Endpoint = CACHING,
    later: float = 1.0,
    headers: tuple[str | None, str | None] = (None, None),
) -> Pin | None:
    sessions = StickySessions(MemoryStickyStore())
    sessions.remember("key", first, headers[0], asked_model="acme/m1", served=served, usage=usage, now=NOW)
    return sessions.pins("key", then, headers[1], NOW + later).get("acme/m1")


def test_a_conversation_is_told_by_its_first_messages() -> None:
    assert remembered(asks("Be brief", "Hi"), asks("Be brief", "Hi", "Hello", "And?"))
    assert remembered(asks("Be brief", "Hi"), asks("Be long", "Hi")) is None
    assert remembered(asks("Be brief", "Hi"), asks("Be brief", "Ho")) is None


def test_long_openings_and_media_tell_conversations_apart_too() -> None:
    assert remembered(asks("x" * 9_000, "Hi"), asks("x" * 9_000, "Hi"))
    assert remembered(asks("x" * 9_000, "Hi"), asks("x" * 9_001, "Hi")) is None

    def looks(url: str) -> ChatRequest:
        return ChatRequest("openai_chat", "acme/m1", (Message("user", (Image(url),)),))

    assert remembered(looks("https://example.com/1"), looks("https://example.com/1"))
    assert remembered(looks("https://example.com/1"), looks("https://example.com/2")) is None


@pytest.mark.parametrize(
    ("first", "then", "headers"),
    [
        ({"session_id": "s"}, {"session_id": "s"}, (None, None)),
        ({"session_id": "s"}, {}, (None, "s")),
        ({"session_id": "s"}, {"session_id": "s"}, ("other", "another")),
        ({"prompt_cache_key": "s"}, {"session_id": "s"}, (None, None)),
    ],
)
def test_a_named_conversation_is_pinned_by_any_success(
    first: dict[str, Any], then: dict[str, Any], headers: tuple[str | None, str | None]
) -> None:
    pin = remembered(
        asks("A", "B", **first), asks("C", "D", **then), usage=Usage(), served=CHEAP, headers=headers
    )
    assert pin is not None
    assert (pin.tag, pin.explicit, pin.cached_tokens) == ("a", True, 0)


@pytest.mark.parametrize(
    ("usage", "served", "pinned"),
    [
        (USED_CACHE, CACHING, True),
        (Usage(prompt_tokens=900, cache_write_tokens=900), CACHING, True),
        (Usage(prompt_tokens=900), CACHING, False),
        (USED_CACHE, CHEAP, False),
    ],
)
def test_an_unnamed_one_only_where_the_upstreams_cache_was_used_and_is_cheaper(
    usage: Usage, served: Endpoint, pinned: object
) -> None:
    assert (remembered(asks("A", "B"), asks("A", "B"), usage=usage, served=served) is not None) is pinned


def test_pins_are_of_an_account_and_a_model() -> None:
    sessions = StickySessions(MemoryStickyStore())
    request = asks(session_id="s")
    sessions.remember("one", request, None, asked_model="acme/m1", served=CHEAP, usage=Usage(), now=NOW)
    assert sessions.pins("another", request, None, NOW) == {}
    other = ChatRequest("openai_chat", "acme/m2", HELLO, ("acme/m1",), session_id="s")
    assert list(sessions.pins("one", other, None, NOW)) == ["acme/m1"]


def test_a_pin_is_forgotten_after_ten_idle_minutes() -> None:
    assert IDLE == 600
    assert remembered(asks(session_id="s"), asks(session_id="s"), later=600)
    assert remembered(asks(session_id="s"), asks(session_id="s"), later=601) is None


def test_the_store_forgets_what_was_used_longest_ago() -> None:
    store = MemoryStickyStore(most=2)
    for number, name in enumerate("abac"):
        store.put(("key", "m", name), Pin("m", name, NOW + number))
    assert store.get(("key", "m", "b"), NOW + 3) is None
    assert store.get(("key", "m", "a"), NOW + 3)
    assert len(store) == 2
    store.put(("key", "m", "d"), Pin("m", "d", NOW + 1_000))
    assert len(store) == 1, "idle ones go when a new one comes"


def pinned(
    pin: Pin, *endpoints: Endpoint, wants: ProviderPreferences | None = None, **fields: Any
) -> tuple[list[str], StickyUse | None]:
    situation = {"pins": {"acme/m1": pin}, **fields.pop("situation", {})}
    decided: Plan = plan(endpoints, wants, tokens=1_000, situation=situation, **fields)
    return tags(decided), decided.sticky


CACHED = Pin("acme/m1", "b", NOW, cached_tokens=900, completion_tokens=100)


def test_a_pin_is_followed_where_the_cache_makes_staying_cheaper_and_the_saving_is_told() -> None:
    order, use = pinned(CACHED, CHEAP, CACHING)
    assert order == ["b", "a"]
    # staying: 100 x 0.000002 + 900 x 0.0000002 + 100 x 0.000002; moving: 1000 x 0.000001 + 100 x 0.000001
    assert use == StickyUse(
        "acme/m1", "b", followed=True, reason="cache", cached_tokens=900, saving_nano=520_000
    )


def test_it_is_not_followed_where_moving_is_cheaper_even_without_the_cache() -> None:
    order, use = pinned(Pin("acme/m1", "b", NOW, cached_tokens=100), CHEAP, CACHING)
    assert order == ["a", "b"]
    assert use is not None
    assert (use.followed, use.reason, use.saving_nano) == (False, "dearer", 1_000_000 - 1_820_000)


def test_a_session_that_the_client_named_stays_even_so() -> None:
    order, use = pinned(Pin("acme/m1", "b", NOW, explicit=True), CHEAP, CACHING)
    assert order == ["b", "a"]
    assert use is not None
    assert (use.followed, use.reason, use.saving_nano) == (True, "session", -1_000_000)


def test_no_more_is_taken_for_cached_than_the_prompt_has() -> None:
    _, use = pinned(Pin("acme/m1", "b", NOW, cached_tokens=50_000), CHEAP, CACHING)
    assert use is not None
    assert use.saving_nano == 1_000_000 - 200_000


def test_a_saving_that_cannot_be_known_is_not_told() -> None:
    order, use = pinned(CACHED, CHEAP, endpoint("b", None))
    assert order == ["b", "a"]
    assert use is not None
    assert use.saving_nano is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"wants": ProviderPreferences(order=("a",))}, ["a", "b"]),
        ({"wants": ProviderPreferences(ignore=("b",))}, ["a"]),
        ({"wants": ProviderPreferences(sort="price")}, ["b", "a"]),
        ({"wants": ProviderPreferences(preferred_max_latency=1)}, ["b", "a"]),
        ({"wants": ProviderPreferences(allow_fallbacks=False)}, ["b"]),
        (
            {"situation": {"health": healths(b=EndpointHealth(outage_until=NOW + 9, unproven=True))}},
            ["a", "b"],
        ),
        ({"situation": {"health": healths(b=EndpointHealth(cooling_until=NOW + 9))}}, ["a", "b"]),
    ],
)
def test_when_a_pin_counts(fields: dict[str, Any], expected: list[str]) -> None:
    assert pinned(CACHED, CHEAP, CACHING, **fields)[0] == expected


def test_a_pin_goes_to_the_front_of_its_own_models_group() -> None:
    two = (model(endpoint("x", model="acme/m2")), model(CHEAP, CACHING))
    decided = plan(two, tokens=1_000, situation={"pins": {"acme/m1": CACHED}})
    assert tags(decided) == ["x", "b", "a"]


def test_what_a_router_picked_last_goes_to_the_very_front() -> None:
    two = (model(endpoint("x", model="acme/m2")), model(CHEAP, CACHING))
    decided = plan(
        two,
        tokens=1_000,
        candidate={"requested": "openrouter/free", "strategy": "free"},
        situation={"pins": {"openrouter/free": CACHED}},
    )
    assert tags(decided) == ["b", "x", "a"]


def test_a_pin_that_is_first_anyway_is_told_as_such() -> None:
    order, use = pinned(Pin("acme/m1", "a", NOW, cached_tokens=9), CHEAP, CACHING)
    assert order == ["a", "b"]
    assert use is not None
    assert (use.followed, use.reason) == (True, "alone")


def test_a_model_that_the_router_leaves_is_not_moved_to_the_front() -> None:
    two = (model(endpoint("x", model="acme/m2")), model(CHEAP, CACHING))
    explicit = Pin("acme/m1", "b", NOW, explicit=True, cached_tokens=900)
    decided = plan(
        two,
        tokens=1_000,
        candidate={"requested": "openrouter/auto", "strategy": "auto", "leaves": True},
        situation={"pins": {"openrouter/auto": explicit}},
    )
    assert tags(decided) == ["x", "a", "b"]
    assert decided.sticky is not None
    assert (decided.sticky.followed, decided.sticky.reason) == (False, "left")
