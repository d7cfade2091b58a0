"""What the pipeline needs of the connection to the client. `server.answer.Answer` is one."""

from collections.abc import Callable, Sequence
from typing import Protocol

Headers = Sequence[tuple[bytes, bytes]]


class Caller(Protocol):
    """The client's side of one request: at most one answer, begun once and finished once."""

    @property
    def started(self) -> bool:
        """Whether the status line went out, so that nothing but the stream itself can say more."""
        ...

    @property
    def full(self) -> bool:
        """Whether the client is slow to take what was said already."""
        ...

    def reply(self, status: int, content_type: bytes, headers: Headers, body: bytes) -> None:
        """A whole answer at once."""
        ...

    def start(self, status: int, content_type: bytes, headers: Headers) -> None:
        """Begin a streamed answer."""
        ...

    async def send(self, data: bytes) -> None:
        """One piece of a streamed answer; returns when the connection can take more."""
        ...

    def finish(self, data: bytes) -> None:
        """The last piece."""
        ...

    def listen(self, gone: Callable[[], None]) -> None:
        """Call `gone` when the client hangs up before its answer is finished."""
        ...
