"""`EmbeddingsRequest` -> the body of `POST /embeddings`, in one provider's spelling."""

from typing import Final

from waystation.codec.dialect import RenderedRequest, Target
from waystation.codec.embedding_inputs import is_plain, refuse_tokens, text_of
from waystation.codec.embedding_purpose import purpose_of
from waystation.dialects.openai_embeddings.spelling import Spelling
from waystation.dialects.openai_embeddings.voyage import (
    as_contextual,
    as_multimodal,
    is_contextual,
    is_multimodal,
)
from waystation.errors import InvalidRequest
from waystation.operations.embeddings import Content, EmbeddingInput, EmbeddingsRequest, Tokens
from waystation.operations.parts import Audio, File, Image, JsonObject, Part, Text, Video

PATH: Final = "/embeddings"


def render_request(request: EmbeddingsRequest, target: Target, spelling: Spelling) -> RenderedRequest:
    """Path, body, names of what was dropped. Some of Voyage's models have a path of their own."""
    if spelling.voyage and is_multimodal(target.native_id):
        return as_multimodal(_render_wishes(request, target, spelling), request.inputs)
    if spelling.voyage and is_contextual(target.native_id):
        return as_contextual(_render_wishes(request, target, spelling), request.inputs)
    rendered = _render_wishes(request, target, spelling)
    rendered.body["input"] = [_render_input(one, spelling) for one in request.inputs]
    return rendered


def _render_wishes(request: EmbeddingsRequest, target: Target, spelling: Spelling) -> RenderedRequest:
    """All but the inputs."""
    dropped: list[str] = []
    body: JsonObject = {"model": target.native_id} | spelling.fixed
    if request.dimensions is not None:
        body[spelling.dimensions] = request.dimensions
    if request.encoding_format is not None and spelling.encoding:
        body[spelling.encoding] = request.encoding_format
    _add_purpose(body, request, spelling, dropped)
    if request.user is not None:
        if spelling.user:
            body["user"] = request.user
        else:
            dropped.append("user")
    if request.extras:
        if request.dialect == spelling.name:
            body |= request.extras
        else:
            dropped += request.extras
    return RenderedRequest(PATH, body, dropped, [])


def _add_purpose(
    body: JsonObject, request: EmbeddingsRequest, spelling: Spelling, dropped: list[str]
) -> None:
    asked = request.input_type
    word = spelling.purposes.get(purpose_of(asked) or "")
    if asked is not None and spelling.keeps_purposes:
        word = asked
    if asked is not None and word is None:
        dropped.append("input_type")
    word = word or spelling.unsaid_purpose
    if word is not None:
        body[spelling.purpose] = word


def _render_input(one: EmbeddingInput, spelling: Spelling) -> object:
    if isinstance(one, Tokens):
        if not spelling.tokens:
            refuse_tokens(one)
        return list(one.ids)
    if spelling.media == "none" or is_plain(one) or not isinstance(one, Content):
        return text_of(one)
    if spelling.media == "single":
        return _single(one)
    return {"content": [_render_part(part) for part in one.parts]}


def _single(content: Content) -> JsonObject:
    match content.parts:
        case (Image(url=url),):
            # Bytes stand bare on this wire.
            return {"image": url.partition(";base64,")[2] if url.startswith("data:") else url}
        case _:
            raise InvalidRequest("input: this model takes one text or one image an input.")


def _render_part(part: Part) -> JsonObject:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Image(url=url):
            return {"type": "image_url", "image_url": {"url": url}}
        case Audio(data=data, format=form):
            return {"type": "input_audio", "input_audio": {"data": data, "format": form}}
        case Video(url=url):
            return {"type": "video_url", "video_url": {"url": url}}
        case File(data=str(data), filename=name):
            return {"type": "file", "file": {"file_data": data, "filename": name or "file"}}
        case _:
            raise InvalidRequest("input: holds a part that cannot be embedded.")
