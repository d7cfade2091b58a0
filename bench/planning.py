"""What planning a request costs in CPU time: names to models, models to attempts in order. Beside it, an empty loop.

    python bench/planning.py [--rounds 200]

Each figure is the median of many rounds of 200 plans, each with a seed of its own, on the process's own clock.
"""

import argparse
import time
from collections.abc import Callable
from decimal import Decimal
from statistics import median, quantiles

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.model import Model
from waystation.catalog.pricing import Pricing
from waystation.catalog.provider_facts import ProviderFacts
from waystation.operations.chat import ChatRequest, Message, Tool
from waystation.operations.parts import Text
from waystation.operations.preferences import MaxPrice, Percentiles, ProviderPreferences, Sort
from waystation.routing.health import Health, Outcome, Result
from waystation.routing.offers import Offers
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import Asking
from waystation.routing.select import select
from waystation.routing.slug import resolve
from waystation.routing.sticky import Pin

NOW = 1_780_000_000.0
PLANS = 200
PARAMETERS = frozenset(
    {"max_tokens", "response_format", "stop", "temperature", "tool_choice", "tools", "top_p"}
)
EVERYTHING = ProviderPreferences(
    only=tuple(f"p{number}" for number in range(19)),
    ignore=("p18",),
    require_parameters=True,
    data_collection="deny",
    zdr=True,
    enforce_distillable_text=True,
    quantizations=("fp8", "bf16"),
    sort=Sort("throughput"),
    max_price=MaxPrice(prompt=50, completion="60"),
    preferred_max_latency=Percentiles(p50=1, p90=3),
    preferred_min_throughput=20,
)
LISTED = ProviderPreferences(order=("p7", "p3"), max_price=MaxPrice(prompt=50))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    print("| plan | CPU p50 | p90 | budget |\n| --- | --- | --- | --- |")
    for name, planned, budget in cases():
        found = measured(planned, rounds)
        cuts = quantiles(found, n=10)
        print(f"| {name} | {median(found):.2f} us | {cuts[8]:.2f} us | {f'{budget} us' if budget else ''} |")


def cases() -> list[tuple[str, Callable[[int], object], int | None]]:
    """What is measured, and the most it may cost."""
    return [
        ("empty loop", lambda _: None, None),
        ("3 endpoints", planner(3), 10),
        ("20 endpoints", planner(20), 40),
        ("20 endpoints, tools, health known, 3 in trouble", planner(20, tools=True, troubled=3), None),
        ("20 endpoints, listed by the caller", planner(20, LISTED), None),
        ("20 endpoints, every preference, health known", planner(20, EVERYTHING, troubled=0), 80),
        (
            "20 endpoints, every preference, 3 in trouble, pinned",
            planner(20, EVERYTHING, troubled=3, pinned=True),
            80,
        ),
    ]


def measured(planned: Callable[[int], object], rounds: int) -> list[float]:
    """Microseconds of CPU for one plan, a figure for each round."""
    found = []
    for number in range(rounds + 5):
        began = time.process_time_ns()
        for seed in range(number * PLANS, (number + 1) * PLANS):
            planned(seed)
        found.append((time.process_time_ns() - began) / PLANS / 1_000)
    return found[5:]


def planner(
    endpoints: int,
    wants: ProviderPreferences | None = None,
    *,
    tools: bool = False,
    troubled: int | None = None,
    pinned: bool = False,
) -> Callable[[int], object]:
    """Plans one request by seed, all that the pipeline does for it included."""
    offers = _offers(endpoints)
    health = _health(endpoints, troubled) if troubled is not None else Health()
    request = ChatRequest(
        "openai_chat",
        "acme/m1",
        (Message("system", (Text("Be brief."),)), Message("user", (Text("Hello"),))),
        tools=(Tool("search"),) if tools else (),
        provider=wants,
        sent=frozenset({"temperature", "max_tokens"}),
    )
    pins = {"acme/m1": Pin("acme/m1", "p9", NOW, cached_tokens=100)} if pinned else {}

    def planned(seed: int) -> object:
        asking = Asking(request, PromptSize(400, lambda: 100), offers, seed, NOW, health.snapshot(NOW), pins)
        return select(asking.question(resolve(asking)))

    return planned


def _offers(count: int) -> Offers:
    endpoints = tuple(
        Endpoint(
            "acme/m1",
            f"p{number}",
            f"p{number}",
            "m1",
            context_length=100_000 + number,
            max_completion_tokens=8_192,
            quantization="fp8" if number % 2 else "bf16",
            supported_parameters=PARAMETERS,
            pricing=Pricing(
                Decimal("0.000001") * (number + 1), Decimal("0.000002"), input_cache_read=Decimal("0.0000001")
            ),
        )
        for number in range(count)
    )
    facts = [
        ProviderFacts(f"p{number}", f"Provider {number}", trains=False, retains=False, zdr=True)
        for number in range(count)
    ]
    model = Model("acme/m1", "acme/m1-1", "M1", "acme", open_weights=True, endpoints=endpoints)
    return Offers(Catalog([model], facts), lambda _: True, "weighted", {}, str)


def _health(count: int, troubled: int) -> Health:
    health = Health()
    for number in range(count):
        for step in range(250):
            well = number >= troubled or step % 5
            health.observe(
                Outcome(
                    "acme/m1",
                    f"p{number}",
                    NOW - 1 + step / 250,
                    Result.SUCCESS if well else Result.FAILURE,
                    latency=0.2 + number / 10,
                    throughput=100 - 4 * number,
                    tools_asked=True,
                    calls_valid=True,
                )
            )
    for number in range(troubled):
        for _ in range(100):
            health.observe(Outcome("acme/m1", f"p{number}", NOW, Result.FAILURE))
    return health


if __name__ == "__main__":
    main()
