"""A handful of made-up models as a tree of facts, for tests that must not depend on the real catalogue."""

from decimal import Decimal
from pathlib import Path

from waystation.catalog.generate.emit import emit, emit_lines, emit_models
from waystation.catalog.generate.lock import Locked
from waystation.catalog.index import LatestFamily
from waystation.catalog.pricing import Pricing
from waystation.catalog.provider_facts import ProviderFacts
from waystation.catalog.tree import About, Aliases, Profiles, TreeEndpoint, TreeModel

MADE = "2026-11-01"


def small_models(count: int = 12) -> list[TreeModel]:
    """`acme/m1` ... at `alpha` for $1 and $4 per million tokens, and at `beta` for half."""
    return [
        TreeModel(
            id=f"acme/m{number}",
            name=f"Acme: M{number}",
            canonical_slug=f"acme/m{number}-20260101",
            created=1767225600 + number,
            context_length=8192,
            endpoints=(
                _endpoint("alpha", f"m{number}", "0.000001", "0.000004"),
                _endpoint("beta", f"acme/M{number}", "0.0000005", "0.000002"),
            ),
        )
        for number in range(1, count + 1)
    ]


def write_small_tree(folder: Path, models: list[TreeModel] | None = None) -> Path:
    """The tree in `folder`, made on `MADE`; litellm is said to have had 24 rows."""
    rows = small_models() if models is None else models
    emit_models(rows, folder / "models")
    emit_lines([ProviderFacts("alpha", "Alpha"), ProviderFacts("beta", "Beta")], folder / "providers.json")
    aliases = Aliases(
        models={"acme/old-m1": "acme/m1"},
        authors={"acme-ai": "acme"},
        latest=(LatestFamily("~acme/m-latest", "acme", ()),),
        successors={"acme/m0": "acme/m1"},
    )
    emit(aliases, folder / "aliases.json")
    profile = ("max_tokens", "stop", "temperature", "top_p")
    abilities: dict[str, tuple[str, ...]] = {
        "tools": ("tool_choice", "tools"),
        "without_sampling": ("temperature", "top_p"),
    }
    emit(Profiles(providers={"default": profile}, abilities=abilities), folder / "param_profiles.json")
    emit(About(MADE, {"litellm": MADE}, {"litellm": 24}), folder / "about.json")
    emit({"litellm": {"alpha": "alpha", "beta": "beta"}}, folder / "sections.json")
    emit({row.id: Locked(MADE, (row.id.partition("/")[2],)) for row in rows}, folder / "slugs.lock.json")
    return folder


def _endpoint(provider: str, native_id: str, prompt: str, completion: str) -> TreeEndpoint:
    return TreeEndpoint(
        provider=provider,
        native_id=native_id,
        context_length=8192,
        max_completion_tokens=1024,
        abilities=("tools",),
        pricing=Pricing(prompt=Decimal(prompt), completion=Decimal(completion)),
    )
