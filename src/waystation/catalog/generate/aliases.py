"""Every other name a model is known by: old slugs, word orders, dots for dashes, dated ids. Ambiguous ones are dropped."""

import re
from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from waystation.catalog.generate.claims import Claim
from waystation.catalog.generate.keys import spell
from waystation.catalog.generate.maps import SLUG_SECTIONS, Maps
from waystation.catalog.generate.names import SlugBook
from waystation.catalog.index import LatestFamily
from waystation.catalog.tree import TreeModel

_GATEWAYS = frozenset(
    {
        "vercel",
        "fastrouter",
        "orcarouter",
        "zenmux",
        "merge-gateway",
        "requesty",
        "jiekou",
        "helicone",
        "cortecs",
    }
)
_CLAUDE = re.compile(r"^claude-([a-z]+)-(\d+(?:\.\d+)?)$")
_OLD_CLAUDE = re.compile(r"^claude-(\d+(?:\.\d+)?)-([a-z]+)$")
_OF_A_HOST = re.compile(r"-(instant|versatile|tee|maas|fp8|lora|hf)$")
"""Endings that say how a host serves a model; as a name of the model itself they would mislead."""

_HAND = {
    "google/gemini-pro-1.5": "google/gemini-1.5-pro",
    "google/gemini-flash-1.5": "google/gemini-1.5-flash",
    "openai/chatgpt-4o": "openai/chatgpt-4o-latest",
}


class Aliased(Struct):
    """Aliases without conflict, and the names that meant several models."""

    models: dict[str, str]
    conflicts: dict[str, list[str]]


def aliases_of(models: Iterable[TreeModel], claims: Iterable[Claim], book: SlugBook, maps: Maps) -> Aliased:
    """All aliases: an alias never is a living id or canonical slug, and never means two models."""
    rows = {model.id: model for model in models}
    taken = set(rows) | {model.canonical_slug for model in rows.values() if model.canonical_slug}
    meant: dict[str, set[str]] = defaultdict(set)
    for model_id in rows:
        for name in _spellings(model_id):
            meant[name].add(model_id)
    for claim in claims:
        slug = _slug_meant(claim, book, maps)
        if slug is None or slug not in rows:
            continue
        author = slug.partition("/")[0]
        word = claim.native_id.lower().rpartition("/")[2]
        if re.fullmatch(r"[a-z0-9][a-z0-9.\-_]*", word) and not _OF_A_HOST.search(word):
            meant[f"{author}/{word}"].add(slug)
    for name, target in _HAND.items():
        if target in rows:
            meant[name] = {target}
    told = {name: targets for name, targets in meant.items() if name not in taken}
    return Aliased(
        models={name: next(iter(targets)) for name, targets in sorted(told.items()) if len(targets) == 1},
        conflicts={name: sorted(targets) for name, targets in sorted(told.items()) if len(targets) > 1},
    )


def families_of(claims: Iterable[Claim], models: Iterable[TreeModel]) -> tuple[LatestFamily, ...]:
    """`~author/family-latest` as the slug lists publish them, each with the words that mark a special edition."""
    authors = {model.id.partition("/")[0] for model in models}
    found = {
        claim.native_id.lower()
        for claim in claims
        if claim.section in SLUG_SECTIONS
        and claim.native_id.startswith("~")
        and claim.native_id.endswith("-latest")
    }
    families = []
    for alias in sorted(found):
        author, _, name = alias.removeprefix("~").partition("/")
        words = tuple(name.removesuffix("-latest").split("-"))
        if author in authors:
            families.append(LatestFamily(alias=alias, author=author, words=words))
    return tuple(families)


def _slug_meant(claim: Claim, book: SlugBook, maps: Maps) -> str | None:
    """The slug of a claim whose id may serve as another name: of the maker itself, or of a gateway that writes slugs."""
    provider = maps.provider(claim.source, claim.section)
    if claim.section in SLUG_SECTIONS or ":" in claim.native_id or "@" in claim.native_id:
        return None
    if provider is None and claim.section not in _GATEWAYS:
        return None
    known = book.key_slugs()
    spelling = spell(claim.native_id)
    forms = (maps.key_aliases.get(form, form) for form in spelling.forms)
    slug = next((known[form] for form in forms if form in known), None)
    if slug is None or (provider is not None and maps.own_provider.get(slug.partition("/")[0]) != provider):
        return None
    own_author = (
        provider is not None or maps.author_aliases.get(spelling.org, spelling.org) == slug.partition("/")[0]
    )
    return slug if own_author and not (spelling.speed and spelling.forms[0] not in known) else None


def _spellings(model_id: str) -> set[str]:
    """The same id with dashes for dots and, for Claude, the version before or after the family."""
    author, _, name = model_id.partition("/")
    base, colon, variant = name.partition(":")
    names = {base.replace(".", "-")}
    if found := _CLAUDE.match(base):
        names |= {f"claude-{found[2]}-{found[1]}", f"claude-{found[2]}-{found[1]}".replace(".", "-")}
        names |= {f"claude-{found[1]}-{found[2]}-latest".replace(".", "-")}
    if found := _OLD_CLAUDE.match(base):
        names |= {f"claude-{found[2]}-{found[1]}", f"claude-{found[2]}-{found[1]}".replace(".", "-")}
        names |= {f"claude-{found[1]}-{found[2]}-latest".replace(".", "-")}
    return {f"{author}/{name}{colon}{variant}" for name in names} - {model_id}


def successors_of(listed: Iterable[str], models: Iterable[TreeModel]) -> dict[str, str]:
    """For slugs once listed and no longer served: the newest model of the same author whose name has the same words."""
    newest: dict[tuple[str, frozenset[str]], TreeModel] = {}
    living = set()
    for model in sorted(models, key=lambda model: (model.created or 0, model.id)):
        living.add(model.id)
        if ":" not in model.id:
            newest[_skeleton(model.id)] = model
    gone = ((slug, newest.get(_skeleton(slug))) for slug in sorted(listed) if slug not in living)
    return {slug: model.id for slug, model in gone if model is not None}


def _skeleton(slug: str) -> tuple[str, frozenset[str]]:
    author, _, name = slug.partition("/")
    words = {word for word in re.split(r"[-.]", name) if not re.search(r"\d", word)}
    return author, frozenset(words - {"preview", "latest", "beta", "exp", "it", "instruct"})
