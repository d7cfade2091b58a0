"""Models, facts and questions for tests of the auto router."""

from typing import Any

from routing_questions import NOW, endpoint, model, offers
from waystation.catalog.model import Model
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.routing.auto.priors import Benchmark, Facts, Score
from waystation.routing.auto.router import AutoRouter
from waystation.routing.auto.weights import Weights, load
from waystation.routing.plan import Candidate
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import Asking

CODE = "Write a Python function that merges two sorted lists."
SMALL_TALK = "Hey, how are you today?"
WEIGHTS: Weights = load()
FACTS = Facts(
    {
        "coding": Benchmark(("code", "agent"), "a test"),
        "talking": Benchmark(("talk", "writing", "language"), "a test"),
    },
    {
        "a/coder": (Score("coding", "2026-01-01", 95), Score("talking", "2026-01-01", 20)),
        "b/talker": (Score("coding", "2026-01-01", 20), Score("talking", "2026-01-01", 95)),
    },
)
EVERYBODY = [
    model(endpoint("first", "0.000001", "a/coder")),
    model(endpoint("second", "0.000001", "b/talker")),
    model(endpoint("third", "0.00001", "c/dear")),
    model(endpoint("third", "0.00002", "c/dearer")),
    model(endpoint("third", "0.00003", "c/dearest")),
    model(endpoint("third", "0.0001", "c/unpayable")),
]


def asking(
    text: str, *, models: list[Model] | None = None, situation: Any = None, system: str = "", **fields: Any
) -> Asking:
    """What a request with this last message asks of routing."""
    opening = (Message("system", (Text(system),)),) if system else ()
    fields.setdefault("messages", (*opening, Message("user", (Text(text),))))
    request = ChatRequest("openai_chat", "openrouter/auto", **fields)
    size = max(len(text) // 4, 1)
    offered = offers(*(EVERYBODY if models is None else models))
    return Asking(request, PromptSize(4 * size, lambda: size), offered, **{"now": NOW, **(situation or {})})


def chosen(text: str, *, router: AutoRouter | None = None, tier: str = "low", **fields: Any) -> list[str]:
    """The ids of the models chosen."""
    return [one.model.id for one in candidates(text, router=router, tier=tier, **fields)]


def candidates(
    text: str, *, router: AutoRouter | None = None, tier: str = "low", **fields: Any
) -> tuple[Candidate, ...]:
    """What the router answers to a request of this tier."""
    fields.setdefault("plugins", ({"id": "auto-router", "cost_tier": tier},))
    pick = router or AutoRouter(WEIGHTS, FACTS)
    return pick(asking(text, **fields), "openrouter/auto", None)
