"""Which files are read, how old their data is, and how much each is trusted. Adding a source is one row here."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from waystation.catalog.generate.claims import Claim
from waystation.catalog.generate.read_litellm import read_litellm
from waystation.catalog.generate.read_modelsdev import read_modelsdev
from waystation.catalog.generate.read_prices import (
    read_genai_prices,
    read_model_prices,
    read_pi_ai,
    read_portkey,
)

AS_OF = "2026-11-22"
"""The day the shared sources were measured: what is dated before it has happened."""


class Source(Struct, frozen=True):
    """One file. `weight_own` counts a price of a maker's own provider, `weight_host` one of somebody else's host."""

    name: str
    file: str
    date: str
    licence: str
    weight_own: int
    weight_host: int
    lists_hosts: bool


SOURCES = (
    Source(
        "models.dev@july",
        "modelsdev-20260702.json",
        "2026-07-02",
        "MIT (c) 2025 models.dev",
        1,
        1,
        lists_hosts=False,
    ),
    Source(
        "models.dev@august",
        "modelsdev-20260818.json",
        "2026-08-18",
        "MIT (c) 2025 models.dev",
        2,
        4,
        lists_hosts=True,
    ),
    Source("litellm", "litellm-1.109.1.json", "2026-11-01", "MIT", 4, 2, lists_hosts=True),
    Source(
        "genai-prices",
        "genai-prices-0.2.3.json",
        "2026-11-01",
        "MIT",
        4,
        2,
        lists_hosts=False,
    ),
    Source("model-prices", "model-prices-0.0.5.json", "2026-10-26", "MIT", 3, 3, lists_hosts=False),
    Source("pi-ai", "pi-ai-1.5.2.json", "2026-11-10", "MIT", 3, 5, lists_hosts=True),
    Source(
        "portkey", "portkey-20260821.json", "2026-08-21", "MIT (c) 2025 Portkey.ai", 1, 1, lists_hosts=False
    ),
)
BY_NAME = {source.name: source for source in SOURCES}


def read_all(source_dir: Path, as_of: str) -> Iterator[Claim]:
    """Every claim of every source, in the order of `SOURCES`."""
    for source in SOURCES:
        path = source_dir / source.file
        match source.name:
            case "models.dev@july":
                yield from read_modelsdev(path, source.name, thresholds_known=True)
            case "models.dev@august":
                yield from read_modelsdev(path, source.name, thresholds_known=False)
            case "litellm":
                yield from read_litellm(path, source.name)
            case "genai-prices":
                yield from read_genai_prices(path, source.name, as_of)
            case "model-prices":
                yield from read_model_prices(path, source.name)
            case "pi-ai":
                yield from read_pi_ai(path, source.name)
            case _:
                yield from read_portkey(path, source.name)
