"""Fetching what callers give by URL, for endpoints whose wire takes only bytes. Off unless the operator turns it on.

Whom it may reach is the client's guard to say; what a wire takes is the dialect's (`bytes_only`).
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from msgspec.structs import replace

from waystation.errors import InternalError, InvalidRequest, ProviderError
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import File, Image, Part, ToolResult, Video
from waystation.settings import MediaSettings
from waystation.upstream.client import Client, Response, Timeouts

MAX_URLS: Final = 32
"""Files that one request may have fetched."""
_MAX_REDIRECTS: Final = 4
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = [("accept", "*/*"), ("user-agent", "waystation")]
_REMOTE: Final = ("http://", "https://")
_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_SIGNATURES: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
"""How files begin; believed before the header is."""
_FAILED: Final = "A file of the request could not be fetched: {}."


class MediaFetch:
    """Replaces URLs by data URLs. `client` has the guard; it is the owner's to close."""

    def __init__(self, client: Client, settings: MediaSettings) -> None:
        self._client = client
        self._max_bytes = settings.max_mb * 2**20
        self._timeout = settings.timeout
        self._timeouts = Timeouts(
            connect=settings.timeout,
            first_byte=settings.timeout,
            idle=settings.timeout,
            total=settings.timeout,
        )

    async def inlined(
        self, request: ChatRequest, kinds: frozenset[str], fetched: dict[str, str]
    ) -> ChatRequest:
        """The request with every file of these kinds as bytes; `InvalidRequest` where one cannot be had.

        `fetched` maps URLs to data URLs; what is added to it serves the next attempt, too.
        """
        wanted = {url for message in request.messages for url in _urls(message.parts, kinds)}
        if not wanted:
            return request
        if len(wanted) > MAX_URLS:
            raise InvalidRequest(f"At most {MAX_URLS} files of a request can be fetched.")
        missing = [url for url in wanted if url not in fetched]
        async with asyncio.TaskGroup() as group:
            tasks = {url: group.create_task(self._fetch_or_refuse(url)) for url in missing}
        for url, task in tasks.items():
            outcome = task.result()
            if isinstance(outcome, InvalidRequest):
                raise outcome
            fetched[url] = outcome
        return replace(
            request, messages=tuple(_with_bytes(message, kinds, fetched) for message in request.messages)
        )

    async def _fetch_or_refuse(self, url: str) -> str | InvalidRequest:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._fetch(url)
        except TimeoutError:
            return InvalidRequest(_FAILED.format("it took too long"))
        except InternalError:
            return InvalidRequest(_FAILED.format("its URL is not usable"))
        except ProviderError:
            return InvalidRequest(_FAILED.format("its server could not be reached"))
        except InvalidRequest as error:
            return error

    async def _fetch(self, url: str) -> str:
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._client.send("GET", url, _HEADERS, b"", self._timeouts)
            try:
                if response.status in _REDIRECTS:
                    url = _redirected(url, response)
                    continue
                if response.status != 200:
                    raise InvalidRequest(_FAILED.format(f"its server answered {response.status}"))
                return await self._data_url(response)
            finally:
                response.close()
        raise InvalidRequest(_FAILED.format("there are too many redirects"))

    async def _data_url(self, response: Response) -> str:
        length = response.header(b"content-length") or b"0"
        too_large = InvalidRequest(_FAILED.format(f"it is over {self._max_bytes // 2**20} MiB"))
        if length.isdigit() and int(length) > self._max_bytes:
            raise too_large
        pieces, size = [], 0
        async for piece in response:
            size += len(piece)
            if size > self._max_bytes:
                raise too_large
            pieces.append(piece)
        content = b"".join(pieces)
        if not content:
            raise InvalidRequest(_FAILED.format("it is empty"))
        return f"data:{_media_type(content, response)};base64,{b64encode(content).decode()}"


def _redirected(url: str, response: Response) -> str:
    place = response.header(b"location")
    target = urljoin(url, place.decode("latin-1")) if place else ""
    if not _is_remote(target):
        raise InvalidRequest(_FAILED.format("it redirects to nowhere"))
    return target


def _media_type(content: bytes, response: Response) -> str:
    for signature, name in _SIGNATURES:
        if signature.match(content):
            return name
    said = (response.header(b"content-type") or b"").decode("latin-1").partition(";")[0].strip().lower()
    return said if _MEDIA_TYPE.fullmatch(said) else "application/octet-stream"


def _urls(parts: tuple[Part, ...], kinds: frozenset[str]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, ToolResult):
            yield from _urls(part.parts, kinds)
        elif (url := _remote(part, kinds)) is not None:
            yield url


def _remote(part: Part, kinds: frozenset[str]) -> str | None:
    """The URL to fetch for this part; None where it is of another kind or no address on the web."""
    match part:
        case Image(url=url) if "image" in kinds:
            return url if _is_remote(url) else None
        case Video(url=url) if "video" in kinds:
            return url if _is_remote(url) else None
        case File(data=str(url)) if "file" in kinds:
            return url if _is_remote(url) else None
        case _:
            return None


def _is_remote(url: str) -> bool:
    return url[:8].lower().startswith(_REMOTE)


def _with_bytes(message: Message, kinds: frozenset[str], fetched: dict[str, str]) -> Message:
    parts = tuple(_fetched(part, kinds, fetched) for part in message.parts)
    return message if parts == message.parts else replace(message, parts=parts)


def _fetched(part: Part, kinds: frozenset[str], fetched: dict[str, str]) -> Part:
    if isinstance(part, ToolResult):
        return replace(part, parts=tuple(_fetched(inner, kinds, fetched) for inner in part.parts))
    url = _remote(part, kinds)
    if url is None:
        return part
    if isinstance(part, File):
        return replace(part, data=fetched[url], filename=part.filename or _name_in(url))
    return replace(part, url=fetched[url])


def _name_in(url: str) -> str | None:
    return unquote(urlsplit(url).path).rpartition("/")[2] or None
