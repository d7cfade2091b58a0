"""Who is asked next: Waystation's routing, and two simpler policies to compare it with.

Each sees only what a gateway sees: what it was told of earlier attempts. None may look into the world.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from random import Random
from typing import Protocol

from world import Answer, Request, Site

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.model import Model
from waystation.catalog.pricing import Pricing
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.routing.health import Health, Outcome, Result
from waystation.routing.offers import Offers
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import Asking
from waystation.routing.select import select
from waystation.routing.slug import resolve
from waystation.routing.standing import endpoint_key

MIDNIGHT = 1_780_000_000.0
_RESULTS = {"success": Result.SUCCESS, "failure": Result.FAILURE, "limited": Result.RATE_LIMITED}


class Policy(Protocol):
    """Chooses endpoints for one request after another. `at` is seconds of the day."""

    name: str

    def choices(self, request: Request) -> Iterator[Site]:
        """The endpoints to try, one after another; the generator goes on when the last one failed."""
        ...

    def sent(self, site: Site, at: float) -> None:
        """An attempt was begun."""
        ...

    def learned(self, site: Site, answer: Answer, at: float) -> None:
        """What it brought."""
        ...


class RoundRobin:
    """The next endpoint of the model each time, and the one after it when that fails."""

    name = "round robin, retried"

    def __init__(self, sites: Iterable[Site]) -> None:
        self._sites: dict[int, list[Site]] = _by_model(sites)
        self._turns: dict[int, int] = defaultdict(int)

    def choices(self, request: Request) -> Iterator[Site]:
        """Each in turn."""
        sites = self._sites[request.model]
        while True:
            self._turns[request.model] += 1
            yield sites[self._turns[request.model] % len(sites)]

    def sent(self, site: Site, at: float) -> None:
        """Nothing to note."""

    def learned(self, site: Site, answer: Answer, at: float) -> None:
        """Nothing is learned."""


class CoolDown:
    """Draws by 1/price² among endpoints that are not cooling down: for 5 s after more than half of a minute's attempts failed.

    A 429 counts as a failure, and cools down for its `Retry-After` where it has one.
    """

    name = "5 s cool-down, retried"
    SECONDS = 5.0

    def __init__(self, sites: Iterable[Site], seed: int) -> None:
        self._sites: dict[int, list[Site]] = _by_model(sites)
        self._random = Random(seed)
        self._until: dict[int, float] = defaultdict(float)
        self._minute: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        self._now = 0.0

    def choices(self, request: Request) -> Iterator[Site]:
        """A draw each time; where all are cooling down, a draw among all."""
        self._now = max(self._now, request.at)
        tried: set[int] = set()
        while True:
            sites = [site for site in self._sites[request.model] if site.number not in tried]
            ready = [site for site in sites if self._until[site.number] <= self._now] or sites
            if not ready:
                return
            (site,) = self._random.choices(ready, [1 / site.price**2 for site in ready])
            tried.add(site.number)
            yield site

    def sent(self, site: Site, at: float) -> None:  # noqa: ARG002 - a policy is told of both
        """The time goes on."""
        self._now = max(self._now, at)

    def learned(self, site: Site, answer: Answer, at: float) -> None:
        """Count this minute's failures."""
        self._now = max(self._now, at)
        counts = self._minute[site.number, int(at // 60)]
        counts[answer.result != "success"] += 1
        if answer.retry_after is not None:
            self._until[site.number] = at + answer.retry_after
        elif counts[1] > counts[0]:
            self._until[site.number] = at + self.SECONDS


class Waystation:
    """The gateway's own routing, called as its pipeline does."""

    name = "Waystation"

    def __init__(self, sites: Iterable[Site], seed: int) -> None:
        self._sites = {endpoint_key(_model_id(s), f"p{s.provider}"): s for s in sites}
        models = [_model(number, own) for number, own in _by_model(sites).items()]
        self._offers = Offers(Catalog(models), lambda _: True, "weighted", {}, str)
        self._health = Health()
        self._random = Random(seed)

    def choices(self, request: Request) -> Iterator[Site]:
        """The plan made when the request came."""
        now = MIDNIGHT + request.at
        asking = Asking(
            ChatRequest("openai_chat", f"acme/m{request.model}", (Message("user", (Text("?"),)),)),
            PromptSize(4 * request.prompt, lambda: request.prompt),
            self._offers,
            self._random.getrandbits(64),
            now,
            self._health.snapshot(now),
        )
        for planned in select(asking.question(resolve(asking))).attempts:
            yield self._sites[endpoint_key(planned.endpoint.model_id, planned.endpoint.tag)]

    def sent(self, site: Site, at: float) -> None:
        """Health knows of probes."""
        self._health.begin(endpoint_key(_model_id(site), f"p{site.provider}"), MIDNIGHT + at)

    def learned(self, site: Site, answer: Answer, at: float) -> None:
        """Health learns of the outcome, as at settlement."""
        self._health.observe(
            Outcome(
                _model_id(site),
                f"p{site.provider}",
                MIDNIGHT + at,
                _RESULTS[answer.result],
                latency=answer.latency or None,
                throughput=answer.pace or None,
                retry_after=answer.retry_after,
            )
        )


def _by_model(sites: Iterable[Site]) -> dict[int, list[Site]]:
    found: dict[int, list[Site]] = defaultdict(list)
    for site in sites:
        found[site.model].append(site)
    return found


def _model_id(site: Site) -> str:
    return f"acme/m{site.model}"


def _model(number: int, sites: list[Site]) -> Model:
    model_id = f"acme/m{number}"
    endpoints = []
    for site in sites:
        rate = Decimal(str(site.price)) / 1_000_000
        endpoints.append(
            Endpoint(model_id, f"p{site.provider}", f"p{site.provider}", "m", pricing=Pricing(rate, rate))
        )
    return Model(model_id, model_id, model_id, "acme", endpoints=tuple(endpoints))
