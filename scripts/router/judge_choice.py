"""Figures of the whole router over the packaged catalogue: does the choice stay when only padding is added?"""

import numpy as np
from figures import Figure, bootstrap
from judge_tags import NEUTRAL, SYSTEM
from prompts import fresh_prompts

from waystation.catalog.load import load as load_catalogue
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.routing.auto.options import TIERS
from waystation.routing.auto.priors import read_facts
from waystation.routing.auto.router import AutoRouter
from waystation.routing.auto.weights import Weights
from waystation.routing.offers import Offers
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import Asking


def figures(judged: Weights) -> list[Figure]:
    """The share of fresh prompts, over all tiers, whose first model is the same with padding."""
    offers = Offers(load_catalogue(), lambda _: True, "price", {}, lambda _: None)
    router = AutoRouter(judged, read_facts(), clock=lambda: 0.0)
    prompts = [prompt.text for prompt in fresh_prompts()]
    padding = (NEUTRAL * 6)[:1000]
    before = _choices(router, offers, prompts, "")
    found = []
    for name, texts, system in (
        ("1,000 characters after", [f"{text}\n\n{padding}" for text in prompts], ""),
        ("1,000 characters before", [f"{padding}\n\n{text}" for text in prompts], ""),
        ("a system prompt of 4,000 characters", prompts, (SYSTEM * 60)[:4000]),
    ):
        same = (_choices(router, offers, texts, system) == before).ravel()
        draws = bootstrap(lambda k, s=same: float(s[k].mean()), len(same))
        found.append(Figure(f"same choice, {name}, n={len(same)}", float(same.mean()), draws, 0.95, 0.98))
    return found


def _choices(router: AutoRouter, offers: Offers, texts: list[str], system: str) -> np.ndarray:
    """(texts, tiers): the first model's id."""
    return np.array([[_choice(router, offers, text, system, tier) for tier in TIERS] for text in texts])


def _choice(router: AutoRouter, offers: Offers, text: str, system: str, tier: str) -> str:
    opening = (Message("system", (Text(system),)),) if system else ()
    request = ChatRequest(
        "openai_chat",
        "openrouter/auto",
        (*opening, Message("user", (Text(text),))),
        plugins=({"id": "auto-router", "cost_tier": tier},),
    )
    size = len(text) + len(system)
    asking = Asking(request, PromptSize(size, lambda: max(size // 4, 1)), offers)
    return router(asking, "openrouter/auto", None)[0].model.id
