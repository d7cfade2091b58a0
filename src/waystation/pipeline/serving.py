"""One exchange while the pipeline serves it: the exchange itself and the connections that serving it takes."""

from waystation.codec.dialect import Dialect
from waystation.exchange import Exchange
from waystation.operations.parts import JsonObject
from waystation.pipeline.caller import Caller, Headers
from waystation.pipeline.meter import Meter
from waystation.pipeline.relay import Delivery
from waystation.pipeline.router_metadata import RouterMetadata
from waystation.pipeline.watch import Watched


class Serving:
    """What every step is handed. `dialect` is the client's; `headers` stand on every inference answer."""

    __slots__ = (
        "_delivery",
        "_router_metadata",
        "caller",
        "dialect",
        "exchange",
        "headers",
        "meter",
        "watched",
    )

    def __init__(
        self,
        exchange: Exchange,
        dialect: Dialect,
        caller: Caller,
        watched: Watched,
        router_metadata: RouterMetadata,
    ) -> None:
        self.exchange = exchange
        self.dialect = dialect
        self.caller = caller
        self.watched = watched
        self.headers: Headers = [(b"x-generation-id", exchange.id.encode())]
        self.meter: Meter | None = None
        """The one of the stream that the client hears, from when it begins."""
        self._delivery: Delivery | None = None
        self._router_metadata = router_metadata

    @property
    def metadata(self) -> JsonObject | None:
        """What is to be told of the routing, as things stand; None where the caller did not ask."""
        return self._router_metadata.of(self.exchange) if self.exchange.app.wants_metadata else None

    @property
    def delivery(self) -> Delivery:
        """The client's side of a stream, from when one is asked for."""
        if self._delivery is None:
            self._delivery = Delivery(self.caller, self.headers)
        return self._delivery
