"""The routers by slug, made when the first request names one of them.

Making them takes a fifth of a second once (numpy, the weights and the facts are loaded) and some 25 MB: a process that is
never asked for `auto` does without both. So nothing here imports what needs numpy.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from waystation.operations.preferences import OrderBy
from waystation.routing.auto.outcomes import Experience
from waystation.routing.plan import Candidate
from waystation.routing.routers import ROUTERS, Asking, Router

SLUGS: Final = (
    "openrouter/auto",
    "openrouter/auto-beta",
    "waystation/cheapest",
    "waystation/random",
    "waystation/two-models",
)


class _Made:
    """All of them, made at once."""

    def __init__(self, data_dir: Path | None, explore: float, experience: Experience | None) -> None:
        self._settings = data_dir, explore, experience
        self._routers: Mapping[str, Router] | None = None

    def of(self, slug: str) -> Router:
        if self._routers is None:
            from waystation.routing.auto.slugs import routers

            self._routers = routers(*self._settings)
        return self._routers[slug]


class OnDemand:
    """A `Router` that is another, made by its first request."""

    def __init__(self, slug: str, made: _Made) -> None:
        self._slug = slug
        self._made = made

    def __call__(self, asking: Asking, name: str, sort: OrderBy | None) -> tuple[Candidate, ...]:
        """What the router answers."""
        return self._made.of(self._slug)(asking, name, sort)


def routers_on_demand(
    data_dir: Path | None = None, explore: float = 0.0, experience: Experience | None = None
) -> Mapping[str, Router]:
    """All routers; the arguments are those of `slugs.routers`."""
    made = _Made(data_dir, explore, experience)
    return {**ROUTERS, **{slug: OnDemand(slug, made) for slug in SLUGS}}
