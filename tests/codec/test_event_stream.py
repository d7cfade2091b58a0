"""AWS event streams: how messages are cut, for any split of the bytes, and what botocore's own parser makes of them."""

import random
import struct
import zlib

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.codec.event_stream import EventMessage, EventStreamParser, render_event_message
from waystation.errors import BadResponse

ONE = EventMessage({":event-type": "messageStart", ":message-type": "event"}, b'{"role":"assistant"}')
TWO = EventMessage({":event-type": "contentBlockDelta"}, '{"delta":{"text":"Grüße"}}'.encode())
BYTES = render_event_message(ONE.headers, ONE.payload) + render_event_message(TWO.headers, TWO.payload)


def parse(*pieces: bytes) -> list[EventMessage]:
    parser = EventStreamParser()
    messages = [message for piece in pieces for message in parser.feed(piece)]
    parser.close()
    return messages


def test_messages_come_back_as_they_were_rendered() -> None:
    assert parse(BYTES) == [ONE, TWO]


def test_a_stream_cut_byte_by_byte_loses_nothing() -> None:
    assert parse(*[BYTES[at : at + 1] for at in range(len(BYTES))]) == [ONE, TWO]


def test_every_single_cut_gives_the_same_messages() -> None:
    for at in range(len(BYTES)):
        assert parse(BYTES[:at], BYTES[at:]) == [ONE, TWO]


def test_random_cuts_give_the_same_messages() -> None:
    chance = random.Random(7)
    stream = BYTES * 20
    for _ in range(20):
        cuts = sorted(chance.choices(range(len(stream)), k=30))
        pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert parse(*pieces) == [ONE, TWO] * 20


def test_botocore_reads_what_we_render() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(BYTES)
    assert [(event.headers, event.payload) for event in buffer] == [
        (ONE.headers, ONE.payload),
        (TWO.headers, TWO.payload),
    ]


@pytest.mark.parametrize("at", range(len(BYTES)))
def test_no_changed_byte_goes_unnoticed(at: int) -> None:
    """Each byte is covered by a checksum, or is one."""
    damaged = bytearray(BYTES)
    damaged[at] ^= 0x40
    with pytest.raises(BadResponse):
        parse(bytes(damaged))


def test_what_came_before_a_damaged_message_is_told_first() -> None:
    messages = EventStreamParser().feed(BYTES[:-1] + b"\0")
    assert next(messages) == ONE
    with pytest.raises(BadResponse, match="damaged"):
        next(messages)


def test_an_end_inside_a_message_is_an_error() -> None:
    for at in (1, 11, 12, 40, len(BYTES) - 1):
        with pytest.raises(BadResponse, match="cut"):
            parse(BYTES[:at])


def test_a_message_beyond_the_limit_is_refused_by_its_length_alone() -> None:
    parser = EventStreamParser(max_message_bytes=50)
    with pytest.raises(BadResponse, match="impossible size"):
        list(parser.feed(BYTES[:12]))


def test_headers_of_other_types_are_stepped_over() -> None:
    block = (
        b"\x01a\x00" b"\x01b\x01" b"\x01c\x02\x07" b"\x01d\x03\x00\x07" b"\x01e\x04\x00\x00\x00\x07"
        b"\x01f\x05" + bytes(8) + b"\x01g\x06\x00\x02hi" b"\x01h\x08" + bytes(8) + b"\x01i\x09" + bytes(16)
        + b"\x01j\x07\x00\x02ok"
    )  # fmt: skip
    assert parse(framed(block)) == [EventMessage({"j": "ok"}, b"")]


@pytest.mark.parametrize(
    "block", [b"\x05ab", b"\x01a\x07\x00\x09x", b"\x01a\x2a", b"\x01a\x07\x00\x01\xff", b"\x01"]
)
def test_headers_that_are_none_are_an_error(block: bytes) -> None:
    with pytest.raises(BadResponse, match="headers"):
        parse(framed(block))


def framed(block: bytes) -> bytes:
    """A message with good checksums and these header bytes."""
    sizes = struct.pack(">II", 16 + len(block), len(block))
    message = sizes + struct.pack(">I", zlib.crc32(sizes)) + block
    return message + struct.pack(">I", zlib.crc32(message))


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=40), max_size=3),
            st.binary(max_size=200),
        ),
        max_size=4,
    ),
    st.integers(1, 50),
)
@settings(max_examples=100)
def test_parse_undoes_render(messages: list[tuple[dict[str, str], bytes]], size: int) -> None:
    stream = b"".join(render_event_message(headers, payload) for headers, payload in messages)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [(one.headers, one.payload) for one in parse(*pieces)] == messages


@given(st.binary(max_size=400))
@settings(max_examples=100)
def test_nonsense_is_an_error_and_never_a_crash(data: bytes) -> None:
    try:
        parse(data)
    except BadResponse:
        return
    assert data == b""
