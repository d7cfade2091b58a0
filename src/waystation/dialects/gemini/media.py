"""Images, sound, video and documents: `inlineData` and `fileData` in both directions. Nothing is fetched here."""

from typing import Final

from waystation.dialects.gemini.wire import camel_keys, text_of, unknown
from waystation.errors import InvalidRequest
from waystation.operations.parts import Audio, File, Image, JsonObject, Part, Video

FILES: Final = "https://generativelanguage.googleapis.com/v1beta/"
"""Where the Files API keeps what it calls `files/<id>`."""
_BY_EXTENSION: Final = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
    "heic": "image/heic", "heif": "image/heif", "bmp": "image/bmp",
    "pdf": "application/pdf", "txt": "text/plain", "md": "text/markdown", "html": "text/html", "csv": "text/csv",
    "xml": "text/xml", "json": "application/json",
    "mp4": "video/mp4", "mpeg": "video/mpeg", "mpg": "video/mpeg", "mov": "video/quicktime", "webm": "video/webm",
    "avi": "video/x-msvideo", "wmv": "video/x-ms-wmv", "3gp": "video/3gpp",
    "wav": "audio/wav", "mp3": "audio/mpeg", "aac": "audio/aac", "ogg": "audio/ogg", "flac": "audio/flac",
    "aiff": "audio/aiff", "m4a": "audio/mp4",
}  # fmt: skip
_AUDIO: Final = {
    "wav": "audio/wav", "mp3": "audio/mpeg", "aac": "audio/aac", "ogg": "audio/ogg", "flac": "audio/flac",
    "aiff": "audio/aiff", "m4a": "audio/mp4", "pcm16": "audio/L16", "pcm24": "audio/L24", "opus": "audio/opus",
}  # fmt: skip
_FORMATS: Final = {kind: name for name, kind in _AUDIO.items()} | {"audio/mp3": "mp3", "audio/x-wav": "wav"}
_IN_RESULTS: Final = ("image/", "application/pdf", "text/")
"""What a function's answer may hold itself, since Gemini 3."""
_BLOB_KEYS: Final = frozenset({"mimeType", "data"})
_FILE_KEYS: Final = frozenset({"mimeType", "fileUri"})


def data_url(mime_type: str, data: str) -> str:
    """`data:<type>;base64,<data>`."""
    return f"data:{mime_type};base64,{data}"


def render_media(part: Image | Audio | Video | File) -> JsonObject:
    """`{"inlineData": ...}` or `{"fileData": ...}`; `InvalidRequest` for what this wire has no way to say."""
    match part:
        case Image(url=url):
            return _render_url(url, "image/jpeg")
        case Video(url=url):
            return _render_url(url, "video/mp4")
        case Audio(data=data, format=name):
            return _inline(_AUDIO.get(name.lower(), f"audio/{name.lower()}"), data)
        case File(data=data, file_id=file_id, filename=filename):
            if data is not None:
                return _render_file(data, filename)
            if file_id is not None and file_id.startswith(("files/", "https://", "gs://")):
                uri = FILES + file_id if file_id.startswith("files/") else file_id
                return {
                    "fileData": {"fileUri": uri, "mimeType": _mime_type(filename or uri, "application/pdf")}
                }
            raise InvalidRequest(
                "messages: a file_id of another provider cannot be sent to Gemini; send the file's data."
            )


def may_stand_in_result(rendered: JsonObject) -> bool:
    """True for images and documents, which a function's answer may hold itself."""
    for key in ("inlineData", "fileData"):
        inner = rendered.get(key)
        if isinstance(inner, dict):
            return str(inner.get("mimeType")).startswith(_IN_RESULTS)
    return False


def _render_url(url: str, assumed: str) -> JsonObject:
    if not url.startswith("data:"):
        return {"fileData": {"fileUri": url, "mimeType": _mime_type(url, assumed)}}
    head, comma, data = url.removeprefix("data:").partition(",")
    if not comma or not head.endswith(";base64"):
        raise InvalidRequest("messages: a data URL must hold base64.")
    return _inline(head.removesuffix(";base64") or assumed, data)


def _render_file(data: str, filename: str | None) -> JsonObject:
    if data.startswith(("data:", "https://", "http://", "gs://")):
        return _render_url(data, _mime_type(filename or "", "application/pdf"))
    return _inline(_mime_type(filename or "", "application/pdf"), data)


def _inline(mime_type: str, data: str) -> JsonObject:
    return {"inlineData": {"mimeType": mime_type, "data": data}}


def _mime_type(name: str, assumed: str) -> str:
    """By the ending of a name or of a URL's path."""
    path = name.partition("?")[0].partition("#")[0]
    return _BY_EXTENSION.get(path.rpartition(".")[2].lower(), assumed)


def parse_media(part: JsonObject, where: str) -> Part:
    """A part with `inlineData` or `fileData`. Its type and whatever else it says is kept for the same dialect."""
    if "inlineData" in part:
        return _parse_blob(part, where)
    file = camel_keys(_inner(part, "fileData", where))
    uri, mime_type = text_of(file.get("fileUri")), text_of(file.get("mimeType"))
    if uri is None:
        raise InvalidRequest(f"{where}.fileData.fileUri: must be a string.")
    extras = _extras(part, "fileData", unknown(file, _FILE_KEYS), mime_type)
    if mime_type is not None and mime_type.startswith("image/"):
        return Image(uri, extras=extras)
    if mime_type is not None and mime_type.startswith("video/"):
        return Video(uri, extras=extras)
    return File(uri, extras=extras)


def _parse_blob(part: JsonObject, where: str) -> Part:
    blob = camel_keys(_inner(part, "inlineData", where))
    data, mime_type = blob.get("data"), text_of(blob.get("mimeType"))
    if not isinstance(data, str) or mime_type is None:
        raise InvalidRequest(f"{where}.inlineData: needs mimeType and data.")
    extras = _extras(part, "inlineData", unknown(blob, _BLOB_KEYS), None)
    if mime_type.startswith("audio/"):
        name = _FORMATS.get(mime_type, mime_type.removeprefix("audio/"))
        return Audio(data, name, extras=_extras(part, "inlineData", unknown(blob, _BLOB_KEYS), mime_type))
    url = data_url(mime_type, data)
    if mime_type.startswith("image/"):
        return Image(url, extras=extras)
    return Video(url, extras=extras) if mime_type.startswith("video/") else File(url, extras=extras)


def _inner(part: JsonObject, name: str, where: str) -> JsonObject:
    inner = part.get(name)
    if not isinstance(inner, dict):
        raise InvalidRequest(f"{where}.{name}: must be an object.")
    return inner


def _extras(
    part: JsonObject, name: str, inner: JsonObject | None, mime_type: str | None
) -> JsonObject | None:
    """Fields beside the data; `thoughtSignature` is told elsewhere."""
    rest = unknown(part, frozenset({name, "thoughtSignature", "thought"})) or {}
    inside = dict(inner or {})
    if mime_type is not None:
        inside["mimeType"] = mime_type
    if inside:
        rest[name] = inside
    return rest or None


def with_extras(rendered: JsonObject, extras: JsonObject | None) -> JsonObject:
    """The part with what the same dialect had said beside."""
    for key, value in (extras or {}).items():
        inner = rendered.get(key)
        rendered[key] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, dict) else value
    return rendered
