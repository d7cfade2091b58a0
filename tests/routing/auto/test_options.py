"""Contract section 15: the plugin's settings."""

from typing import Any

import pytest

from waystation.errors import InvalidRequest
from waystation.routing.auto.options import DEFAULTS, options_of


def parsed(**fields: Any) -> Any:
    return options_of(({"id": "auto-router", **fields},), "auto-router")


def test_without_a_plugin_or_with_it_switched_off_the_defaults_hold() -> None:
    assert options_of((), "auto-router") == DEFAULTS
    assert parsed(enabled=False, cost_tier="max") == DEFAULTS


def test_each_slug_reads_only_its_own_plugin() -> None:
    assert options_of(({"id": "auto-router", "cost_tier": "max"},), "auto-beta-router") == DEFAULTS


@pytest.mark.parametrize(
    ("tradeoff", "tier"),
    [(10, "low"), (9, "low"), (8, "medium"), (5, "high"), (3.5, "xhigh"), (1, "max"), (0, "max")],
)
def test_the_old_trade_off_means_a_tier(tradeoff: float, tier: str) -> None:
    assert parsed(cost_quality_tradeoff=tradeoff).tier == tier


def test_a_star_is_any_run_of_characters_and_nothing_else_is_special() -> None:
    allowed = parsed(allowed_models=["anthropic/*", "openai/gpt-?", "x/[ab]"]).allowed
    assert allowed.match("anthropic/claude-opus-5")
    assert not allowed.match("openai/gpt-5")
    assert allowed.match("openai/gpt-?")
    assert not allowed.match("x/a")
    assert not allowed.match("my-anthropic/claude")


@pytest.mark.parametrize(
    "fields",
    [
        {"cost_tier": "cheap"},
        {"cost_quality_tradeoff": 11},
        {"cost_quality_tradeoff": True},
        {"pin_model": "yes"},
        {"allowed_models": "openai/*"},
        {"allowed_models": [1]},
        {"excluded_models": ["a"] * 1025},
        {"excluded_models": ["a" * 1025]},
        {"excluded_models": ["a" * 1000] * 66},
    ],
)
def test_a_wrong_setting_is_named(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=f"auto-router.{next(iter(fields))}"):
        parsed(**fields)
