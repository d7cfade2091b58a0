"""Mistral begins its answer to a prefill with the prefill itself. Callers expect what comes after: the echo is taken off.

Space at the end of the prefill may be missing in the echo.
"""

from msgspec import structs

from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import Event, PartEnd, TextDelta
from waystation.operations.parts import Text
from waystation.providers.base import AmendResult


def without_echo(prefix: str) -> AmendResult:
    """Takes `prefix` off the first text of each choice, where that begins with it."""

    def amend(result: ChatResult) -> ChatResult:
        return structs.replace(result, choices=tuple([_cut(choice, prefix) for choice in result.choices]))

    return amend


def _cut(choice: Choice, prefix: str) -> Choice:
    for at, part in enumerate(choice.parts):
        if isinstance(part, Text):
            rest = structs.replace(part, text=_after(prefix, part.text))
            return structs.replace(choice, parts=(*choice.parts[:at], rest, *choice.parts[at + 1 :]))
    return choice


def _after(prefix: str, text: str) -> str:
    return text[len(prefix) :] if text.startswith(prefix) else text.removeprefix(prefix.rstrip())


class EchoInEvents:
    """The same for one stream: text is held back while it may still turn out to be the echo."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._held: dict[int, list[TextDelta]] = {}
        self._over: set[int] = set()

    def amend(self, events: list[Event]) -> list[Event]:
        """The events of one read."""
        amended: list[Event] = []
        for event in events:
            if isinstance(event, TextDelta) and event.choice not in self._over:
                self._held.setdefault(event.choice, []).append(event)
                amended += self._tell(event.choice, is_last=False)
                continue
            if isinstance(event, PartEnd) and event.choice in self._held:
                amended += self._tell(event.choice, is_last=True)
            amended.append(event)
        return amended

    def _tell(self, choice: int, *, is_last: bool) -> list[Event]:
        """What of the held text is no echo; nothing while that is open."""
        held = self._held[choice]
        said = "".join([delta.text for delta in held])
        if len(said) < len(self._prefix) and self._prefix.startswith(said) and not is_last:
            return []
        self._over.add(choice)
        del self._held[choice]
        rest = _after(self._prefix, said)
        if rest == said:
            return list(held)
        return [structs.replace(held[-1], text=rest)] if rest else []
