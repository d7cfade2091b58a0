"""The routers by the slugs that requests name them with; what `resolve` is handed beside those built in."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from waystation.routing.auto.cheapest import Cheapest
from waystation.routing.auto.outcomes import Experience
from waystation.routing.auto.priors import FACTS, BadPriors, Facts, read_facts
from waystation.routing.auto.random_choice import AnyModel
from waystation.routing.auto.router import AutoRouter
from waystation.routing.auto.two_models import TwoModels
from waystation.routing.auto.weights import BadWeights, Weights, load
from waystation.routing.routers import ROUTERS, Router

log = logging.getLogger(__name__)
OVERRIDES: Final = "auto-router.toml"
"""The operator's own facts and rankings, in the data folder; `priors.toml` shows the form."""


def routers(
    data_dir: Path | None = None, explore: float = 0.0, experience: Experience | None = None
) -> Mapping[str, Router]:
    """All routers. Weights or facts that cannot be used are told of and done without.

    `explore` and `experience` are the auto router's.
    """
    weights, facts = usable_weights(), usable_facts(data_dir)
    auto = AutoRouter(weights, facts, explore=explore, experience=experience)
    return {
        **ROUTERS,
        "openrouter/auto": auto,
        "openrouter/auto-beta": auto,
        "waystation/cheapest": Cheapest(),
        "waystation/random": AnyModel(),
        "waystation/two-models": TwoModels(weights),
    }


def usable_weights() -> Weights | None:
    """The packed weights, None where they are missing or damaged."""
    try:
        return load()
    except BadWeights as error:
        log.warning("the auto router reads no prompts: %s", error)
        return None


def usable_facts(data_dir: Path | None) -> Facts:
    """The packaged facts and the operator's; without the operator's where those are wrong."""
    own = data_dir / OVERRIDES if data_dir is not None else None
    if own is not None and own.is_file():
        try:
            return read_facts((FACTS, own))
        except BadPriors as error:
            log.warning("the operator's facts for the auto router are left out: %s", error)
    try:
        return read_facts()
    except BadPriors as error:
        log.warning("the auto router knows models by their prices alone: %s", error)
        return Facts()
