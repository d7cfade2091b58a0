"""Reasoning of one maker inside the opaque field that another maker's wire has for its own, so that it comes back whole.

A wire with one opaque text, base64 on some, for a thought (a signature, encrypted content) has no place to say whose it is. What another
maker signed or sealed is packed into that text behind a mark, and told apart from the wire's own when a client sends it
back. Nothing is secret in it: it is what the chat wire shows as `reasoning_details`.
"""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from typing import Final

from msgspec import DecodeError, ValidationError, json

from waystation.operations.parts import Reasoning

_MARK: Final = b"ws-carried1:"
_HEAD: Final = b64encode(_MARK).decode()
"""Its length is a multiple of three: what follows does not change how it begins in base64."""
_STANDARD: Final = str.maketrans("-_", "+/")
_ENCODE: Final = json.Encoder().encode
_DECODE: Final = json.Decoder(list[Reasoning]).decode


def carry(details: Sequence[Reasoning]) -> str:
    """These details as one opaque text."""
    return b64encode(_MARK + _ENCODE(details)).decode()


def carried(text: str | None) -> list[Reasoning]:
    """The details in a text that `carry` made; none in any other."""
    if text is None or not text.startswith(_HEAD):
        return []
    try:
        # Clients that hold it as bytes may spell it in the alphabet for URLs.
        return _DECODE(b64decode(text.translate(_STANDARD), validate=True)[len(_MARK) :])
    except (DecodeError, ValidationError, Error, RecursionError, ValueError):
        return []
