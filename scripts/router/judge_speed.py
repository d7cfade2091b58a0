"""Figures of cost: CPU time added to a request, time to load, memory, size. Thread time, so that neighbours do not count."""

import time
import tracemalloc

import numpy as np
from figures import Figure

from waystation.catalog.load import load as load_catalogue
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Text
from waystation.routing.auto.priors import read_facts
from waystation.routing.auto.router import AutoRouter
from waystation.routing.auto.weights import PACKED, load
from waystation.routing.offers import Offers
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import Asking

TEXT = "Please compare the two offers below, say which is cheaper over 3 years, and explain the {difference} (in euros).\n"


def figures() -> list[Figure]:
    """CPU time in ms of choosing among all models, time to load in ms, memory and package size in MB."""
    loading = []
    for _ in range(5):
        began = time.thread_time()
        weights = load()
        loading.append((time.thread_time() - began) * 1e3)
    tracemalloc.start()
    weights = load()
    memory = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    router = AutoRouter(weights, read_facts())
    offers = Offers(load_catalogue(), lambda _: True, "price", {}, lambda _: None)
    usual = _times(router, offers, 4_000)
    parts = _times(router, offers, 4_000, paragraphs=8)
    long = _times(router, offers, 400_000)
    return [
        Figure(
            "CPU ms, 4k characters, p50", float(np.percentile(usual, 50)), None, 1, 0.5, lower_is_better=True
        ),
        Figure(
            "CPU ms, 4k characters, p99", float(np.percentile(usual, 99)), None, 3, 1.5, lower_is_better=True
        ),
        Figure(
            "CPU ms, 4k characters in 8 paragraphs, p50",
            float(np.percentile(parts, 50)),
            None,
            1,
            0.5,
            lower_is_better=True,
        ),
        Figure(
            "CPU ms, 400k characters, p99", float(np.percentile(long, 99)), None, 5, 2, lower_is_better=True
        ),
        Figure("load, ms", min(loading), None, 300, 100, lower_is_better=True),
        Figure("memory while loading, MB at most", memory, None, 50, 25, lower_is_better=True),
        Figure("weights in the package, MB", PACKED.stat().st_size / 1e6, None, 10, 5, lower_is_better=True),
    ]


def _times(
    router: AutoRouter, offers: Offers, size: int, calls: int = 400, paragraphs: int = 1
) -> list[float]:
    """CPU ms of calls with a prompt of so many characters, English prose with numbers, no two words alike for long."""
    words = [
        f"{word}{number % 97}" if number % 7 == 0 else word
        for number, word in enumerate(TEXT.split() * 25_000)
    ]
    text = " ".join(words)[:size]
    each = size // paragraphs
    text = "\n\n".join(text[first : first + each] for first in range(0, size, each))
    request = ChatRequest("openai_chat", "openrouter/auto", (Message("user", (Text(text),)),))
    asking = Asking(request, PromptSize(size, lambda: size // 4), offers)
    router(asking, "openrouter/auto", None)
    found = []
    for _ in range(calls):
        began = time.thread_time()
        router(asking, "openrouter/auto", None)
        found.append((time.thread_time() - began) * 1e3)
    return found
