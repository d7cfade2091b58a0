"""What a caller may say to the auto router: the plugin `auto-router`, or `auto-beta-router` for `openrouter/auto-beta`.

Contract section 15; spec `AutoRouterPlugin`. Each slug reads only its own plugin.
"""

import re
from collections.abc import Iterable
from fnmatch import translate
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject

Tier: TypeAlias = Literal["low", "medium", "high", "xhigh", "max"]
TIERS: Final[tuple[Tier, ...]] = ("low", "medium", "high", "xhigh", "max")
MOST_PATTERNS: Final = 1_024
LONGEST_PATTERN: Final = 1_024
LONGEST_TOGETHER: Final = 65_536


class Options(Struct, frozen=True):
    """`allowed` and `excluded` are patterns of model ids, None and () for no limit."""

    tier: Tier = "low"
    allowed: re.Pattern[str] | None = None
    excluded: re.Pattern[str] | None = None
    pin_model: bool = False


DEFAULTS: Final = Options()


def options_of(plugins: Iterable[JsonObject], plugin_id: str) -> Options:
    """The options of a request's plugins; `InvalidRequest` names the field that is wrong."""
    for plugin in plugins:
        if plugin.get("id") == plugin_id and plugin.get("enabled") is not False:
            return _parsed(plugin, f"plugins.{plugin_id}")
    return DEFAULTS


def _parsed(plugin: JsonObject, where: str) -> Options:
    allowed = _patterns(plugin.get("allowed_models"), f"{where}.allowed_models")
    excluded = _patterns(plugin.get("excluded_models"), f"{where}.excluded_models")
    pin = plugin.get("pin_model")
    if pin is not None and not isinstance(pin, bool):
        raise InvalidRequest(f"{where}.pin_model: must be true or false.")
    return Options(_tier(plugin, where), _compiled(allowed), _compiled(excluded), bool(pin))


def _tier(plugin: JsonObject, where: str) -> Tier:
    asked = plugin.get("cost_tier")
    for tier in TIERS:
        if asked == tier:
            return tier
    if asked is not None:
        raise InvalidRequest(f"{where}.cost_tier: must be one of {', '.join(TIERS)}.")
    tradeoff = plugin.get("cost_quality_tradeoff")
    if tradeoff is None:
        return "low"
    if isinstance(tradeoff, bool) or not isinstance(tradeoff, int | float) or not 0 <= tradeoff <= 10:
        raise InvalidRequest(f"{where}.cost_quality_tradeoff: must be a number from 0 to 10.")
    return TIERS[min(int((10 - tradeoff) / 2), 4)]


def _patterns(value: object, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidRequest(f"{where}: must be a list of patterns.")
    if len(value) > MOST_PATTERNS or sum(map(len, value)) > LONGEST_TOGETHER:
        raise InvalidRequest(
            f"{where}: at most {MOST_PATTERNS} patterns of {LONGEST_TOGETHER} characters together."
        )
    if any(len(one) > LONGEST_PATTERN for one in value):
        raise InvalidRequest(f"{where}: a pattern has at most {LONGEST_PATTERN} characters.")
    return tuple(value)


def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression for all patterns: `*` is any run of characters, everything else is itself, case aside."""
    if not patterns:
        return None
    literal = (pattern.replace("[", "[[]").replace("?", "[?]") for pattern in patterns)
    return re.compile("|".join(f"(?:{translate(one)})" for one in literal), re.IGNORECASE)
