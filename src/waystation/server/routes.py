"""Which handler answers: by exact path in a dict, else by how a path begins and ends, else the one for everything else."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from msgspec import Struct

from waystation.server.answer import Answer
from waystation.server.request import Reply, Request

Handler = Callable[[Request, Answer], Awaitable[None]]
Admit = Callable[[Request], Reply | None]
Refuse = Callable[[int, str, Request | None], Reply]
"""What to say with a status and a reason; the request where its head was understood."""
_BODY: Final = 100 * 2**20


class Route(Struct, frozen=True):
    """A handler, and what is decided before it runs."""

    handler: Handler
    max_body_bytes: int = _BODY
    """The whole body is gathered before the handler runs; larger ones are refused with 413."""
    admit: Admit | None = None
    """Asked with the head alone when the body is still to come: a reply refuses the request before its body is read."""


class Pattern(Struct, frozen=True):
    """Paths that hold a name between a beginning and one of these endings."""

    prefix: str
    endings: tuple[str, ...]


class Routes(Struct, frozen=True):
    """All handlers of a server."""

    exact: Mapping[str, Route]
    """By decoded path, whatever the method."""
    other: Route
    refuse: Refuse
    patterns: Mapping[Pattern, Route] = {}
    """A small table, looked through in its order when no exact path was found."""

    def find(self, path: str) -> Route:
        """The route of a path."""
        route = self.exact.get(path)
        if route is not None:
            return route
        for pattern, route in self.patterns.items():
            if path.startswith(pattern.prefix) and path.endswith(pattern.endings):
                return route
        return self.other


def refuse_plainly(status: int, reason: str, request: Request | None) -> Reply:
    """The reason as text, for servers with no error format of their own."""
    del request
    return Reply(status, b"text/plain; charset=utf-8", reason.encode() + b"\n")
