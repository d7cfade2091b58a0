"""Files given by URL: fetched for wires that take only bytes, within limits, and never from where the operator did not allow."""

import base64
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import File, Image, Part, Text, ToolResult, Video
from waystation.pipeline.media import MAX_URLS, MediaFetch
from waystation.settings import MediaSettings
from waystation.upstream.client import Client, ClientSettings
from waystation.upstream.guard import AddressGuard
from web_pages import Page, Web

ALL = frozenset({"image", "video", "file"})
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
PDF = b"%PDF-1.7\nnothing"


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as web:
        yield web


@pytest.fixture
async def media() -> AsyncIterator[Callable[[MediaSettings], MediaFetch]]:
    clients: list[Client] = []

    def make(settings: MediaSettings) -> MediaFetch:
        clients.append(Client(ClientSettings(guard=AddressGuard(settings.allow_networks))))
        return MediaFetch(clients[-1], settings)

    yield make
    for client in clients:
        await client.aclose()


Make = Callable[[MediaSettings], MediaFetch]
HERE = MediaSettings(fetch=True, max_mb=1, timeout=20, allow_networks=("127.0.0.1",))


def asking(*parts: Part) -> ChatRequest:
    return ChatRequest("openai_chat", "acme/m", (Message("user", (Text("Look"), *parts)),))


def data_url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


async def test_every_kind_of_file_becomes_bytes_wherever_it_stands(web: Web, media: Make) -> None:
    web.pages = {
        "/a.png": Page(PNG, "application/octet-stream"),
        "/b": Page(b"\0\0\0 ftypmp42", "video/mp4; codecs=x"),
        "/papers/c%20d.pdf": Page(PDF),
        "/e": Page(b"plain", "text/plain"),
    }
    request = asking(
        Image(f"{web.url}/a.png", detail="low"),
        Video(f"{web.url}/b"),
        File(f"{web.url}/papers/c%20d.pdf"),
        ToolResult("call_1", (Text("see"), File(f"{web.url}/e", filename="n.txt"))),
        Image("data:image/png;base64,AAAA"),
        File(file_id="file-1"),
    )
    answered = await media(HERE).inlined(request, ALL, {})
    assert answered.messages[0].parts == (
        Text("Look"),
        Image(data_url("image/png", PNG), detail="low"),
        Video(data_url("video/mp4", b"\0\0\0 ftypmp42")),
        File(data_url("application/pdf", PDF), filename="c d.pdf"),
        ToolResult("call_1", (Text("see"), File(data_url("text/plain", b"plain"), filename="n.txt"))),
        Image("data:image/png;base64,AAAA"),
        File(file_id="file-1"),
    )


async def test_only_the_kinds_that_the_wire_takes_as_bytes_are_fetched(web: Web, media: Make) -> None:
    request = asking(Image(f"{web.url}/a.png"), Video(f"{web.url}/b"))
    assert await media(HERE).inlined(request, frozenset({"file"}), {}) is request
    assert web.asked == []


async def test_a_file_is_fetched_once_for_all_parts_and_attempts(web: Web, media: Make) -> None:
    web.pages = {"/a.png": Page(PNG)}
    request = asking(Image(f"{web.url}/a.png"), Image(f"{web.url}/a.png"))
    fetched: dict[str, str] = {}
    fetch = media(HERE)
    assert await fetch.inlined(request, ALL, fetched) == await fetch.inlined(request, ALL, fetched)
    assert web.asked == ["/a.png"]


async def test_redirects_are_followed_but_not_for_ever(web: Web, media: Make) -> None:
    web.pages = {
        "/from": Page(status=302, location="/to"),
        "/to": Page(PNG),
        "/round": Page(status=307, location="/round"),
        "/nowhere": Page(status=301),
        "/local": Page(status=301, location="file:///etc/passwd"),
    }
    fetch = media(HERE)
    answered = await fetch.inlined(asking(Image(f"{web.url}/from")), ALL, {})
    assert answered.messages[0].parts[1] == Image(data_url("image/png", PNG))
    with pytest.raises(InvalidRequest, match="too many redirects"):
        await fetch.inlined(asking(Image(f"{web.url}/round")), ALL, {})
    for path in ("/nowhere", "/local"):
        with pytest.raises(InvalidRequest, match="redirects to nowhere"):
            await fetch.inlined(asking(Image(web.url + path)), ALL, {})


async def test_a_redirect_to_an_address_that_is_not_allowed_is_refused(web: Web, media: Make) -> None:
    port = web.url.rpartition(":")[2]
    web.pages = {"/out": Page(status=302, location=f"http://127.0.0.2:{port}/in"), "/in": Page(PNG)}
    with pytest.raises(InvalidRequest, match="could not be reached"):
        await media(HERE).inlined(asking(Image(f"{web.url}/out")), ALL, {})
    assert web.asked == ["/out"]


async def test_nothing_private_is_fetched_unless_it_is_allowed(web: Web, media: Make) -> None:
    with pytest.raises(InvalidRequest, match="could not be reached"):
        await media(MediaSettings(fetch=True)).inlined(asking(Image(f"{web.url}/a.png")), ALL, {})
    assert web.asked == []


@pytest.mark.parametrize("announced", [None, 2**20 + 1])
async def test_a_file_over_the_limit_is_refused(web: Web, media: Make, announced: int | None) -> None:
    web.pages = {"/big": Page(PNG + bytes(2**20), announced=announced)}
    with pytest.raises(InvalidRequest, match="over 1 MiB"):
        await media(HERE).inlined(asking(Image(f"{web.url}/big")), ALL, {})


async def test_a_file_that_takes_too_long_is_given_up(web: Web, media: Make) -> None:
    gate = threading.Event()
    web.pages = {"/slow": Page(PNG, gate=gate)}
    hasty = MediaSettings(fetch=True, timeout=0.05, allow_networks=("127.0.0.1",))
    try:
        with pytest.raises(InvalidRequest, match="could not be fetched"):
            await media(hasty).inlined(asking(Image(f"{web.url}/slow")), ALL, {})
    finally:
        gate.set()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/gone", "answered 404"),
        ("/empty", "it is empty"),
        ("/with space", "not usable"),
        ("@/x", "not usable"),
    ],
)
async def test_what_cannot_be_had_says_why(web: Web, media: Make, path: str, why: str) -> None:
    web.pages = {"/empty": Page(b"")}
    url = web.url.replace("//", "//user:pass@") + "/x" if path == "@/x" else web.url + path
    with pytest.raises(InvalidRequest, match=why):
        await media(HERE).inlined(asking(Image(url), Image(url)), ALL, {})


async def test_a_request_with_very_many_files_is_refused_before_any_is_fetched(web: Web, media: Make) -> None:
    images = (Image(f"{web.url}/{number}") for number in range(MAX_URLS + 1))
    with pytest.raises(InvalidRequest, match="At most"):
        await media(HERE).inlined(asking(*images), ALL, {})
    assert web.asked == []
