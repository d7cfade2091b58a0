"""Gemini's embeddings: `batchEmbedContents` at AI Studio, `predict` and `embedContent` at Vertex. Outward only.

Vectors are numbers on these wires; base64 is made of them for clients that want it.
"""

from typing import Final

from waystation.codec.dialect import Headers, RenderedRequest, Target
from waystation.codec.embedding_inputs import texts_of
from waystation.codec.json_answer import parse_json_error
from waystation.codec.path_segment import path_segment
from waystation.dialects.gemini_embeddings.answer import parse_response
from waystation.dialects.gemini_embeddings.contents import (
    is_first_generation,
    render_content,
    spoken,
    task_of,
)
from waystation.errors import InvalidRequest, ProviderError
from waystation.operations.embeddings import EmbeddingsRequest, EmbeddingsResult
from waystation.operations.parts import JsonObject

MOST_INPUTS: Final = 100
MOST_PREDICTIONS: Final = 250
_ONE_BY_ONE: Final = "gemini-"
"""Vertex takes one input a call for these."""


class GeminiEmbeddings:
    """The dialect `gemini_embeddings`; see `codec.operation_dialect.EmbeddingsOutward` for what each method owes."""

    name = "gemini_embeddings"

    def most_inputs(self, target: Target) -> int:
        """The same for all models."""
        del target
        return MOST_INPUTS

    def render_request(self, request: EmbeddingsRequest, target: Target) -> RenderedRequest:
        """The body for `POST /models/{model}:batchEmbedContents`."""
        dropped = _dropped(request)
        task = task_of(request.input_type, dropped)
        first = is_first_generation(target.native_id)
        name = target.native_id.removeprefix("models/")
        shared: JsonObject = {"model": f"models/{name}"}
        if task is not None and first:
            shared["taskType"] = task
        if request.dimensions is not None:
            shared["outputDimensionality"] = request.dimensions
        inputs = request.inputs if first else [spoken(one, request.input_type) for one in request.inputs]
        body: JsonObject = {"requests": [shared | {"content": render_content(one)} for one in inputs]}
        return RenderedRequest(f"/models/{path_segment(name)}:batchEmbedContents", body, dropped, [])

    def parse_response(self, body: bytes, headers: Headers, request: EmbeddingsRequest) -> EmbeddingsResult:
        """`BadResponse`, or the error told inside a 200 answer."""
        del headers
        return parse_response(body, request, self.name)

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status."""
        return parse_json_error(status, headers, body)


class VertexEmbeddings(GeminiEmbeddings):
    """The dialect `vertex_embeddings`: the same models, asked in Vertex's ways. Texts too long are refused, not cut."""

    name = "vertex_embeddings"

    def most_inputs(self, target: Target) -> int:
        """One a call for Gemini's own models."""
        return 1 if target.native_id.startswith(_ONE_BY_ONE) else MOST_PREDICTIONS

    def render_request(self, request: EmbeddingsRequest, target: Target) -> RenderedRequest:
        """The body for `:predict`, or for `:embedContent` where the model takes more than text."""
        most = self.most_inputs(target)
        if len(request.inputs) > most:
            raise InvalidRequest(f"input: this model takes {most} at once.")
        dropped = _dropped(request)
        task = task_of(request.input_type, dropped)
        config: JsonObject = {"autoTruncate": False}
        if request.dimensions is not None:
            config["outputDimensionality"] = request.dimensions
        path = f"/publishers/google/models/{path_segment(target.native_id)}"
        if is_first_generation(target.native_id):
            about: JsonObject = {} if task is None else {"task_type": task}
            instances = [about | {"content": text} for text in texts_of(request.inputs)]
            body: JsonObject = {"instances": instances, "parameters": config}
            return RenderedRequest(f"{path}:predict", body, dropped, [])
        content = render_content(spoken(request.inputs[0], request.input_type))
        return RenderedRequest(
            f"{path}:embedContent", {"content": content, "embedContentConfig": config}, dropped, []
        )


def _dropped(request: EmbeddingsRequest) -> list[str]:
    return [*(["user"] if request.user is not None else []), *(request.extras or ())]


DIALECT = GeminiEmbeddings()
VERTEX = VertexEmbeddings()
