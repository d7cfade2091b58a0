"""Ids of tool calls: Mistral takes exactly nine letters and digits, and refuses every other provider's."""

import hashlib
import re
import string
from typing import Final

_OWN: Final = re.compile(r"[A-Za-z0-9]{9}")
_DIGITS: Final = string.digits + string.ascii_letters
_LENGTH: Final = 9


def short_call_id(call_id: str) -> str:
    """The id as it is where Mistral could have given it, else nine characters that always stand for this id."""
    if _OWN.fullmatch(call_id):
        return call_id
    number = int.from_bytes(hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).digest())
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)
