"""Figures of cost: CPU time added to a request, time to load, memory, size. Thread time, so that neighbours do not count."""

import time
import tracemalloc

import numpy as np
from figures import Figure

from waystation.routing.auto.reading import read
from waystation.routing.auto.weights import PACKED, load

TEXT = "Please compare the two offers below, say which is cheaper over 3 years, and explain the {difference} (in euros).\n"


def figures() -> list[Figure]:
    """CPU time in ms of reading a prompt, time to load in ms, memory and package size in MB."""
    loading = []
    for _ in range(5):
        began = time.thread_time()
        weights = load()
        loading.append((time.thread_time() - began) * 1e3)
    tracemalloc.start()
    weights = load()
    memory = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    usual = _times(lambda: read((TEXT * 60)[:4000], weights))
    long = _times(lambda: read((TEXT * 5000)[:400_000], weights))
    return [
        Figure(
            "CPU ms, 4k characters, p50", float(np.percentile(usual, 50)), None, 1, 0.5, lower_is_better=True
        ),
        Figure(
            "CPU ms, 4k characters, p99", float(np.percentile(usual, 99)), None, 3, 1.5, lower_is_better=True
        ),
        Figure(
            "CPU ms, 400k characters, p99", float(np.percentile(long, 99)), None, 5, 2, lower_is_better=True
        ),
        Figure("load, ms", min(loading), None, 300, 100, lower_is_better=True),
        Figure("memory while loading, MB at most", memory, None, 50, 25, lower_is_better=True),
        Figure("weights in the package, MB", PACKED.stat().st_size / 1e6, None, 10, 5, lower_is_better=True),
    ]


def _times(call: object, calls: int = 400) -> list[float]:
    found = []
    for _ in range(calls):
        began = time.thread_time()
        call()
        found.append((time.thread_time() - began) * 1e3)
    return found
