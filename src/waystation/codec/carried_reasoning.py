"""Reasoning of one maker inside the opaque field that another maker's wire has for its own, so that it comes back whole.

A wire with one opaque text for a thought (a signature, encrypted content) has no place to say whose it is. What another
maker signed or sealed is packed into that text behind a mark, and told apart from the wire's own when a client sends it
back. Nothing is secret in it: it is what the chat wire shows as `reasoning_details`.
"""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from typing import Final

from msgspec import DecodeError, ValidationError, json

from waystation.operations.parts import Reasoning

_MARK: Final = "ws1."
_ENCODE: Final = json.Encoder().encode
_DECODE: Final = json.Decoder(list[Reasoning]).decode


def carry(details: Sequence[Reasoning]) -> str:
    """These details as one opaque text."""
    return _MARK + b64encode(_ENCODE(details)).decode()


def carried(text: str | None) -> list[Reasoning]:
    """The details in a text that `carry` made; none in any other."""
    if text is None or not text.startswith(_MARK):
        return []
    try:
        return _DECODE(b64decode(text[len(_MARK) :], validate=True))
    except (DecodeError, ValidationError, Error, RecursionError, ValueError):
        return []
