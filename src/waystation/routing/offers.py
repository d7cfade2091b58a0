"""What can be called now: the catalogue, and of each model the endpoints whose provider is configured."""

from collections.abc import Callable, Mapping

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.model import Model


class Offers:
    """A snapshot for routing. Replaced whole when the catalogue or the providers change.

    `order` is the operator's default strategy, `listed` the rank of provider rows in the operator's file, `why_not`
    says of a provider that is not configured what would switch it on.
    """

    def __init__(
        self,
        catalog: Catalog,
        is_callable: Callable[[Endpoint], bool],
        order: str,
        listed: Mapping[str, int],
        why_not: Callable[[str], str | None],
    ) -> None:
        self.catalog = catalog
        self.order = order
        self.listed = listed
        self.why_not = why_not
        self.is_callable = is_callable
        self._chat: dict[str, list[Endpoint]] = {}

    def chat_endpoints(self, model: Model) -> list[Endpoint]:
        """The chat endpoints of a model that can be called."""
        kept = self._chat.get(model.id)
        if kept is None:
            kept = [e for e in model.endpoints if e.operation == "chat" and self.is_callable(e)]
            self._chat[model.id] = kept
        return kept
