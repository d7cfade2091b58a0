"""Recorded answers with something in them missing, null, of another type, added, doubled or out of order."""

import json
from copy import deepcopy
from typing import TypeAlias, cast

from hypothesis import strategies as st

from waystation.codec.event_stream import EventMessage, EventStreamParser, render_event_message

Json: TypeAlias = object
REPLACEMENTS: tuple[Json, ...] = (None, 7, -1, 1.5, "x", "", True, [], {}, [None], {"a": 1}, [[]], 10**30)


def places(value: Json, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of everything inside."""
    found: list[tuple[str | int, ...]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found.append((*path, key))
        found += places(inner, (*path, key))
    return found


def spoil(value: Json, draw: st.DrawFn) -> Json:
    """A copy with one thing wrong."""
    paths = places(value)
    if not paths:
        return draw(st.sampled_from(REPLACEMENTS))
    path = draw(st.sampled_from(paths))
    changed = deepcopy(value)
    holder = changed
    for step in path[:-1]:
        holder = cast("dict[str | int, Json]", holder)[step]
    how = draw(st.sampled_from(["drop", "replace", "replace", "add", "turn"]))
    if how == "replace":
        cast("dict[str | int, Json]", holder)[path[-1]] = draw(st.sampled_from(REPLACEMENTS))
    elif isinstance(holder, dict):
        _spoil_object(holder, path[-1], how)
    elif isinstance(holder, list):
        _spoil_list(holder, int(path[-1]), how)
    return changed


def _spoil_object(holder: dict[str | int, Json], key: str | int, how: str) -> None:
    if how == "drop":
        del holder[key]
    elif how == "add":
        holder["something_new"] = {"of": ["a later version"]}
    else:
        reordered = list(holder.items())[::-1]
        holder.clear()
        holder.update(reordered)


def _spoil_list(holder: list[Json], at: int, how: str) -> None:
    if how == "drop":
        del holder[at]
    elif how == "add":
        holder.insert(at, deepcopy(holder[at]))
    else:
        holder.reverse()


@st.composite
def spoiled_bodies(draw: st.DrawFn, bodies: list[Json]) -> bytes:
    """An answer with up to three things wrong."""
    value = draw(st.sampled_from(bodies))
    for _ in range(draw(st.integers(1, 3))):
        value = spoil(value, draw)
    return json.dumps(value).encode()


@st.composite
def spoiled_streams(draw: st.DrawFn, streams: list[bytes]) -> bytes:
    """A stream with up to three things wrong: inside its frames, among them, or with its bytes."""
    stream = draw(st.sampled_from(streams))
    for _ in range(draw(st.integers(1, 3))):
        how = draw(st.sampled_from(["frame", "frame", "frames", "bytes"]))
        if how == "bytes" or not (frames := _frames(stream)):
            at = draw(st.integers(0, len(stream)))
            stream = stream[:at] + draw(st.binary(max_size=8)) + stream[at + draw(st.integers(0, 40)) :]
            continue
        at = draw(st.integers(0, len(frames) - 1))
        if how == "frame":
            frames[at] = _spoiled(frames[at], draw)
        elif draw(st.booleans()):
            del frames[at]
        else:
            frames.insert(draw(st.integers(0, len(frames))), frames[at])
        stream = b"".join(frames)
    return stream


def _frames(stream: bytes) -> list[bytes]:
    """The frames of a stream, each with all its bytes; of an event stream of AWS only where its sums are right."""
    if not stream.startswith(b"\0"):
        return [line + b"\n" for line in stream.split(b"\n")]
    parser = EventStreamParser()
    try:
        return [render_event_message(one.headers, one.payload) for one in parser.feed(stream)]
    except Exception:  # noqa: BLE001 - already spoiled: then only bytes are changed
        return []


def _spoiled(frame: bytes, draw: st.DrawFn) -> bytes:
    if frame.startswith(b"\0"):
        [message] = list(EventStreamParser().feed(frame))
        return _rendered(message, draw)
    start = frame.find(b"{")
    try:
        value = json.loads(frame[start:]) if start >= 0 else None
    except ValueError:
        value = None
    if value is None:
        return frame
    return frame[:start] + json.dumps(spoil(value, draw)).encode() + b"\n"


def _rendered(message: EventMessage, draw: st.DrawFn) -> bytes:
    try:
        payload = json.dumps(spoil(json.loads(message.payload), draw)).encode()
    except ValueError:
        payload = message.payload
    return render_event_message(message.headers, payload)
