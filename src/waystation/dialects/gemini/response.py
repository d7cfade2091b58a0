"""A whole answer, in both directions. It is read as a stream of one chunk, so both are translated by the same rules."""

from typing import Final

from msgspec import DecodeError, json

from waystation.codec.assemble import assemble
from waystation.dialects.gemini.reader import Reader
from waystation.errors import BadResponse, ProviderError
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import StreamError

_DECODE: Final = json.Decoder().decode


def parse_response(body: bytes) -> ChatResult:
    """A `GenerateContentResponse`, or a list of them. An error in it is raised, unless text came before it."""
    try:
        value = _DECODE(body)
    except (DecodeError, RecursionError, UnicodeDecodeError):
        raise BadResponse("The provider's answer is not valid JSON.") from None
    return result_of(value if isinstance(value, list) else [value])


def result_of(values: list[object]) -> ChatResult:
    """The answer that these decoded objects tell together."""
    reader = Reader()
    events = []
    try:
        for value in values:
            if not isinstance(value, dict):
                raise BadResponse("The provider's answer is not an object.")
            reader.read(value)
        reader.finish()
    except ProviderError as error:
        events = [*reader.take(), StreamError(error)]
    return assemble(events or reader.take())
