"""Images, documents, videos and sounds as Converse blocks, in both directions. It takes bytes and `s3://` addresses only.

Sources: `ImageBlock`, `DocumentBlock`, `VideoBlock`, `AudioBlock` of the service model.
"""

import re
from typing import Final

from waystation.dialects.bedrock_converse.wire import BLOCK, object_of, rest_of, text_of
from waystation.errors import InvalidRequest
from waystation.operations.parts import Audio, File, Image, JsonObject, Opaque, Video

_DATA_URL: Final = re.compile(r"data:([^;,]*)([^,]*),", re.IGNORECASE)
_IMAGES: Final = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_VIDEOS: Final = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-matroska": "mkv",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/mpg": "mpg",
    "video/x-ms-wmv": "wmv",
    "video/wmv": "wmv",
    "video/3gpp": "three_gp",
}
_DOCUMENTS: Final = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_IMAGE_TYPES: Final = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
_VIDEO_TYPES: Final = {name: kind for kind, name in reversed(_VIDEOS.items())}
_DOCUMENT_TYPES: Final = {name: kind for kind, name in _DOCUMENTS.items()}
_AUDIO_FORMATS: Final = frozenset(
    {
        "mp3",
        "opus",
        "wav",
        "aac",
        "flac",
        "mp4",
        "ogg",
        "mkv",
        "mka",
        "x-aac",
        "m4a",
        "mpeg",
        "mpga",
        "pcm",
        "webm",
    }
)
_EXTENSION: Final = re.compile(r"\.([A-Za-z0-9]{1,5})$")
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9\s\-()\[\]]+")
_MAX_NAME: Final = 200


def render_image(image: Image) -> JsonObject:
    """An `ImageBlock`; `InvalidRequest` for an address this wire cannot say."""
    kind, source = _source(image.url, "image_url", "image")
    name = _IMAGES.get(kind) or _by_extension(image.url, _IMAGE_TYPES, {"jpg": "jpeg"})
    if name is None:
        raise InvalidRequest("image_url: the provider takes PNG, JPEG, GIF and WebP images.")
    return {"image": {"format": name, "source": source}}


def render_video(video: Video) -> JsonObject:
    """A `VideoBlock`."""
    kind, source = _source(video.url, "video_url", "video")
    name = _VIDEOS.get(kind) or _by_extension(video.url, _VIDEO_TYPES, {"3gp": "three_gp"})
    if name is None:
        raise InvalidRequest(
            "video_url: the provider takes MP4, MOV, MKV, WebM, FLV, MPEG, WMV and 3GP videos."
        )
    return {"video": {"format": name, "source": source}}


def render_audio(audio: Audio) -> JsonObject:
    """An `AudioBlock`."""
    if audio.format not in _AUDIO_FORMATS:
        raise InvalidRequest("input_audio.format: the provider does not take this format.")
    return {"audio": {"format": audio.format, "source": {"bytes": audio.data}}}


def render_file(file: File, taken: set[str]) -> JsonObject:
    """A `DocumentBlock`, or the block of another medium that the file holds. `taken` are the names used so far."""
    address = file.data or file.file_id or ""
    if file.data is None and not address.startswith("s3://"):
        raise InvalidRequest("file.file_id: the provider knows no uploaded files; send file_data.")
    if not address.startswith(("data:", "s3://")) and "://" not in address[:16]:
        address = f"data:;base64,{address}"
    kind, source = _source(address, "file.file_data", "file")
    if kind in _IMAGES:
        return {"image": {"format": _IMAGES[kind], "source": source}}
    if kind in _VIDEOS:
        return {"video": {"format": _VIDEOS[kind], "source": source}}
    name = _DOCUMENTS.get(kind) or _by_extension(file.filename or address, _DOCUMENT_TYPES, {"htm": "html"})
    if name is None and (kind.startswith("text/") or kind == "application/json"):
        name = "txt"
    if name is None:
        raise InvalidRequest(
            "file: the provider takes PDF, CSV, Word, Excel, HTML, text and Markdown documents."
        )
    extras = dict(file.extras or {})
    if "source" in extras:
        source = object_of(extras.pop("source"))
    title = _document_name(file.filename, taken)
    return {"document": {"format": name, "name": title, "source": source, **extras}}


def _source(url: str, field: str, what: str) -> tuple[str, JsonObject]:
    """MIME type ("" where the address does not tell) and `source`."""
    if url.startswith("s3://"):
        return "", {"s3Location": {"uri": url}}
    found = _DATA_URL.match(url)
    if found is None or not found[2].lower().endswith(";base64"):
        raise InvalidRequest(f"{field}: the provider takes this {what} as a base64 data URL (or s3://) only.")
    return found[1].lower(), {"bytes": url[found.end() :]}


def _by_extension(name: str, known: dict[str, str], others: dict[str, str]) -> str | None:
    """The format that a file name's ending tells; data URLs have none."""
    found = None if name.startswith("data:") else _EXTENSION.search(name)
    ending = found[1].lower() if found else ""
    return ending if ending in known else others.get(ending)


def _document_name(filename: str | None, taken: set[str]) -> str:
    """Letters, digits, single spaces, hyphens and brackets, at most 200, and not twice in one request."""
    stem = _EXTENSION.sub("", filename or "")
    name = " ".join(_NOT_IN_NAMES.sub("-", stem).split())[: _MAX_NAME - 6].strip(" -") or "Document"
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name} ({number})"
    taken.add(unique)
    return unique


def parse_media(kind: str, value: object) -> Image | Video | Audio | File | Opaque:
    """The part of an `image`, `video`, `audio` or `document` block; whole and opaque where it is of another shape."""
    block = object_of(value)
    address = _address(kind, block)
    rest = rest_of(block, {"format", "source"})
    source = object_of(block.get("source"))
    if kind == "document":
        return _parse_document(block, address)
    if address is None or rest is not None or (object_of(source.get("s3Location")).keys() - {"uri"}):
        return Opaque(BLOCK, {kind: block})
    if kind == "audio":
        found = text_of(block.get("format"))
        data = text_of(source.get("bytes"))
        return Opaque(BLOCK, {kind: block}) if found is None or data is None else Audio(data, found)
    return Image(address) if kind == "image" else Video(address)


def _address(kind: str, block: JsonObject) -> str | None:
    source = object_of(block.get("source"))
    uri = text_of(object_of(source.get("s3Location")).get("uri"))
    if uri is not None:
        return uri
    data = text_of(source.get("bytes"))
    known = {"image": _IMAGE_TYPES, "video": _VIDEO_TYPES, "document": _DOCUMENT_TYPES}.get(kind, {})
    mime = known.get(text_of(block.get("format")) or "", "")
    return None if data is None or (not mime and kind != "audio") else f"data:{mime};base64,{data}"


def _parse_document(block: JsonObject, address: str | None) -> File | Opaque:
    name, form = text_of(block.get("name")), text_of(block.get("format"))
    if name is None or (form not in _DOCUMENT_TYPES):
        return Opaque(BLOCK, {"document": block})
    extras = rest_of(block, {"format", "name", "source"}) or {}
    source = object_of(block.get("source"))
    if address is None or object_of(source.get("s3Location")).keys() - {"uri"}:
        extras["source"] = source
        address = f"data:{_DOCUMENT_TYPES[form]};base64,"
    filename = name if address.startswith("data:") else f"{name}.{form}"
    return File(data=address, filename=filename, extras=extras or None)


def data_url_of_image(block: JsonObject) -> str | None:
    """The data URL (or `s3://` address) of an image in an answer; None where it holds none."""
    return _address("image", block)
