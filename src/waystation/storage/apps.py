"""Which apps the sums of each key are told apart by. Clients choose what their apps are called, and sums stay for good."""

from collections.abc import Iterable
from typing import TypeAlias

MOST = 100
"""Apps of one key: those that came first. All that come later are one together."""
App: TypeAlias = tuple[str, str]
"""Its name and its origin; "" is none."""
NONE: App = ("", "")
OTHER: App = ("(other)", "")


class Apps:
    """The apps that are known by now. Every process counts by itself, so that a few more than `MOST` may get in."""

    def __init__(self) -> None:
        self._known: dict[str, set[App]] = {}

    def learn(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Know these already: hash of the key, name, origin."""
        for key_hash, name, origin in rows:
            self._known.setdefault(key_hash, set()).add((name, origin))

    def told(self, key_hash: str, name: str, origin: str) -> App:
        """What an app of this key is summed as."""
        app = (name, origin)
        if app == NONE:
            return app
        known = self._known.setdefault(key_hash, set())
        if app in known:
            return app
        if len(known) >= MOST:
            return OTHER
        known.add(app)
        return app
