"""The tariff of each endpoint, made ready once: routing swaps endpoints with the catalogue, so identity is the key."""

from waystation.catalog.endpoint import Endpoint
from waystation.credits.cost import Tariff


class Tariffs:
    """Tariffs by endpoint."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Endpoint, Tariff]] = {}

    def of(self, endpoint: Endpoint) -> Tariff:
        """The tariff of this endpoint as the catalogue has it now."""
        name = (endpoint.model_id, endpoint.tag)
        kept = self._kept.get(name)
        if kept is not None and kept[0] is endpoint:
            return kept[1]
        tariff = Tariff.of(endpoint.pricing)
        self._kept[name] = (endpoint, tariff)
        return tariff
