"""`waystation/random`: any model that can serve the request, each as likely as another. The bar that a router must clear."""

from waystation.operations.preferences import OrderBy
from waystation.routing.auto.capable import capable
from waystation.routing.auto.choose import PICKED
from waystation.routing.auto.field import Prepared
from waystation.routing.auto.options import DEFAULTS
from waystation.routing.auto.priors import Facts
from waystation.routing.auto.router import nothing
from waystation.routing.draw import exponential
from waystation.routing.plan import Candidate
from waystation.routing.routers import Asking


class AnyModel:
    """A `Router`."""

    def __init__(self) -> None:
        self._fields = Prepared(Facts())

    def __call__(self, asking: Asking, name: str, sort: OrderBy | None) -> tuple[Candidate, ...]:
        """Models in an order that the request's seed fixes."""
        field = self._fields.of(asking.offers)
        able = capable(asking, field, DEFAULTS)
        if not len(able.places):
            raise nothing(name, able)
        models = [field.models[place] for place in able.places]
        models.sort(key=lambda each: exponential(asking.seed, each.base[0].salt))
        return tuple(Candidate(each.model, "auto", name, sort) for each in models[:PICKED])
