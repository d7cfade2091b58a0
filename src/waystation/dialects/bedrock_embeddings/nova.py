"""Amazon's Nova embeddings on `InvokeModel`: one piece a call, of any kind. Source: the Amazon Nova user guide."""

from typing import Final

from waystation.codec.data_url import parse_data_url
from waystation.codec.embedding_inputs import is_plain, refuse_tokens, text_of
from waystation.codec.embedding_purpose import purpose_of
from waystation.codec.json_answer import objects_at
from waystation.errors import InvalidRequest
from waystation.operations.embeddings import Content, EmbeddingInput, EmbeddingsRequest
from waystation.operations.parts import Audio, Image, JsonObject, Video

_PURPOSES: Final = {
    "query": "GENERIC_RETRIEVAL",
    "document": "GENERIC_INDEX",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
_UNSAID_PURPOSE: Final = "GENERIC_INDEX"
"""What to say where the caller does not: the wire demands one."""


def render_body(request: EmbeddingsRequest, native_id: str, dropped: list[str]) -> JsonObject:
    """One embedding of one piece; text that is too long is refused, not cut."""
    del native_id
    purpose = _PURPOSES.get(purpose_of(request.input_type) or "")
    if request.input_type is not None and purpose is None:
        dropped.append("input_type")
    wanted: JsonObject = {"embeddingPurpose": purpose or _UNSAID_PURPOSE}
    if request.dimensions is not None:
        wanted["embeddingDimension"] = request.dimensions
    return {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": wanted | _render_piece(request.inputs[0]),
    }


def vectors_in(value: JsonObject) -> list[object]:
    """The vector of each kind of content: one, for one piece."""
    return [item.get("embedding") for item in objects_at(value, "embeddings")]


def _render_piece(one: EmbeddingInput) -> JsonObject:
    refuse_tokens(one)
    if is_plain(one) or not isinstance(one, Content):
        return {"text": {"truncationMode": "NONE", "value": text_of(one)}}
    match one.parts:
        case (Image(url=url),):
            return {"image": {"detailLevel": "STANDARD_IMAGE"} | _source(url)}
        case (Video(url=url),):
            return {"video": {"embeddingMode": "AUDIO_VIDEO_COMBINED"} | _source(url)}
        case (Audio(data=data, format=form),):
            return {"audio": {"format": form, "source": {"bytes": data}}}
        case _:
            raise InvalidRequest("input: this model takes one text, image, sound or video an input.")


def _source(url: str) -> JsonObject:
    told = parse_data_url(url)
    if told is None:
        raise InvalidRequest("input: this model takes media as data URLs only.")
    form = told.media_type.rpartition("/")[2].replace("jpg", "jpeg").replace("quicktime", "mov")
    return {"format": form, "source": {"bytes": told.data}}
