"""Recorded traffic of providers, from the shared folder: what a provider was really asked, and really answered."""

import base64
import json
from collections import Counter, defaultdict
from functools import cache
from typing import NamedTuple

from shared_folder import shared

JsonObject = dict[str, object]
COUNTED: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
"""What was read of each provider and protocol, for the end of the run."""
SKIPPED: Counter[tuple[str, str, str]] = Counter()
"""What was read by another test, or by none, with the reason."""


class Recording(NamedTuple):
    """One exchange. `request` is the body as sent, None where only the answer was recorded."""

    name: str
    provider: str
    status: int
    request: JsonObject | None
    headers: tuple[tuple[bytes, bytes], ...]
    body: JsonObject | None
    stream: bytes | None
    path: str = ""
    decoded: bool = False
    """Its cassette kept the stream in base64: the bytes here are right, those that the replay server plays are not."""


@cache
def recordings(protocol: str) -> tuple[Recording, ...]:
    """Every recording of this protocol, of all providers, in a fixed order."""
    found = []
    for path in sorted(shared("fixtures").glob(f"*/{protocol}/*.json")):
        value = json.loads(path.read_text())
        request, response = value["request"], value["response"]
        body = request.get("body") if request else None
        answer, stream = response.get("body"), _stream_of(response)
        found.append(
            Recording(
                name=f"{value['provider']}/{path.stem}",
                provider=value["provider"],
                status=response["status"],
                request=body if isinstance(body, dict) else None,
                headers=tuple((name.encode(), text.encode()) for name, text in response["headers"].items()),
                body=answer if isinstance(answer, dict) else None,
                stream=stream,
                path=request["path"] if request else "",
                decoded=stream is not None and stream not in _as_kept(response),
            )
        )
    return tuple(found)


def _stream_of(response: JsonObject) -> bytes | None:
    if "eventstream_b64" in response:
        stream = base64.b64decode(str(response["eventstream_b64"]))
        # Some cassettes kept it in base64 themselves; a length begins with a zero.
        return stream if stream.startswith(b"\0") else base64.b64decode(stream)
    if isinstance(response.get("body"), list):
        # Gemini without `alt=sse` streams one array.
        return json.dumps(response["body"], indent=1).encode()
    if "ndjson" in response:
        return str(response["ndjson"]).encode()
    return _stream(str(response["sse"])) if "sse" in response else None


def _as_kept(response: JsonObject) -> tuple[bytes | None, ...]:
    """The stream without any guess at how it was kept; an array has no other form."""
    if "eventstream_b64" in response:
        return (base64.b64decode(str(response["eventstream_b64"])),)
    if "sse" in response:
        return (str(response["sse"]).encode(),)
    return (_stream_of(response),)


def _stream(text: str) -> bytes:
    """Some cassettes kept the stream in base64."""
    if text.startswith(("data", ":", " ", "event", "{")):
        return text.encode()
    return base64.b64decode(text)
