"""Inputs and purposes in Gemini's words, for AI Studio and Vertex alike. Source: Google's guide to embeddings.

Models of the first generation take a task beside the text; later ones are told it in the text itself, as the guide says.
"""

from typing import Final

from waystation.codec.data_url import parse_data_url
from waystation.codec.embedding_inputs import is_plain, refuse_tokens, text_of
from waystation.codec.embedding_purpose import DOCUMENT, purpose_of
from waystation.errors import InvalidRequest
from waystation.operations.embeddings import Content, EmbeddingInput
from waystation.operations.parts import Audio, File, Image, JsonObject, Part, Text, Video

TASKS: Final = {
    "query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
    "similarity": "SEMANTIC_SIMILARITY",
    "question_answering": "QUESTION_ANSWERING",
    "fact_verification": "FACT_VERIFICATION",
    "code_query": "CODE_RETRIEVAL_QUERY",
    "code_document": "RETRIEVAL_DOCUMENT",
}
_SPOKEN_TASKS: Final = {
    "query": "search result",
    "classification": "classification",
    "clustering": "clustering",
    "similarity": "sentence similarity",
    "question_answering": "question answering",
    "fact_verification": "fact checking",
    "code_query": "code retrieval",
}
_FIRST: Final = ("gemini-embedding-001", "gemini-embedding-exp", "text-", "embedding-", "textembedding-")


def is_first_generation(native_id: str) -> bool:
    """Whether the model takes text only, with a task beside it."""
    return native_id.rpartition("/")[2].startswith(_FIRST)


def task_of(input_type: str | None, dropped: list[str]) -> str | None:
    """The wire's word for what the caller named; noted where it has none."""
    task = TASKS.get(purpose_of(input_type) or "")
    if input_type is not None and task is None:
        dropped.append("input_type")
    return task


def spoken(one: EmbeddingInput, input_type: str | None) -> EmbeddingInput:
    """A text with its purpose before it, as later models want it; media and unnamed purposes as they are."""
    purpose = purpose_of(input_type) or ""
    if not is_plain(one):
        return one
    text = text_of(one)
    if purpose in {DOCUMENT, "code_document"}:
        return f"title: none | text: {text}"
    task = _SPOKEN_TASKS.get(purpose)
    return text if task is None else f"task: {task} | query: {text}"


def render_content(one: EmbeddingInput) -> JsonObject:
    """`content`: one input, whatever it is made of."""
    refuse_tokens(one)
    parts = one.parts if isinstance(one, Content) else (Text(text_of(one)),)
    return {"parts": [_render_part(part) for part in parts]}


def _render_part(part: Part) -> JsonObject:
    match part:
        case Text(text=text):
            return {"text": text}
        case Image(url=url) | Video(url=url) | File(data=str(url)):
            return _render_url(url)
        case Audio(data=data, format=form):
            return {"inlineData": {"mimeType": f"audio/{form}", "data": data}}
        case _:
            raise InvalidRequest("input: holds a part that this model cannot embed.")


def _render_url(url: str) -> JsonObject:
    told = parse_data_url(url)
    if told is not None:
        return {"inlineData": {"mimeType": told.media_type, "data": told.data}}
    if url.startswith("gs://"):
        return {"fileData": {"fileUri": url}}
    raise InvalidRequest("input: this model takes media as data URLs only.")
