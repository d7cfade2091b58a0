"""The benchmark's load generator counts truly: answers cut anywhere, streams that stop early, refusals."""

import ctypes
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
COMPLETE = 7
STREAM_HEAD = (
    b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
)
CHUNKS = (b"data: 1\n\n", b": comment data:\n\n", b"data: 2\n\ndata: [DON", b"E]\n\n")
STREAM = (
    STREAM_HEAD
    + b"".join(b"%X;name=value\r\n%s\r\n" % (len(chunk), chunk) for chunk in CHUNKS)
    + b"0\r\nx-trailer: 1\r\n\r\n"
)

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="the load tools are written in C")


class Answer(ctypes.Structure):
    """The first members of answer.h's struct; the room after them is for the rest."""

    _fields_ = (
        ("state", ctypes.c_int),
        ("status", ctypes.c_int),
        ("closes", ctypes.c_int),
        ("left", ctypes.c_longlong),
        ("events", ctypes.c_long),
        ("rest", ctypes.c_char * 32768),
    )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = tmp_path_factory.mktemp("bench") / "answer.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, BENCH / "answer.c"], check=True)
    return ctypes.CDLL(str(library))


def read(reader: ctypes.CDLL, *pieces: bytes) -> tuple[Answer, int]:
    """The answer after all pieces, and what the last feed returned."""
    answer, used = Answer(), 0
    reader.answer_begin(ctypes.byref(answer))
    for piece in pieces:
        used = ctypes.c_ssize_t(
            reader.answer_feed(ctypes.byref(answer), piece, ctypes.c_size_t(len(piece)))
        ).value
    return answer, ctypes.c_int(used).value


def test_a_stream_cut_anywhere_is_read_the_same(reader: ctypes.CDLL) -> None:
    for cut in range(len(STREAM) + 1):
        answer, _ = read(reader, STREAM[:cut], STREAM[cut:])

        assert (answer.state, answer.status, answer.events) == (COMPLETE, 200, 3), cut
        assert reader.answer_ended_with_done(ctypes.byref(answer)) == 1, cut


def test_a_stream_in_single_bytes_is_read_the_same(reader: ctypes.CDLL) -> None:
    answer, _ = read(reader, *(STREAM[at : at + 1] for at in range(len(STREAM))))

    assert (answer.state, answer.events) == (COMPLETE, 3)
    assert reader.answer_ended_with_done(ctypes.byref(answer)) == 1


def test_a_stream_without_done_is_complete_but_not_ended_with_done(reader: ctypes.CDLL) -> None:
    answer, _ = read(reader, STREAM.replace(b"[DON", b"[dON"))

    assert answer.state == COMPLETE
    assert reader.answer_ended_with_done(ctypes.byref(answer)) == 0


def test_bytes_after_an_answer_are_left_to_the_caller(reader: ctypes.CDLL) -> None:
    whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

    answer, used = read(reader, whole + b"HTTP/1.1 200")

    assert (answer.state, used) == (COMPLETE, len(whole))


def test_an_answer_without_length_ends_when_the_server_closes(reader: ctypes.CDLL) -> None:
    answer, _ = read(reader, b"HTTP/1.1 200 OK\r\n\r\nok")

    assert answer.state != COMPLETE
    assert reader.answer_close(ctypes.byref(answer)) == 1


def test_an_answer_cut_short_is_not_complete(reader: ctypes.CDLL) -> None:
    answer, _ = read(reader, STREAM[:-3])

    assert reader.answer_close(ctypes.byref(answer)) == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n",
        STREAM_HEAD + b"zz\r\n",
        STREAM_HEAD + b"2\r\nokay\r\n",
    ],
)
def test_what_is_no_http_is_an_error(reader: ctypes.CDLL, nonsense: bytes) -> None:
    _, used = read(reader, nonsense)

    assert used == -1


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools")
    for name, other in (("loadgen", ("load_request.c", "answer.c")), ("mock_upstream", ("mock_answers.c",))):
        sources = [BENCH / f"{name}.c", *(BENCH / each for each in other)]
        subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-o", folder / name, *sources], check=True)
    return folder


@pytest.fixture
def upstream(tools: Path) -> Iterator[int]:
    """The port of a mock upstream that sends streams in one burst."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with subprocess.Popen([tools / "mock_upstream", str(port), "60", "0"]) as process:
        while process.poll() is None:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield port
        process.terminate()


def load(tools: Path, port: int, *flags: str) -> dict[str, Any]:
    """What loadgen reports of 20 requests over 4 connections."""
    command: list[str | Path] = [tools / "loadgen", "-c", "4", "-n", "20", "-d", "20", *flags, str(port)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def faults(figures: dict[str, Any]) -> tuple[int, int, int]:
    """Errors, refusals, unfinished streams."""
    return figures["errors"], figures["refused"], figures["unfinished"]


def test_answers_of_the_mock_upstream_are_all_counted(tools: Path, upstream: int) -> None:
    figures = load(tools, upstream)

    assert figures["requests"] == 20
    assert faults(figures) == (0, 0, 0)
    assert figures["reconnects"] == 0


def test_every_event_of_every_stream_is_counted(tools: Path, upstream: int) -> None:
    figures = load(tools, upstream, "-s")

    assert (figures["requests"], figures["events"]) == (20, 20 * 61)
    assert faults(figures) == (0, 0, 0)


def test_a_fixed_rate_sends_what_was_scheduled(tools: Path, upstream: int) -> None:
    figures = load(tools, upstream, "-r", "500")

    assert figures["requests"] == 20
    assert faults(figures) == (0, 0, 0)


def test_refusals_are_counted_and_the_first_is_told(tools: Path, upstream: int) -> None:
    figures = load(tools, upstream, "-m", "mock-fail")

    assert faults(figures) == (0, 20, 0)
    assert figures["first_error"].startswith("HTTP 503")
    assert "overloaded" in figures["first_error"]


def test_a_body_larger_than_the_socket_buffers_arrives_whole(
    tools: Path, upstream: int, tmp_path: Path
) -> None:
    body = tmp_path / "body.json"
    filler = "x" * 8_000_000
    body.write_text(json.dumps({"content": filler, "stream": "@STREAM@", "model": "@MODEL@"}))

    figures = load(tools, upstream, "-n", "4", "-m", "mock-429", "-f", str(body))

    assert faults(figures) == (0, 4, 0)
