"""A client's connection that is never used."""

from collections.abc import Callable

from waystation.pipeline.caller import Headers


class Nobody:
    """Whatever is said to it is a mistake; `gone` is what to call when it hangs up."""

    started = full = False

    def reply(self, status: int, content_type: bytes, headers: Headers, body: bytes) -> None:
        raise NotImplementedError

    def start(self, status: int, content_type: bytes, headers: Headers) -> None:
        raise NotImplementedError

    async def send(self, data: bytes) -> None:
        raise NotImplementedError

    def finish(self, data: bytes) -> None:
        raise NotImplementedError

    def listen(self, gone: Callable[[], None]) -> None:
        self.gone = gone
