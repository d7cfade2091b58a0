"""Images and documents toward this wire: by URL, as base64, as text, or by the id of an uploaded file."""

from typing import Final

from waystation.codec.data_url import parse_data_url
from waystation.errors import InvalidRequest
from waystation.operations.parts import File, Image, JsonObject

FILES_BETA: Final = "files-api-2025-04-14"
_PDF: Final = "application/pdf"


def render_image(image: Image) -> JsonObject:
    """An `image` block."""
    return {"type": "image", "source": _source(image.url)}


def render_document(file: File) -> JsonObject:
    """A `document` block (an `image` where the file is one)."""
    if file.file_id is not None:
        source: JsonObject = {"type": "file", "file_id": file.file_id}
    elif file.data:
        source = _source(file.data)
    else:
        raise InvalidRequest("file: has neither data nor an id.")
    media_type = source.get("media_type")
    if isinstance(media_type, str) and media_type.startswith("image/"):
        return {"type": "image", "source": source}
    block: JsonObject = {"type": "document", "source": source}
    if file.filename:
        block["title"] = file.filename
    return block


def _source(url: str) -> JsonObject:
    """Where the bytes are. Bare base64, which some clients send for files, counts as a PDF."""
    if url.startswith(("https://", "http://")):
        return {"type": "url", "url": url}
    told = parse_data_url(url)
    if told is None:
        return {"type": "base64", "media_type": _PDF, "data": url}
    media_type = told.media_type
    if media_type.startswith("text/") or media_type == "application/json":
        try:
            return {"type": "text", "media_type": "text/plain", "data": told.content.decode()}
        except UnicodeDecodeError:
            raise InvalidRequest("file: the data URL does not hold text.") from None
    return {"type": "base64", "media_type": media_type.replace("image/jpg", "image/jpeg"), "data": told.data}
