"""How secrets are hidden wherever a configuration is shown."""

import re

MASK = "********"

_USER_INFO = re.compile(r"(://)[^/@\s]+@")
_QUERY = re.compile(r"([?&][^=&\s]+=)[^&\s]+")


def without_credentials(text: str) -> str:
    """The text with the user, password and query values of its URLs masked."""
    return _QUERY.sub(rf"\g<1>{MASK}", _USER_INFO.sub(rf"\g<1>{MASK}@", text))


def harmless(value: object) -> object:
    """A value of JSON types with every URL inside it without credentials."""
    match value:
        case str():
            return without_credentials(value)
        case list() | tuple():
            return [harmless(element) for element in value]
        case dict():
            return {key: harmless(inner) for key, inner in value.items() if inner is not None}
    return value
