"""The tracker's streams are well formed whatever is said to it, and lose nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.codec.assemble import assemble
from waystation.codec.part_tracker import PartTracker
from waystation.codec.stream_checker import check_stream
from waystation.operations.chat_events import (
    ChoiceEnd,
    Event,
    MessageEnd,
    MessageStart,
    PartEnd,
    PartStart,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import Part, Text, ToolCall


def finished(tracker: PartTracker) -> list[Event]:
    for choice in tracker.choices():
        tracker.end_choice(choice, "stop")
    events: list[Event] = [MessageStart(dialect="test"), *tracker.take(), MessageEnd()]
    check_stream(events)
    return events


def parts_of(events: list[Event]) -> tuple[Part, ...]:
    return assemble(events).choices[0].parts


def test_one_part_of_text_opens_and_closes_once() -> None:
    tracker = PartTracker()
    tracker.text(0, "a")
    tracker.text(0, "b")
    assert finished(tracker)[1:-1] == [
        PartStart(0, 0, "text"),
        TextDelta(0, 0, "a"),
        TextDelta(0, 0, "b"),
        PartEnd(0, 0),
        ChoiceEnd(0, "stop"),
    ]


def test_another_kind_of_content_closes_the_part_before_it() -> None:
    tracker = PartTracker()
    tracker.reasoning(0, "hm")
    tracker.text(0, "a")
    tracker.refusal(0, "no")
    kinds = [event.kind for event in finished(tracker) if isinstance(event, PartStart)]
    assert kinds == ["reasoning", "text", "refusal"]


def test_each_image_is_a_part_of_its_own() -> None:
    tracker = PartTracker()
    tracker.image(0, {"image_url": {"url": "data:a"}})
    tracker.image(0, {"image_url": {"url": "data:b"}})
    assert len(parts_of(finished(tracker))) == 2


def test_parallel_calls_follow_each_other() -> None:
    tracker = PartTracker()
    tracker.start_call(0, "a", "1", "f")
    tracker.call_arguments(0, "a", '{"x":1}')
    tracker.start_call(0, "b", "2", "g")
    tracker.call_arguments(0, "b", "{}")
    assert parts_of(finished(tracker)) == (ToolCall("1", "f", '{"x":1}'), ToolCall("2", "g", "{}"))


def test_mixed_fragments_of_parallel_calls_are_put_in_order() -> None:
    tracker = PartTracker()
    tracker.start_call(0, "a", "1", "f")
    tracker.start_call(0, "b", "2", "g")
    for fragment_a, fragment_b in (('{"x"', '{"y'), (":1}", '":2}')):
        assert tracker.call_arguments(0, "a", fragment_a)
        assert tracker.call_arguments(0, "b", fragment_b)
    assert parts_of(finished(tracker)) == (ToolCall("1", "f", '{"x":1}'), ToolCall("2", "g", '{"y":2}'))


def test_text_waits_until_a_call_is_whole() -> None:
    tracker = PartTracker()
    tracker.start_call(0, "a", "1", "f")
    tracker.call_arguments(0, "a", '{"x":')
    tracker.text(0, "done")
    assert not any(isinstance(event, TextDelta) for event in tracker.out)
    tracker.call_arguments(0, "a", "1}")
    assert parts_of(finished(tracker)) == (ToolCall("1", "f", '{"x":1}'), Text("done"))


def test_a_call_without_arguments_says_an_empty_object() -> None:
    tracker = PartTracker()
    tracker.start_call(0, "a", "1", "f")
    assert ToolCallDelta(0, 0, 0, "{}") in finished(tracker)


def test_a_fragment_for_a_call_that_is_over_is_refused() -> None:
    tracker = PartTracker()
    tracker.start_call(0, "a", "1", "f")
    tracker.call_arguments(0, "a", "{}")
    tracker.start_call(0, "b", "2", "g")
    assert tracker.call_arguments(0, "a", " \n")
    assert not tracker.call_arguments(0, "a", "more")


def test_choices_are_apart() -> None:
    tracker = PartTracker()
    tracker.text(0, "a")
    tracker.text(1, "b")
    tracker.text(0, "c")
    result = assemble(finished(tracker))
    assert [choice.parts for choice in result.choices] == [(Text("ac"),), (Text("b"),)]


_ACTIONS = st.tuples(
    st.sampled_from(["text", "reasoning", "refusal", "image", "audio", "start", "arguments"]),
    st.integers(0, 1),
    st.integers(0, 2),
    st.sampled_from(["", "{", "}", '{"a":1}', "1", " "]),
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(_ACTIONS, max_size=25))
def test_whatever_is_said_the_stream_is_well_formed(actions: list[tuple[str, int, int, str]]) -> None:
    tracker = PartTracker()
    texts = ["", ""]
    for kind, choice, key, text in actions:
        match kind:
            case "text":
                tracker.text(choice, text)
                texts[choice] += text
            case "reasoning":
                tracker.reasoning(choice, text)
            case "refusal":
                tracker.refusal(choice, text)
            case "image" | "audio":
                (tracker.image if kind == "image" else tracker.audio)(choice, {"data": text})
            case "start" if not tracker.knows_call(choice, key):
                tracker.start_call(choice, key, f"id{key}", "f")
            case "arguments" if tracker.knows_call(choice, key):
                tracker.call_arguments(choice, key, text)
            case _:
                pass
    for made in assemble(finished(tracker)).choices:
        assert "".join(part.text for part in made.parts if isinstance(part, Text)) == texts[made.index]
