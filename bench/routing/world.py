"""A virtual day of providers: 10 of them, each serving 5 models, with everything that goes wrong in a day.

Seeded and without a clock: what an attempt at an endpoint brings at a moment depends on the seed, the request and the
attempt alone, so that every policy meets the same world and the same luck.
"""

from dataclasses import dataclass, field
from math import exp
from random import Random

PROVIDERS, MODELS = 10, 5
DAY = 86_400.0
REFUSED_AFTER, HANGS_FOR = 0.05, 10.0
"""Seconds that a refused connection takes, and that a hanging one is waited for."""
USUAL_FAILURES = 0.003


@dataclass(frozen=True)
class Incident:
    """What is wrong from `start` until `end`, in seconds of the day.

    `kind`: outage (every attempt fails, at once or by hanging), brownout (`failing` of them do, and all are `slower`), storm
    (429 for `failing` of them, with a `retry_after` or without), slow_start (after an outage: all are `slower`).
    """

    kind: str
    start: float
    end: float
    failing: float = 0.0
    slower: float = 1.0
    hangs: bool = False
    retry_after: float | None = None


@dataclass
class Site:
    """One endpoint: a model at a provider. `price` is USD per million tokens, `latency` seconds, `pace` tokens a second."""

    number: int
    model: int
    provider: int
    price: float
    latency: float
    pace: float
    incidents: list[Incident] = field(default_factory=list)

    def now(self, at: float) -> Incident | None:
        """What is wrong at a moment; of several incidents the one that began first."""
        return next((one for one in self.incidents if one.start <= at < one.end), None)


@dataclass(frozen=True)
class Answer:
    """What one attempt brought after `seconds`: result is success, failure or limited. `paid`: USD."""

    result: str
    seconds: float
    paid: float
    latency: float = 0.0
    pace: float = 0.0
    retry_after: float | None = None


@dataclass(frozen=True)
class Request:
    """One request: when, for which model, and how many tokens go in and come out."""

    number: int
    at: float
    model: int
    prompt: int
    completion: int


def build(seed: int) -> list[Site]:
    """The endpoints with their day's incidents."""
    random = Random(f"world {seed}")
    sites = []
    for provider in range(PROVIDERS):
        dearness = 0.6 + 0.25 * provider
        for model in range(MODELS):
            sites.append(
                Site(
                    len(sites),
                    model,
                    provider,
                    round((0.5 + 1.5 * model) * dearness * random.uniform(0.9, 1.1), 4),
                    random.uniform(0.3, 1.2),
                    random.uniform(40, 120),
                )
            )
    for provider in range(PROVIDERS):
        shared = [one for _ in range(_count(random, 3)) for one in _incident(random)]
        for site in sites:
            if site.provider == provider:
                own = [one for _ in range(_count(random, 7)) for one in _incident(random)]
                site.incidents = sorted([*shared, *own], key=lambda one: one.start)
    return sites


def requests(seed: int, count: int) -> list[Request]:
    """The day's requests in order of time: busier by day than by night, some models asked for more than others."""
    random = Random(f"requests {seed}")
    made = []
    while len(made) < count:
        at = random.uniform(0, DAY)
        if random.random() < 0.55 - 0.45 * _cosine_of_day(at):
            made.append(at)
    return [
        Request(
            number,
            at,
            random.choices(range(MODELS), (8, 4, 3, 2, 1))[0],
            int(random.lognormvariate(6.5, 1)),
            int(random.lognormvariate(5.3, 0.7)),
        )
        for number, at in enumerate(sorted(made))
    ]


def attempt(seed: int, site: Site, request: Request, number: int, at: float) -> Answer:
    """What the `number`th attempt of a request brings at this endpoint, at this moment."""
    random = Random((seed << 40) ^ (request.number << 12) ^ (site.number << 4) ^ number)
    wrong = site.now(at)
    failing = wrong.failing if wrong is not None else USUAL_FAILURES
    slower = wrong.slower if wrong is not None else 1.0
    latency = site.latency * slower * exp(random.gauss(0, 0.35))
    if random.random() < failing:
        return _failed(wrong, site, request, latency, random)
    pace = site.pace / slower
    paid = site.price * (3 * request.prompt + request.completion) / 4 / 1e6
    return Answer("success", latency + request.completion / pace, paid, latency, pace)


def _failed(wrong: Incident | None, site: Site, request: Request, latency: float, random: Random) -> Answer:
    if wrong is not None and wrong.kind == "storm":
        return Answer("limited", 0.1, 0.0, retry_after=wrong.retry_after)
    if wrong is not None and wrong.kind == "outage":
        return Answer("failure", HANGS_FOR if wrong.hangs else REFUSED_AFTER, 0.0)
    charged = site.price * request.prompt / 1e6 if random.random() < 0.5 else 0.0
    return Answer("failure", latency, charged)


def _incident(random: Random) -> list[Incident]:
    start = random.uniform(0, DAY)
    kind = random.choices(("outage", "brownout", "storm"), (3, 4, 3))[0]
    if kind == "outage":
        end = start + random.uniform(120, 3_600)
        return [
            Incident("outage", start, end, failing=1.0, hangs=random.random() < 0.4),
            Incident("slow_start", end, end + 300, failing=0.05, slower=4.0),
        ]
    if kind == "brownout":
        end = start + random.uniform(600, 5_400)
        return [Incident("brownout", start, end, random.uniform(0.2, 0.7), random.uniform(1.5, 4))]
    retry_after = random.choice((None, 5.0, 20.0, 60.0))
    end = start + random.uniform(300, 1_800)
    return [Incident("storm", start, end, random.uniform(0.7, 0.98), retry_after=retry_after)]


def _count(random: Random, mean: int) -> int:
    return random.randint(mean - 1, mean + 1)


def _cosine_of_day(at: float) -> float:
    """1 at midnight, -1 at noon, by straight lines."""
    share = at / DAY
    return 1 - 4 * share if share < 0.5 else 4 * share - 3
