"""One exchange while the pipeline serves it: the exchange itself and the connections that serving it takes."""

from waystation.codec.dialect import Dialect
from waystation.exchange import Exchange
from waystation.pipeline.caller import Caller, Headers
from waystation.pipeline.relay import Delivery
from waystation.pipeline.watch import Watched


class Serving:
    """What every step is handed. `dialect` is the client's."""

    __slots__ = ("caller", "delivery", "dialect", "exchange", "watched")

    def __init__(self, exchange: Exchange, dialect: Dialect, caller: Caller, watched: Watched) -> None:
        self.exchange = exchange
        self.dialect = dialect
        self.caller = caller
        self.watched = watched
        self.delivery = Delivery(caller, self.headers)

    @property
    def headers(self) -> Headers:
        """What every inference answer says beside its body."""
        return [(b"x-generation-id", self.exchange.id.encode())]
