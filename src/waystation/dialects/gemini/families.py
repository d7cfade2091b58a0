"""What a Gemini model's name tells of it: its generation, and how it is told to think.

Source: Google's guides to thinking and to thought signatures; the levels by model are those of the catalogue.
"""

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct

ThinkingStyle: TypeAlias = Literal["none", "budget", "level"]

_GEMINI: Final = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_LATEST: Final = re.compile(r"gemini-(?:pro|flash|flash-lite)-latest|gemini-omni")
_THOUGHTLESS: Final = re.compile(
    r"embedding|-tts|transcribe|-live|native-audio|2\.5-flash-image|computer-use"
)
_LATEST_GENERATION: Final = 3


class Family(Struct, frozen=True):
    """`generation` 0 is no Gemini at all. Budgets are thinking tokens; `least` is what stands for no thinking."""

    generation: int
    thinking: ThinkingStyle
    least: int = 0
    most: int = 24_576
    levels: tuple[str, ...] = ()
    """The levels it knows, lowest first."""

    @property
    def signs_calls(self) -> bool:
        """True where a function call without its signature is refused in the turn that is under way."""
        return self.generation >= 3

    @property
    def takes_media_in_results(self) -> bool:
        """True where a function's answer may hold images and documents itself."""
        return self.generation >= 3


@lru_cache(maxsize=512)
def family_of(native_id: str) -> Family:
    """The family of an endpoint's name for its model."""
    name = native_id.rpartition("/")[2]
    if name.startswith("gemma-4"):
        return Family(0, "level", levels=("minimal", "high"))
    generation, minor = _version(name)
    if generation == 0 or _THOUGHTLESS.search(name) or (generation, minor) < (2, 5):
        return Family(generation, "none")
    if generation >= 3:
        has_minimal = "flash" in name and (generation, minor) <= (3, 6) and "image" not in name
        levels = ("low", "medium", "high")
        return Family(generation, "level", levels=("minimal", *levels) if has_minimal else levels)
    if "pro" in name:
        return Family(generation, "budget", least=128, most=32_768)
    return Family(generation, "budget")


def _version(name: str) -> tuple[int, int]:
    found = _GEMINI.match(name)
    if found is not None:
        return int(found[1]), int(found[2] or 0)
    return (_LATEST_GENERATION, 0) if _LATEST.match(name) else (0, 0)
