"""What every provider's failures become, found out by asking the code."""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Protocol

from spoken_operations import EMBEDDINGS, RERANK
from waystation import errors
from waystation.app.outward import OUTWARD
from waystation.codec.dialect import Headers
from waystation.codec.upstream_error import error_by_status
from waystation.errors import GatewayError, ProviderError


class ReadsErrors(Protocol):
    """Any wire, whatever it is for."""

    @property
    def name(self) -> str:
        """What the code calls it."""
        ...

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """What a provider's error answer means."""
        ...


STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 424, 429, 498, 499, 500, 502, 503, 504, 524, 529)
CODES = ("context_length_exceeded", "content_filter")


def page() -> str:
    """The page for docs/reference."""
    lines = [
        "# Errors, as the code has them",
        "",
        "Made by `make reference`; a test compares it. [Errors](../errors.md) explains what clients see.",
        "",
        "## The kinds",
        "",
        "| kind | status | `error_type` | another endpoint is tried | when |",
        "| --- | --- | --- | --- | --- |",
        *(_kind_row(kind) for kind in _kinds(GatewayError)),
        "",
        "## A provider's status",
        "",
        "What a provider's answer means where its body says nothing better. Only the text of a refused request is passed on, without",
        "addresses, keys and account names.",
        "",
        "| provider says | kind | the client gets | `error_type` |",
        "| --- | --- | --- | --- |",
        *(_status_row(status) for status in STATUSES),
        *(_code_row(code) for code in CODES),
        "",
        "This holds for every wire, of chats as of embeddings and rerank:",
        f"{', '.join(f'`{wire.name}`' for wire in _wires())}.",
        "The exceptions:",
        "",
        "| wire | provider says | kind | the client gets | `error_type` |",
        "| --- | --- | --- | --- | --- |",
        *_exceptions(),
    ]
    for title, names in _tables().items():
        lines += [
            "",
            f"## A provider's own words: `{title}`",
            "",
            "In a stream or inside a 200 answer these count as the status beside them; of an answer with an error status too, where the",
            "two differ on some wires.",
            "",
            "| provider says | as | kind | the client gets | `error_type` |",
            "| --- | --- | --- | --- | --- |",
            *(_word_row(word, status) for word, status in sorted(names.items())),
        ]
    return "\n".join(lines) + "\n"


def _kinds(kind: type[GatewayError]) -> list[type[GatewayError]]:
    return [
        one
        for child in kind.__subclasses__()
        if child.__module__ == errors.__name__
        for one in (child, *_kinds(child))
    ]


def _kind_row(kind: type[GatewayError]) -> str:
    helps = "" if not issubclass(kind, ProviderError) else "yes" if kind.another_endpoint_may_help else "no"
    when = (kind.__doc__ or "").splitlines()[0]
    return f"| `{kind.__name__}` | {kind.status} | `{kind.error_type}` | {helps} | {when} |"


def _status_row(status: int) -> str:
    return f"| {status} | {_outcome(error_by_status(status))} |"


def _wires() -> list[ReadsErrors]:
    return sorted((*OUTWARD, *EMBEDDINGS, *RERANK), key=lambda wire: wire.name)


def _exceptions() -> list[str]:
    """Where a wire means something else by a status than HTTP does."""
    found = []
    for wire in _wires():
        for status in STATUSES:
            outcome = _outcome(wire.parse_error(status, [], b"{}"))
            if outcome != _outcome(error_by_status(status)):
                found.append(f"| `{wire.name}` | {status} | {outcome} |")
    return found


def _code_row(code: str) -> str:
    return f"| 400 with `{code}`, or words to that effect | {_outcome(error_by_status(400, code=code))} |"


def _word_row(word: str, status: int) -> str:
    return f"| `{word}` | {status} | {_outcome(error_by_status(status, code=word))} |"


def _outcome(error: ProviderError) -> str:
    return f"`{type(error).__name__}` | {error.status} | `{error.error_type}`"


def _tables() -> dict[str, Mapping[str, int]]:
    """The words of each dialect that has some, from the table that its parser reads."""
    found: dict[str, Mapping[str, int]] = {}
    for dialect in OUTWARD:
        module = _errors_of(type(dialect).__module__)
        words = getattr(module, "STATUSES", None)
        if words:
            found.setdefault(module.__name__.split(".")[-2], words)
    return dict(sorted(found.items()))


def _errors_of(package: str) -> ModuleType:
    try:
        return import_module(f"{package}.errors")
    except ModuleNotFoundError:
        return import_module(package)
