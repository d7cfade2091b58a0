"""Which knobs a Claude model has, by its name. Source: Anthropic's guides to extended and adaptive thinking, and to effort."""

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

_OLD: Final = re.compile(r"claude-(\d)(?:[-.](\d))?-(?:opus|sonnet|haiku)")
_NEW: Final = re.compile(r"claude-(?:[a-z]+)-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")


class Family(Struct, frozen=True):
    """What a model takes. `budget` and `adaptive`: thinking by a number of tokens, or as the model sees fit."""

    budget: bool = False
    adaptive: bool = False
    effort: bool = False
    sampling: bool = True
    both_samplings: bool = True
    """`temperature` and `top_p` in one request."""


@lru_cache(maxsize=512)
def family_of(native_id: str) -> Family:
    """The family of a model by Anthropic's name or a host's (`anthropic.claude-...`, `claude-...@date`)."""
    version = _version(native_id)
    return Family(
        budget=(3, 7) <= version < (4, 7),
        adaptive=version >= (4, 6),
        effort=version >= (4, 6) or (version == (4, 5) and "opus" in native_id),
        sampling=version < (4, 7),
        both_samplings=version < (4, 1),
    )


def _version(native_id: str) -> tuple[int, int]:
    match = _OLD.search(native_id) or _NEW.search(native_id)
    return (0, 0) if match is None else (int(match[1]), int(match[2] or 0))
