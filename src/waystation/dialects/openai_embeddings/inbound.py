"""`POST /embeddings` for clients: OpenAI's wire with OpenRouter's extensions (contract section 22)."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, ValidationError, convert, json

from waystation.codec.cost_fields import cost_fields
from waystation.codec.dialect import Identity
from waystation.codec.request_body import GATEWAY_KEYS, checked, decode_object, describe, gateway_fields
from waystation.codec.request_body import GatewayFields as Gateway
from waystation.codec.vectors import base64_of, numbers_of
from waystation.errors import InvalidRequest
from waystation.operations.embeddings import (
    Content,
    EmbeddingInput,
    EmbeddingsRequest,
    EmbeddingsResult,
    Tokens,
    Vector,
)
from waystation.operations.parts import Audio, File, Image, JsonObject, Part, Text, Video
from waystation.operations.preferences import Name
from waystation.operations.usage import Cost, Usage

NAME: Final = "openai_embeddings"
_ENCODE: Final = json.Encoder().encode
_TokenId = Annotated[int, Meta(ge=0, le=2**31)]


class WireInput(Struct):
    """An input of several pieces."""

    content: list[JsonObject]


class WireRequest(Gateway):
    """The body. Source: schema of `createEmbeddings`."""

    input: str | list[object] | None = None
    model: Name | None = None
    dimensions: Annotated[int, Meta(ge=1, le=2**20)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    input_type: str | None = None


_KEYS: Final = frozenset(WireRequest.__struct_fields__) | GATEWAY_KEYS
_CARRIED: Final = ("provider", "user", "models")


class Inbound:
    """See `codec.operation_dialect.EmbeddingsInward` for what each method owes."""

    def parse_request(self, body: bytes) -> EmbeddingsRequest:
        """`InvalidRequest` names the field."""
        value = decode_object(body)
        wire = checked(value, WireRequest)
        told = gateway_fields(value, wire)
        extras = {key: field for key, field in value.items() if key not in _KEYS and field is not None}
        return EmbeddingsRequest(
            NAME,
            wire.model or "",
            _inputs(wire.input),
            wire.dimensions,
            wire.encoding_format,
            wire.input_type,
            extras=extras or None,
            **{name: told[name] for name in _CARRIED if name in told},
        )

    def render_response(
        self, result: EmbeddingsResult, request: EmbeddingsRequest, identity: Identity, cost: Cost | None
    ) -> bytes:
        """The vectors in the form that was asked for, whatever they came as."""
        as_text = request.encoding_format == "base64"
        body: JsonObject = {
            "id": identity.id,
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": _said(vector, as_text=as_text)}
                for index, vector in enumerate(result.vectors)
            ],
            "model": identity.model,
            "provider": identity.provider,
        }
        if result.usage is not None:
            body["usage"] = _usage(result.usage, cost)
        return _ENCODE(body)


def _inputs(value: str | list[object] | None) -> tuple[EmbeddingInput, ...]:
    """A text, token ids, or a list of texts, of lists of token ids, or of pieces."""
    if value is None:
        raise InvalidRequest("input: is required.")
    if isinstance(value, str):
        value = [value]
    if not value:
        raise InvalidRequest("input: must not be empty.")
    if all(isinstance(one, int) and not isinstance(one, bool) for one in value):
        return (_tokens(value, "input"),)
    return tuple([_input(one, f"input[{index}]") for index, one in enumerate(value)])


def _input(one: object, where: str) -> EmbeddingInput:
    if isinstance(one, str):
        if not one:
            raise InvalidRequest(f"{where}: must not be empty.")
        return one
    if isinstance(one, list):
        return _tokens(one, where)
    try:
        pieces = convert(one, WireInput).content
    except ValidationError as error:
        raise InvalidRequest(describe(error, where)) from None
    if not pieces:
        raise InvalidRequest(f"{where}.content: must not be empty.")
    return Content(tuple([_part(piece, f"{where}.content[{at}]") for at, piece in enumerate(pieces)]))


def _tokens(ids: list[object], where: str) -> Tokens:
    try:
        found = convert(ids, tuple[_TokenId, ...])
    except ValidationError as error:
        raise InvalidRequest(describe(error, where)) from None
    if not found:
        raise InvalidRequest(f"{where}: must not be empty.")
    return Tokens(found)


def _part(piece: JsonObject, where: str) -> Part:
    kind = piece.get("type")
    if kind == "text":
        return Text(_text(piece, "text", where))
    if kind == "image_url":
        return Image(_text(_object(piece, "image_url", where), "url", f"{where}.image_url"))
    if kind == "input_audio":
        sound = _object(piece, "input_audio", where)
        place = f"{where}.input_audio"
        return Audio(_text(sound, "data", place), _text(sound, "format", place))
    if kind == "input_video":
        return Video(_media(piece, kind, "video", where))
    if kind == "input_file":
        return File(_media(piece, kind, "application", where))
    raise InvalidRequest(f"{where}.type: must be text, image_url, input_audio, input_video or input_file.")


def _media(piece: JsonObject, kind: str, family: str, where: str) -> str:
    """A URL or data URL; base64 becomes one by its format."""
    media = _object(piece, kind, where)
    data = _text(media, "data", f"{where}.{kind}")
    if data.startswith(("https://", "http://", "data:")):
        return data
    return f"data:{family}/{_text(media, 'format', f'{where}.{kind}')};base64,{data}"


def _object(value: JsonObject, key: str, where: str) -> JsonObject:
    found = value.get(key)
    if not isinstance(found, dict):
        raise InvalidRequest(f"{where}.{key}: must be an object.")
    return found


def _text(value: JsonObject, key: str, where: str) -> str:
    found = value.get(key)
    if not isinstance(found, str) or not found:
        raise InvalidRequest(f"{where}.{key}: must be a string that is not empty.")
    return found


def _said(vector: Vector, *, as_text: bool) -> object:
    return base64_of(vector) if as_text else numbers_of(vector)


def _usage(usage: Usage, cost: Cost | None) -> JsonObject:
    value: JsonObject = {"prompt_tokens": usage.prompt_tokens, "total_tokens": usage.prompt_tokens}
    details: JsonObject = dict(usage.prompt_details_extras or {})
    if usage.audio_prompt_tokens:
        details["audio_tokens"] = usage.audio_prompt_tokens
    if usage.video_prompt_tokens:
        details["video_tokens"] = usage.video_prompt_tokens
    if details:
        value["prompt_tokens_details"] = details
    return value | cost_fields(cost, "upstream_inference_prompt_cost", "upstream_inference_completions_cost")


INBOUND = Inbound()
