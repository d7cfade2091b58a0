"""The catalogue as one immutable object with every lookup prepared. Swapped whole on refresh; reads no file."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.model import Model
from waystation.catalog.provider_facts import ProviderFacts

_VERSION = re.compile(r"[a-z]?\d{1,2}(\.\d{1,2})?|preview")


class Resolution(Struct, frozen=True):
    """A slug found: the concrete model and how; `strategy` is `direct` or `alias` (contract 19)."""

    model: Model
    strategy: str


class LatestFamily(Struct, frozen=True, forbid_unknown_fields=True):
    """What `~author/family-latest` ranges over: the author's names made of these words and version numbers alone.

    So `fast`, `mini`, `pro` and dated editions are out unless the family's own name has the word; previews count.
    """

    alias: str
    author: str
    words: tuple[str, ...]


class Catalog:
    """Models in order of id, providers by slug, and the ways to find them. Never changes after construction."""

    def __init__(
        self,
        models: Iterable[Model] = (),
        providers: Iterable[ProviderFacts] = (),
        *,
        aliases: Mapping[str, str] | None = None,
        author_aliases: Mapping[str, str] | None = None,
        latest: Iterable[LatestFamily] = (),
        successors: Mapping[str, str] | None = None,
        generated_at: str = "",
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.models = tuple(sorted(models, key=lambda model: model.id))
        self.providers = {facts.slug: facts for facts in providers}
        self.generated_at = generated_at
        self.sources = dict(sources or {})
        self.aliases = dict(aliases or {})
        self.author_aliases = dict(author_aliases or {})
        self.successors = dict(successors or {})
        self.families = {family.alias: family for family in latest}
        self._by_id = {model.id: model for model in self.models}
        self._folded = {model.id.lower(): model for model in self.models}
        self._canonical = {model.canonical_slug.lower(): model for model in self.models}
        self._bare = _bare_names(self.models, self.aliases)
        self._native: dict[tuple[str, str], Endpoint] = {}
        for model in self.models:
            for endpoint in model.endpoints:
                self._native.setdefault((endpoint.provider, endpoint.native_id), endpoint)

    def get(self, model_id: str) -> Model | None:
        """The model of exactly this id."""
        return self._by_id.get(model_id)

    def resolve(self, slug: str) -> Resolution | None:
        """The model meant by an id, canonical slug, old name or other word order, in any case of letters.

        Static variants (`:free`) are rows, so they resolve here; dynamic ones (`:nitro`) are peeled by the caller.
        """
        model = self._by_id.get(slug)
        if model is not None:
            return Resolution(model, "direct")
        folded = slug.strip().lower()
        model = self._folded.get(folded) or self._canonical.get(folded)
        if model is not None:
            return Resolution(model, "direct")
        model = self._aliased(folded)
        return Resolution(model, "alias") if model is not None else None

    def latest(self, alias: str, servable: Callable[[Model], bool] | None = None) -> Model | None:
        """The newest model of `~author/family-latest` (the tilde may be missing) that `servable` accepts."""
        family = self.families.get("~" + alias.removeprefix("~").lower())
        if family is None:
            return None
        members = [
            model
            for model in self.models
            if _belongs(model, family) and (servable is None or servable(model))
        ]
        dated = max(members, key=lambda model: (model.created or 0, model.id), default=None)
        highest = max(members, key=lambda model: _versions(model.id), default=None)
        return highest if highest is not None and highest.created is None else dated

    def close_matches(self, slug: str, n: int = 3) -> tuple[str, ...]:
        """Up to `n` ids that look like a slug that was not found, best first."""
        folded = slug.strip().lower()
        author, _, name = folded.rpartition("/")
        same_author = [known for known in self._folded if known.startswith(author + "/")] if author else []
        found = difflib.get_close_matches(folded, same_author, n, 0.6) if same_author else []
        if len(found) < n:
            names: dict[str, list[str]] = {}
            for known in self._folded:
                names.setdefault(known.rpartition("/")[2], []).append(known)
            for match in difflib.get_close_matches(name, names, n, 0.6):
                found += [known for known in names[match] if known not in found]
        return tuple(self._folded[known].id for known in found[:n])

    def bare_name(self, name: str) -> str | None:
        """The id meant by a name without its author, `gpt-4o` is `openai/gpt-4o`; None where authors share the name."""
        return self._bare.get(name.strip().lower())

    def successor(self, slug: str) -> str | None:
        """What to use instead of a model that is no longer served, where it is known."""
        return self.successors.get(slug.strip().lower())

    def by_native(self, provider: str, native_id: str) -> Endpoint | None:
        """The endpoint that a provider calls `native_id`."""
        return self._native.get((provider, native_id))

    def _aliased(self, folded: str) -> Model | None:
        target = self.aliases.get(folded)
        if target is not None:
            return self._by_id.get(target)
        base, colon, variant = folded.partition(":")
        if colon and base in self.aliases:
            return self._by_id.get(f"{self.aliases[base]}:{variant}")
        author, _, name = folded.partition("/")
        if self.author_aliases.get(author, author) != author:
            found = self.resolve(f"{self.author_aliases[author]}/{name}")
            return found.model if found is not None else None
        return None


def _belongs(model: Model, family: LatestFamily) -> bool:
    author, _, name = model.id.partition("/")
    if author != family.author or ":" in name:
        return False
    words = name.split("-")
    return all(word in words for word in family.words) and all(
        _VERSION.fullmatch(word) for word in words if word not in family.words
    )


def _versions(model_id: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", model_id))


def _bare_names(models: Iterable[Model], aliases: Mapping[str, str]) -> dict[str, str]:
    owners: dict[str, set[str]] = {}
    for model in models:
        owners.setdefault(model.id.partition("/")[2].lower(), set()).add(model.id)
    named = {name: next(iter(ids)) for name, ids in owners.items() if len(ids) == 1}
    older: dict[str, set[str]] = {}
    for alias, target in aliases.items():
        older.setdefault(alias.partition("/")[2], set()).add(target)
    return {
        name: next(iter(ids)) for name, ids in older.items() if len(ids) == 1 and name not in owners
    } | named
