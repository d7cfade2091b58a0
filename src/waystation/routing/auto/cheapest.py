"""`waystation/cheapest`: always the cheapest model that can serve the request. For comparison, and for thrift."""

from waystation.operations.preferences import OrderBy
from waystation.routing.auto.capable import capable
from waystation.routing.auto.choose import PICKED
from waystation.routing.auto.field import Prepared
from waystation.routing.auto.options import DEFAULTS
from waystation.routing.auto.priors import Facts
from waystation.routing.auto.router import nothing
from waystation.routing.plan import Candidate
from waystation.routing.routers import Asking


class Cheapest:
    """A `Router`."""

    def __init__(self) -> None:
        self._fields = Prepared(Facts())

    def __call__(self, asking: Asking, name: str, sort: OrderBy | None) -> tuple[Candidate, ...]:
        """The models by expected cost, the lowest first."""
        field = self._fields.of(asking.offers)
        able = capable(asking, field, DEFAULTS)
        if not len(able.places):
            raise nothing(name, able)
        costs = field.costs(asking.prompt.tokens, "knowledge")[able.places]
        picked = able.places[costs.argsort(kind="stable")[:PICKED]]
        return tuple(Candidate(field.models[place].model, "auto", name, sort) for place in picked)
