"""`waystation/two-models`: RouteLLM's question, a strong or a weak model, by the need that the reading sees.

Settings come with the plugin `two-models`: `strong` and `weak` are model ids, `threshold` the need from which the strong
one is called, from 0 to 1 and 0.5 by default, which is that of the middle prompt.
"""

from typing import Final

from waystation.catalog.model import Model
from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject
from waystation.operations.preferences import OrderBy
from waystation.routing.auto.asked import asked
from waystation.routing.auto.router import UNREAD, read_request
from waystation.routing.auto.weights import Weights
from waystation.routing.plan import Candidate, RouterStage
from waystation.routing.routers import Asking

PLUGIN: Final = "two-models"


class TwoModels:
    """A `Router` over two models that the request names."""

    def __init__(self, weights: Weights | None) -> None:
        self._weights = weights

    def __call__(self, asking: Asking, name: str, sort: OrderBy | None) -> tuple[Candidate, ...]:
        """The model that is needed, then the other."""
        wishes = next((one for one in asking.request.plugins if one.get("id") == PLUGIN), {})
        threshold = wishes.get("threshold", 0.5)
        if isinstance(threshold, bool) or not isinstance(threshold, int | float):
            raise InvalidRequest(f"plugins.{PLUGIN}.threshold: must be a number.")
        strong, weak = (_model(asking, wishes, field) for field in ("strong", "weak"))
        reading = read_request(asked(asking.request), self._weights) if self._weights else UNREAD
        names = (strong, weak) if reading.need >= threshold else (weak, strong)
        stage = RouterStage(PLUGIN, {"task_type": reading.tag, "need": reading.need, "threshold": threshold})
        return tuple(
            Candidate(resolution, "auto", name, sort, stage=stage if not place else None)
            for place, resolution in enumerate(names)
        )


def _model(asking: Asking, wishes: JsonObject, field: str) -> Model:
    named = wishes.get(field)
    resolution = asking.offers.catalog.resolve(named) if isinstance(named, str) else None
    if resolution is None:
        raise InvalidRequest(f"plugins.{PLUGIN}.{field}: must name a model as `author/name`.")
    return resolution.model
