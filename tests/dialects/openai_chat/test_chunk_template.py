"""The shortcut for chunks that resemble each other: however reads and frames coincide, it tells what the long way tells."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from recorded_exchanges import recordings
from waystation.dialects.openai_chat import DIALECT
from waystation.dialects.openai_chat.chunk_template import run_of, template_of
from waystation.operations.chat_events import Event, ReasoningDelta, StreamError, TextDelta


def events_of(pieces: list[bytes]) -> list[object]:
    """All events of a stream that was read in these pieces; errors compare by what they say."""
    parser = DIALECT.stream_parser()
    events: list[Event] = [event for piece in pieces for event in parser.feed(piece)]
    events += parser.close()
    return [str(event.error) if isinstance(event, StreamError) else event for event in events]


def in_single_bytes(stream: bytes) -> list[object]:
    """No read ever holds a whole frame, so the shortcut for whole reads is never taken."""
    return events_of([stream[at : at + 1] for at in range(len(stream))])


def frame(delta: object, ending: str = "\n\n", **fields: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    value = {"id": "up-1", "created": 7, "model": "m", "choices": [choice], **fields}
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}{ending}".encode()


FRAMES = [
    frame({"content": "Hello"}),
    frame({"content": ' "é"\\ \n\n data: {}'}),
    frame({"content": ""}),
    frame({"content": "padded"}, obfuscation="x"),
    frame({"content": "padded too"}, obfuscation="xyz"),
    frame({"content": "odd padding"}, obfuscation='a\\"b'),
    frame({"reasoning": "Hm"}),
    frame({"reasoning_content": "hm"}),
    frame({"content": "of another choice"}).replace(b'"index":0', b'"index":1'),
    frame({"content": "noted"}, x_note=1),
    frame({"content": "with carriage return"}, ending="\r\n\r\n"),
    frame({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}]}),
    frame({"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}),
    frame({}),
    b": comment\n\n",
    b"\n",
    b"data: [DONE]\n\n",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(FRAMES), st.booleans()), max_size=12))
def test_reads_of_whole_frames_mean_what_single_bytes_mean(sequence: list[tuple[bytes, bool]]) -> None:
    reads: list[bytes] = []
    for data, joins_the_last in sequence:
        if joins_the_last and reads:
            reads[-1] += data
        else:
            reads.append(data)
    assert events_of(reads) == in_single_bytes(b"".join(reads))


def test_recorded_streams_read_by_whole_frames_mean_what_they_mean_in_one_piece() -> None:
    streams = [one.stream for one in recordings("openai.chat") if one.stream]
    assert len(streams) > 90
    for stream in streams:
        frames = [piece + b"\n\n" for piece in stream.split(b"\n\n")[:-1]]
        for count in (1, 3):
            reads = [b"".join(frames[at : at + count]) for at in range(0, len(frames), count)]
            assert events_of(reads) == events_of([b"".join(frames)])


def test_a_run_takes_reads_of_frames_that_fit_and_no_others() -> None:
    first, second = frame({"content": "a"}), frame({"content": 'b"'})
    template = template_of(first[6:-2], "content", 0, None)
    assert template is not None
    run = run_of(template, 0, is_padded=False)
    assert run is not None
    assert run.events_of(second) == [TextDelta(0, 0, 'b"')]
    assert run.events_of(second + first) == [TextDelta(0, 0, 'b"'), TextDelta(0, 0, "a")]
    for other in (
        b"",
        second[:-1],
        second[1:],
        second + second[:-3],
        frame({"content": ""}),
        frame({"content": None}),
        frame({"reasoning": "a"}),
        frame({"content": "a"}, usage=1),
        second + b": comment\n\n" + first,
        second.replace(b"b", b"\xff"),
        run.opening[:-1] + run.closing,
        run.opening + run.closing,
    ):
        assert run.events_of(other) is None, other


def test_a_run_of_reasoning() -> None:
    template = template_of(frame({"reasoning": "a"})[6:-2], "reasoning", 0, None)
    assert template is not None
    run = run_of(template, 2, is_padded=False)
    assert run is not None
    assert run.events_of(frame({"reasoning": "b"})) == [ReasoningDelta(0, 2, "b")]


def test_a_chunk_of_more_than_one_line_begins_no_run() -> None:
    template = template_of(b'{"choices":[{"delta":{"content":"a"}}]\n}', "content", 0, None)
    assert template is not None
    assert run_of(template, 0, is_padded=False) is None
