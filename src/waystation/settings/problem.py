"""How a wrong configuration is refused: one error, whose message names the place and never repeats a value that may be secret."""

import difflib
import re
from collections.abc import Iterable, Mapping

_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


class SettingsError(Exception):
    """The configuration cannot be used. `message` is for the operator: one line, the place first."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def suggestion(word: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?` where a known word looks like this one, else the known words, or nothing."""
    choices = sorted(known)
    close = difflib.get_close_matches(word, choices, 1, 0.6)
    if close:
        return f' Did you mean "{close[0]}"?'
    return f" Known: {', '.join(choices)}." if choices else ""


def in_words(validation_message: str, explained: Mapping[str, str]) -> str:
    """A message of msgspec without its ` - at $.path`, in an operator's words; `explained` says what a pattern wants."""
    message = validation_message.partition(" - at `")[0]
    _, matching, pattern = message.partition("matching regex ")
    if matching:
        plain = pattern.strip("'").replace("\\\\", "\\")
        return f"expected {explained.get(plain, 'another form')}"
    message = re.sub(r"`([a-z |]+)`", lambda found: _type_in_words(found[1]), message)
    return message[:1].lower() + message[1:]


def inner_path(validation_message: str) -> tuple[str, ...]:
    """Where inside a value msgspec found the fault: `$[0].prompt` is `("0", "prompt")`."""
    _, _, path = validation_message.partition(" - at `$")
    return tuple(re.findall(r"[^.\[\]`]+", path))


def _type_in_words(names: str) -> str:
    known = [_WORDS.get(name, name) for name in names.split(" | ") if name != "null" or names == "null"]
    return " or ".join(known)
