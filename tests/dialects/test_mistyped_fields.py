"""Every field of recorded traffic that a dialect reads, one at a time as what it is not: a result or a named error, never a defect.

Random spoiling seldom hits a given field; here each is hit, once for each place in the shape of a body.
"""

import json
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from translator_laws import ReadsRequests, asked, parses, reads, reads_stream, recorded
from waystation.app.outward import OUTWARD
from waystation.codec.dialect import Outward

Path: TypeAlias = tuple[str | int, ...]
MISTYPED: tuple[object, ...] = ([], {})
"""What no field that holds a word or a number may be; and what a list or an object is when it is empty."""
HOSTS = {"azure_openai_responses", "bedrock_openai_responses", "xai_responses"}
"""They read as `openai_responses` does."""
SPOKEN = [dialect for dialect in OUTWARD if dialect.name not in HOSTS]
EVENT = "data: "


def places(value: object, path: Path = ()) -> Iterator[Path]:
    """Where something stands in this JSON; of a list the first entries speak for all."""
    yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    )
    for key, inner in entries:
        yield from places(inner, (*path, key))


def changed(value: object, path: Path, new: object) -> object:
    """The same JSON with something else in one place."""
    if not path:
        return new
    first, *rest = path
    if isinstance(value, dict):
        return {
            key: changed(inner, tuple(rest), new) if key == first else inner for key, inner in value.items()
        }
    assert isinstance(value, list)
    return [changed(inner, tuple(rest), new) if at == first else inner for at, inner in enumerate(value)]


def mistyped(
    values: list[object], kind: Callable[[object], object] = lambda _: None
) -> Iterator[tuple[int, object]]:
    """Each place of each kind of value once, with the index of the value that it was found in."""
    seen = set()
    for index, value in enumerate(values):
        for path in places(value):
            shape = (kind(value), tuple("#" if isinstance(step, int) else step for step in path))
            if shape not in seen:
                seen.add(shape)
                yield from ((index, changed(value, path, new)) for new in MISTYPED)


@pytest.mark.parametrize("dialect", SPOKEN, ids=lambda dialect: dialect.name)
def test_answers(dialect: Outward) -> None:
    for _, body in mistyped(recorded(dialect.name)[0]):
        reads(dialect, json.dumps(body).encode())


@pytest.mark.parametrize(
    "dialect", [one for one in SPOKEN if isinstance(one, ReadsRequests)], ids=lambda dialect: dialect.name
)
def test_requests(dialect: ReadsRequests) -> None:
    for _, body in mistyped(asked(dialect.name)):
        parses(dialect, json.dumps(body).encode())


@pytest.mark.parametrize("dialect", SPOKEN, ids=lambda dialect: dialect.name)
def test_events_of_streams(dialect: Outward) -> None:
    lines, events, where = [], [], []
    for stream in recorded(dialect.name)[1][:40]:
        if stream.startswith(b"\0"):  # of AWS: its payloads are read as JSON by the other laws
            continue
        for at, line in enumerate(text := stream.decode().split("\n")):
            if line.startswith(EVENT + "{") and line.endswith("}"):
                events.append(json.loads(line.removeprefix(EVENT)))
                where.append(at)
                lines.append(text)
    for index, event in mistyped(
        events, lambda event: event.get("type") if isinstance(event, dict) else None
    ):
        spoiled = list(lines[index])
        spoiled[where[index]] = EVENT + json.dumps(event)
        reads_stream(dialect, ("\n".join(spoiled).encode(), []))
