"""How large a prompt is, told as cheaply as the question allows."""

from collections.abc import Callable


class PromptSize:
    """A prompt's bytes are known and bound its tokens, which are estimated only when that is not enough."""

    __slots__ = ("_estimate", "_tokens", "bound")

    def __init__(self, bound: int, estimate: Callable[[], int]) -> None:
        self.bound = bound
        self._estimate = estimate
        self._tokens: int | None = None

    @property
    def tokens(self) -> int:
        """The estimated tokens."""
        if self._tokens is None:
            self._tokens = self._estimate()
        return self._tokens

    def fits(self, context_length: int | None) -> bool:
        """Whether the prompt fits into a context of so many tokens; None is unknown, so it may."""
        return context_length is None or self.bound <= context_length or self.tokens <= context_length
